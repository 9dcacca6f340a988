/** The arrays of one weight as one stream of bytes: each in the way that takes the fewest. */
import type { RawTensor } from '@espalier/nn';
import { dtypes, sizeOf, type DType } from '@espalier/tensor';
import { ByteWriter, type ByteReader } from './bytes.ts';
import { checksum } from './checksum.ts';
import { readPlaces, writePlaces } from './gaps.ts';
import { placeForms, type PlaceForm } from './place-forms.ts';
import { checkedReader, SymbolReader, writeSymbols } from './symbols.ts';

/** Arrays by the ending that is added to the parameter's name. */
type Arrays = ReadonlyMap<string, RawTensor>;

/** Codes that are packed into bytes, the lowest bit first: rows that begin with a byte of their own. */
export interface PackedCodes {
  readonly bits: number;
  readonly rows: number;
  /** Codes of a row. */
  readonly count: number;
}

/** What is known of arrays besides their bytes. */
export interface ArrayMeaning {
  /** The columns of the matrix. */
  readonly columns: number;
  /** Which arrays hold codes of fewer than 8 bits. */
  readonly codes: ReadonlyMap<string, PackedCodes>;
}

/** What arrays may take that a stream stands for. */
export interface ArrayBounds {
  /** Bytes of all of them. */
  readonly bytes: number;
  /** Elements of the matrix. */
  readonly elements: number;
}

/** Sections of a stream: what stands behind the byte that tells them apart. */
const Section = { plain: 0, planes: 1, codes: 2, places: 3 } as const;

const order: readonly DType[] = Object.keys(dtypes) as DType[];

/** The arrays as a stream, which `decodeArrays` reads. */
export function encodeArrays(arrays: Arrays, { columns, codes }: ArrayMeaning): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  const left = new Map(arrays);
  const form = placeForms.findIndex(({ endings }) => endings.every((ending) => arrays.has(ending)));
  const places = form < 0 ? undefined : placeSection(form, arrays, columns);
  if (places) {
    for (const ending of (placeForms[form] as PlaceForm).endings) left.delete(ending);
    to.block(places);
  }
  for (const [ending, array] of left) {
    const known = codes.get(ending);
    const sections = [plainSection(ending, array), planeSection(ending, array)];
    const coded = known && codeSection(ending, array, known);
    if (coded) sections.push(coded);
    to.block(sections.reduce((best, other) => (other.length < best.length ? other : best)));
  }
  const stream = to.whole();
  return new ByteWriter().block(stream).block(checksum(stream)).whole();
}

/**
 * The arrays that a stream stands for.
 * @throws {FormatError} naming `source` and the place, for a stream that is cut or changed, and for arrays out of bounds.
 */
export function decodeArrays(
  source: string,
  stream: Uint8Array,
  { bytes, elements }: ArrayBounds,
): Map<string, RawTensor> {
  const reader = checkedReader(source, stream);
  const arrays = new Map<string, RawTensor>();
  let room = bytes;
  while (reader.left > 0) {
    const kind = reader.byte();
    const read = sectionReaders[kind];
    if (!read) return reader.refuse(`${kind} is no kind of section`);
    for (const [ending, array] of read(reader, room, elements)) {
      if (arrays.has(ending)) reader.refuse(`the array ${JSON.stringify(ending)} is there twice`);
      arrays.set(ending, array);
      room -= array.bytes.length;
    }
  }
  return arrays;
}

type SectionReader = (
  reader: ByteReader,
  room: number,
  elements: number,
) => Iterable<readonly [ending: string, array: RawTensor]>;

const sectionReaders: Readonly<Record<number, SectionReader>> = {
  [Section.plain]: (reader, room) => {
    const { ending, dtype, shape, size } = readHead(reader, room);
    return [[ending, { dtype, shape, bytes: new Uint8Array(payload(reader).block(size)) }]];
  },
  [Section.planes]: (reader, room) => {
    const { ending, dtype, shape, size } = readHead(reader, room);
    const step = dtypes[dtype].bytes;
    const bytes = new Uint8Array(size);
    const inner = payload(reader);
    for (let plane = 0; plane < step; plane++) {
      const own = payload(inner);
      const symbols = own.byte() === 1 ? new SymbolReader(own) : undefined;
      for (let at = plane; at < size; at += step) bytes[at] = symbols ? symbols.next() : own.byte();
      if (symbols) symbols.end();
      else own.end();
    }
    inner.end();
    return [[ending, { dtype, shape, bytes }]];
  },
  [Section.codes]: (reader, room) => {
    const { ending, dtype, shape, size } = readHead(reader, room);
    const bits = reader.count('bits', 7);
    const rows = reader.count('rows', 2 ** 32);
    const count = reader.count('codes', 2 ** 32);
    if (bits < 1 || rows * Math.ceil((count * bits) / 8) !== size)
      reader.refuse(`${rows} rows of ${count} codes of ${bits} bits are not ${size} bytes`);
    const inner = payload(reader);
    const symbols = new SymbolReader(inner);
    const bytes = packedRows({ bits, rows, count }, () => {
      const symbol = symbols.next();
      if (symbol >= 2 ** bits) inner.refuse(`${symbol} is no code of ${bits} bits`);
      return symbol;
    });
    symbols.end();
    return [[ending, { dtype, shape, bytes }]];
  },
  [Section.places]: (reader, _room, elements) => {
    const number = reader.byte();
    const form = placeForms[number];
    if (!form) return reader.refuse(`${number} is no way to say where entries are`);
    const rows = reader.count('rows', elements);
    const columns = reader.count('columns', elements);
    if (rows * columns !== elements) reader.refuse(`${rows} × ${columns} is no matrix of ${elements} weights`);
    const count = reader.count('entries', elements);
    const places: number[] = [];
    readPlaces(payload(reader), { count, total: elements }, (place) => places.push(place));
    return form.write({ rows, columns, places }).map((array, at) => [form.endings[at] as string, array] as const);
  },
};

function plainSection(ending: string, array: RawTensor): Uint8Array {
  const to = head(Section.plain, ending, array);
  return withPayload(to, array.bytes);
}

/** Bytes of equal place in their elements are symbols of one stream each. */
function planeSection(ending: string, array: RawTensor): Uint8Array {
  const step = dtypes[array.dtype].bytes;
  const inner = new ByteWriter();
  for (let plane = 0; plane < step; plane++) {
    const own = array.bytes.filter((_, index) => index % step === plane);
    const coded = new ByteWriter().byte(1);
    writeSymbols(coded, own);
    const plain = new ByteWriter().byte(0).block(own).whole();
    const whole = coded.whole();
    withPayload(inner, whole.length < plain.length ? whole : plain);
  }
  return withPayload(head(Section.planes, ending, array), inner.whole());
}

/** Undefined for bytes that are not those of the codes alone. */
function codeSection(ending: string, array: RawTensor, codes: PackedCodes): Uint8Array | undefined {
  const symbols = unpackedRows(array.bytes, codes);
  let next = 0;
  if (
    !sameBytes(
      packedRows(codes, () => symbols[next++] as number),
      array.bytes,
    )
  )
    return undefined;
  const inner = new ByteWriter();
  writeSymbols(inner, symbols);
  const to = head(Section.codes, ending, array).count(codes.bits).count(codes.rows).count(codes.count);
  return withPayload(to, inner.whole());
}

/** Undefined for arrays that are not those of the places alone. */
function placeSection(number: number, arrays: Arrays, columns: number): Uint8Array | undefined {
  const form = placeForms[number] as PlaceForm;
  const own = form.endings.map((ending) => arrays.get(ending) as RawTensor);
  const places = form.read(own, columns);
  const isSame = form.write(places).every((array, at) => sameArray(array, own[at] as RawTensor));
  if (!isSame) return undefined;
  const inner = new ByteWriter();
  writePlaces(inner, places.places);
  const to = new ByteWriter().byte(Section.places).byte(number);
  to.count(places.rows).count(columns).count(places.places.length);
  return withPayload(to, inner.whole());
}

function head(kind: number, ending: string, { dtype, shape }: RawTensor): ByteWriter {
  const to = new ByteWriter().byte(kind).count(ending.length);
  for (let at = 0; at < ending.length; at++) to.count(ending.charCodeAt(at));
  to.byte(order.indexOf(dtype)).count(shape.length);
  for (const size of shape) to.count(size);
  return to;
}

function readHead(
  reader: ByteReader,
  room: number,
): Pick<RawTensor, 'dtype' | 'shape'> & { readonly ending: string; readonly size: number } {
  const letters = Array.from({ length: reader.count('letters', 255) }, () => reader.count('a letter', 65_535));
  const number = reader.byte();
  const dtype = order[number];
  if (!dtype) return reader.refuse(`${number} is no dtype`);
  const shape = Array.from({ length: reader.count('axes', 8) }, () => reader.count('sizes', 2 ** 40));
  const size = sizeOf(shape) * dtypes[dtype].bytes;
  if (size > room) reader.refuse(`an array of ${size} bytes is more than the weight has room for, ${room}`);
  return { ending: String.fromCharCode(...letters), dtype, shape, size };
}

const withPayload = (to: ByteWriter, bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  to.count(bytes.length).block(bytes).whole();

const payload = (reader: ByteReader): ByteReader => reader.inner(reader.count('bytes', reader.left));

function packedRows({ bits, rows, count }: PackedCodes, next: () => number): Uint8Array<ArrayBuffer> {
  const rowBytes = Math.ceil((count * bits) / 8);
  const bytes = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++)
    for (let index = 0, bit = row * rowBytes * 8; index < count; index++, bit += bits) {
      const [at, shift] = [Math.floor(bit / 8), bit % 8];
      const placed = next() << shift;
      bytes[at] = (bytes[at] as number) | (placed & 255);
      if (shift + bits > 8) bytes[at + 1] = (bytes[at + 1] as number) | (placed >> 8);
    }
  return bytes;
}

function unpackedRows(bytes: Uint8Array, { bits, rows, count }: PackedCodes): Uint8Array {
  const rowBytes = Math.ceil((count * bits) / 8);
  const symbols = new Uint8Array(rows * count);
  for (let row = 0, at = 0; row < rows; row++)
    for (let index = 0, bit = row * rowBytes * 8; index < count; index++, bit += bits) {
      const byte = Math.floor(bit / 8);
      const two = (bytes[byte] as number) | ((bytes[byte + 1] ?? 0) << 8);
      symbols[at++] = (two >> (bit % 8)) & (2 ** bits - 1);
    }
  return symbols;
}

const sameArray = (one: RawTensor, other: RawTensor): boolean =>
  one.dtype === other.dtype && one.shape.join() === other.shape.join() && sameBytes(one.bytes, other.bytes);

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
