/**
 * Pages of flat Parquet columns. Headers, plain values and the meaning of types are hyparquet's; counts and runs are read here, since there
 * they are believed, and one damaged byte takes all memory. Source: "Parquet format", Apache Parquet.
 */
import type { ColumnDecoder, DecodedArray, PageHeader, ParquetType } from 'hyparquet/src/types.js';
import { FormatError } from '@espalier/nn';
import { readDeltas, readRuns } from './bit-runs.ts';
import { RangeReader } from './range-reader.ts';

/** The functions of hyparquet that a page needs. */
export interface Library {
  readonly readPlain: (
    reader: { view: DataView; offset: number },
    type: ParquetType,
    count: number,
    length: number | undefined,
  ) => DecodedArray;
  readonly byteStreamSplit: (
    reader: { view: DataView; offset: number },
    count: number,
    type: ParquetType,
    length: number | undefined,
  ) => DecodedArray;
  readonly convert: (data: DecodedArray, decoder: ColumnDecoder) => DecodedArray;
}

/** Unpacks bytes by the codec of the column. */
export type Unpack = (bytes: Uint8Array, length: number) => Uint8Array;

/** What a column is read by. */
export interface PageContext {
  readonly source: string;
  readonly library: Library;
  readonly decoder: ColumnDecoder;
  readonly unpack: Unpack;
  /** Whether a value may be missing. */
  readonly isNullable: boolean;
}

/** Bytes that a plain value takes at least; of truth values an eighth. */
const plainBytes: Readonly<Record<string, number>> = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
};

function refuse({ source, decoder }: PageContext, problem: string): never {
  throw new FormatError(source, 0, `its column '${decoder.element.name}' ${problem}`);
}

const viewOf = (bytes: Uint8Array): { view: DataView; offset: number } => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});

/** @throws {FormatError} for more values than the bytes hold. */
function checkPlain(context: PageContext, bytes: Uint8Array, count: number): void {
  const { type, element } = context.decoder;
  const each = type === 'FIXED_LEN_BYTE_ARRAY' ? (element.type_length ?? 0) : (plainBytes[type ?? ''] ?? 0);
  if (!(each > 0) || Math.ceil(count * each) > bytes.length)
    refuse(context, `says that ${bytes.length} bytes are ${count} plain values`);
}

/** Texts by their lengths: each with what it shares with the one before, of `DELTA_BYTE_ARRAY`. */
function deltaTexts(reader: RangeReader, count: number, hasPrefixes: boolean): Uint8Array[] {
  const prefixes = hasPrefixes ? readDeltas(reader, count, 32) : undefined;
  const lengths = readDeltas(reader, count, 32);
  const texts: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const [prefix, length] = [Number(prefixes?.[index] ?? 0), Number(lengths[index])];
    const before = texts[index - 1] ?? new Uint8Array(0);
    if (length < 0 || prefix < 0 || prefix > before.length)
      reader.refuse(`has a text of ${prefix} and ${length} bytes`);
    const rest = reader.bytes(length);
    const text = new Uint8Array(prefix + length);
    text.set(before.subarray(0, prefix));
    text.set(rest, prefix);
    texts.push(text);
  }
  return texts;
}

/** Values by their places, which are made when they are asked for. */
interface Values {
  readonly length: number;
  readonly at: (place: number) => unknown;
}

const valuesIn = (values: DecodedArray): Values => ({ length: values.length, at: (place) => values[place] as unknown });

/** Is given one value after another, null for one that is missing. */
type Take = (value: unknown) => void;

/** The values of a page that are there. */
function valuesOf(
  context: PageContext,
  bytes: Uint8Array,
  count: number,
  encoding: string,
  dictionary: DecodedArray | undefined,
): Values {
  const { library, decoder, source } = context;
  const { type, element } = decoder;
  const reader = new RangeReader(source, bytes);
  if (type === undefined) return refuse(context, 'is no column of values');
  if (encoding === 'PLAIN' || encoding === 'BYTE_STREAM_SPLIT') {
    checkPlain(context, bytes, count);
    const values =
      encoding === 'PLAIN'
        ? library.readPlain(viewOf(bytes), type, count, element.type_length)
        : library.byteStreamSplit(viewOf(bytes), count, type, element.type_length);
    return valuesIn(library.convert(values, decoder));
  }
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    if (count === 0) return { length: 0, at: () => null };
    const indices = readRuns(reader, reader.byte(), count);
    const wrong = indices.find((index) => index < 0 || index >= (dictionary?.length ?? 0));
    if (wrong !== undefined) refuse(context, `names value ${wrong} of a dictionary of ${dictionary?.length ?? 0}`);
    return { length: count, at: (place) => dictionary?.[indices[place] as number] as unknown };
  }
  if (encoding === 'RLE' && type === 'BOOLEAN') {
    reader.u32();
    const bits = readRuns(reader, 1, count);
    return { length: count, at: (place) => bits[place] === 1 };
  }
  if (encoding === 'DELTA_BINARY_PACKED' && (type === 'INT32' || type === 'INT64')) {
    const values = readDeltas(reader, count, type === 'INT32' ? 32 : 64);
    return valuesIn(
      library.convert(type === 'INT32' ? Int32Array.from(values, Number) : BigInt64Array.from(values), decoder),
    );
  }
  if ((encoding === 'DELTA_LENGTH_BYTE_ARRAY' || encoding === 'DELTA_BYTE_ARRAY') && type.endsWith('BYTE_ARRAY'))
    return valuesIn(library.convert(deltaTexts(reader, count, encoding === 'DELTA_BYTE_ARRAY'), decoder));
  return refuse(context, `is encoded as ${encoding} of ${type}, which is not read`);
}

/** Takes values, and null for those that are missing, where `present` is 1 for each that is there. */
function spread(values: Values, present: Int32Array | undefined, take: Take): void {
  if (!present) {
    for (let place = 0; place < values.length; place++) take(values.at(place));
    return;
  }
  let next = 0;
  for (const there of present) take(there === 1 ? values.at(next++) : null);
}

/** The dictionary of a page that is one. */
export function readDictionary(context: PageContext, header: PageHeader, packed: Uint8Array): DecodedArray {
  const { library, decoder, unpack } = context;
  const count = header.dictionary_page_header?.num_values ?? -1;
  const bytes = unpack(packed, header.uncompressed_page_size);
  if (count < 0 || decoder.type === undefined) refuse(context, `has a dictionary of ${count} values`);
  checkPlain(context, bytes, count);
  return library.convert(library.readPlain(viewOf(bytes), decoder.type, count, decoder.element.type_length), decoder);
}

/** So many values as a page says it has, which are no more than are left of the column. */
function countOf(context: PageContext, count: number | undefined, left: number): number {
  if (Number.isInteger(count) && (count as number) >= 0 && (count as number) <= left) return count as number;
  return refuse(context, `has a page of ${count} values where ${left} are left`);
}

/** Takes the values of a data page, null where one is missing. Gives how many there are. */
export function readDataPage(
  context: PageContext,
  header: PageHeader,
  packed: Uint8Array,
  left: number,
  dictionary: DecodedArray | undefined,
  take: Take,
): number {
  const { data_page_header: first, data_page_header_v2: second } = header;
  if (second) {
    const count = countOf(context, second.num_values, left);
    const reader = new RangeReader(context.source, packed);
    if (second.repetition_levels_byte_length !== 0) refuse(context, 'has lists, which no table holds');
    const levels = reader.bytes(second.definition_levels_byte_length);
    const present = context.isNullable ? readRuns(new RangeReader(context.source, levels), 1, count) : undefined;
    const rest = reader.bytes(reader.left);
    const length = header.uncompressed_page_size - levels.length;
    const bytes = second.is_compressed === false || length === 0 ? rest : context.unpack(rest, length);
    spread(valuesOf(context, bytes, numberOf(present, count), second.encoding, dictionary), present, take);
    return count;
  }
  const count = countOf(context, first?.num_values, left);
  const bytes = context.unpack(packed, header.uncompressed_page_size);
  const reader = new RangeReader(context.source, bytes);
  let present: Int32Array | undefined;
  if (context.isNullable) present = readRuns(new RangeReader(context.source, reader.bytes(reader.u32())), 1, count);
  spread(
    valuesOf(context, bytes.subarray(reader.at), numberOf(present, count), String(first?.encoding), dictionary),
    present,
    take,
  );
  return count;
}

/** How many values are there. */
function numberOf(present: Int32Array | undefined, count: number): number {
  return present ? present.reduce((sum, there) => sum + there, 0) : count;
}
