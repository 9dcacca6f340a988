/** How a CSV file is written: delimiter, header, names of columns; found in its first records, or told. */
import { FormatError } from '@espalier/nn';
import type { ByteSource } from '@espalier/nn/format';
import {
  aBoolean,
  aPositiveInteger,
  aText,
  checkOptions,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { DataError } from '../../errors.ts';
import type { ColumnType } from '../column.ts';
import { readNumber, readText } from './fields.ts';
import { isHeader, unnamed, type SampledField } from './header.ts';
import { MissingFields, missingWords } from './missing.ts';
import { CsvScanner, longestRecord, type RecordSink, type Records } from './scanner.ts';

/** What is known of a column before it is read: that it is one of texts, or only its name. */
export type KnownColumn = 'text' | 'any';

/** What can be told of a CSV file; the rest is found out. */
export interface CsvOptions {
  /** One ASCII character between fields. Default: of `,`, tab, `;` and `|` the one that cuts the first records into most fields, all alike. */
  readonly delimiter?: string;
  /**
   * Whether the first record has the names. Default: if one of `known` is in it, else by how its fields differ from those below them (a
   * text above numbers is a name, one that stands there again is a value), else if none of them is a number. Columns without a name
   * are `column 1` and so on.
   */
  readonly header?: boolean;
  /**
   * Columns that are known to be there, such as that of what is to be learnt: a first record with one of the names is the header, and where
   * all are like `column 3` there is none. One that is `text` stays text, if it is there, whatever its values look like.
   */
  readonly known?: Readonly<Record<string, KnownColumn>>;
  /** What columns are, by name. Default: numbers or truth values where all are, else text; texts of digits (`007`) stay text. */
  readonly types?: Readonly<Record<string, ColumnType>>;
  /** What stands for a missing value. Default: nothing, `NA`, `NaN`, `null`, `None` and the like. */
  readonly missing?: readonly string[];
  /** The columns that are read. Default: all. */
  readonly columns?: readonly string[];
  /** Bytes that are read at once. Default: 1 MiB. */
  readonly pieceBytes?: number;
}

const aColumnType = oneOf('number', 'text', 'boolean');
const aKnownColumn = oneOf('text', 'any');

const csvRules: OptionRules<CsvOptions> = {
  delimiter: ruleOf(
    'one ASCII character that is no quote and no line end',
    (value) => typeof value === 'string' && /^[\0-\x7f]$/.test(value) && !/["\n\r]/.test(value),
  ),
  header: aBoolean,
  known: ruleOf(
    "what is known of columns by their names, such as { zip: 'text', price: 'any' }",
    (value) => Object(value) === value && Object.values(value as object).every(aKnownColumn.holds),
  ),
  types: ruleOf(
    "types by column, such as { price: 'number' }; there are number, text and boolean",
    (value) => Object(value) === value && Object.values(value as object).every(aColumnType.holds),
  ),
  missing: listOf(aText),
  columns: listOf(aText),
  pieceBytes: aPositiveInteger,
};

/** How a file is written, and where its rows begin. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly header: boolean;
  readonly names: readonly string[];
  /** The offset of the first row. */
  readonly start: number;
}

/** Bytes that are looked at; more only if no record ends within them. */
const sampleBytes = 1 << 18;
/** Records that a delimiter is judged by. */
const sampleRecords = 200;
/** Records that a header is told by. */
const headerRecords = 50;
const candidates = [',', '\t', ';', '|'] as const;

const marks: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
];

interface Sample {
  readonly source: string;
  readonly bytes: Uint8Array;
  /** Where text begins, behind a byte order mark. */
  readonly start: number;
  readonly isWhole: boolean;
  /** Bytes of all of it. */
  readonly size: number;
}

/** @throws {FormatError} for text in another encoding. */
async function sampleOf(source: ByteSource, length: number): Promise<Sample> {
  const bytes = await source.read(0, Math.min(length, source.size));
  const foreign = marks.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte));
  if (foreign) throw new FormatError(source.name, 0, `begins as ${foreign[0]} does; save it in UTF-8`);
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return {
    source: source.name,
    bytes,
    start: hasMark ? 3 : 0,
    isWhole: bytes.length === source.size,
    size: source.size,
  };
}

/** Columns that any file may have, and bytes that a file has for each more: a column takes hundreds of them, a comma takes one. */
const [freeColumns, bytesPerColumn] = [1 << 14, 100];

/** @throws {FormatError} for more columns than a file of its size has. */
function checkWidth(source: string, width: number, size: number): void {
  if (width > freeColumns + size / bytesPerColumn)
    throw new FormatError(source, 0, `the first record has ${width} fields, of ${size} bytes in all; is this CSV?`);
}

/** Records from the start of a sample, at most so many: their width, and the first one; undefined where they differ. */
function look(
  sample: Sample,
  delimiter: string,
  most: number,
  sink: RecordSink = () => {},
): { readonly width: number; readonly end: number; readonly first: Records } | undefined {
  const { bytes, start, isWhole, size } = sample;
  let first: Records | undefined;
  const scanner = new CsvScanner(delimiter.charCodeAt(0), 0, 0, (records) => {
    checkWidth(sample.source, records.width, size);
    first ??= records;
    sink(records);
  });
  const place = { source: sample.source, offset: 0, isLast: isWhole };
  let end = 0;
  let at = start;
  for (let record = 0; record < most; record++) {
    while (bytes[at] === 10 || bytes[at] === 13) at++;
    if (at >= bytes.length) break;
    const next = scanner.record(bytes, at, bytes.length, place);
    if (next < 0) break;
    if (record === 0) end = next;
    at = next;
  }
  scanner.flush(bytes, place);
  return first && { width: scanner.width, end, first };
}

/** The delimiter that cuts records into most fields, all alike. */
function detectDelimiter(sample: Sample): string {
  const widths = candidates.map((candidate) => {
    try {
      return look(sample, candidate, sampleRecords)?.width ?? 0;
    } catch (error) {
      if (error instanceof FormatError) return 0;
      throw error;
    }
  });
  const most = Math.max(...widths);
  return most > 1 ? (candidates[widths.indexOf(most)] as string) : ',';
}

/** The fields of the first record, as text. */
function textsOf({ bytes, latin, starts, ends, width, place }: Records): readonly string[] {
  return Array.from({ length: width }, (_, index) => {
    const text = readText(bytes, starts[index] as number, ends[index] as number, latin);
    if (typeof text === 'string') return text;
    throw new FormatError(
      place.source,
      text,
      `the first record has a byte of ${bytes[text]} here, which is not UTF-8; save the file in UTF-8`,
    );
  });
}

/** The first records with what their fields are, for what a header is told by; of bytes that are not UTF-8 there is no text. */
function sampledFields(
  sample: Sample,
  delimiter: string,
  missing: MissingFields,
): readonly (readonly SampledField[])[] {
  let fields: readonly (readonly SampledField[])[] | undefined;
  const fieldOf = ({ bytes, latin, starts, ends }: Records, index: number): SampledField => {
    const [start, end] = [starts[index] as number, ends[index] as number];
    const text = readText(bytes, start, end, latin);
    const isPlain = end >= 0;
    return {
      text: typeof text === 'string' ? text : '',
      isNumber: isPlain && !Number.isNaN(readNumber(bytes, start, end, latin)),
      isMissing: isPlain && missing.has(bytes, start, end),
    };
  };
  const collect = (records: Records): void => {
    fields ??= Array.from({ length: records.count }, (_, record) =>
      Array.from({ length: records.width }, (__, column) => fieldOf(records, record * records.width + column)),
    );
  };
  try {
    look(sample, delimiter, headerRecords, collect);
  } catch (error) {
    // Whoever reads the rows says which of them is damaged.
    if (!(error instanceof FormatError)) throw error;
    look(sample, delimiter, 1, collect);
  }
  return fields ?? [];
}

/** @throws {FormatError} for a name that two columns have. */
function namesOf(source: string, header: readonly string[]): readonly string[] {
  const names = header.map((name, index) => name.trim() || unnamed(index));
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return names;
  throw new FormatError(source, 0, `the header names '${twice}' twice; rename one, or read it without a header`);
}

/** Options with their defaults. */
export interface CsvSettings extends CsvDialect {
  readonly types: Readonly<Record<string, ColumnType>>;
  readonly missing: readonly string[];
  readonly columns: readonly string[];
  readonly pieceBytes: number;
}

/** Bytes that are read at once, where nothing is told. */
const usualPiece = 1 << 20;

/**
 * How a CSV file is to be read, by its first records and what is told.
 * @throws {FormatError} for a file without a record, in another encoding, or with two columns of one name.
 * @throws {DataError} for options that name a column that it has not.
 */
export async function csvSettings(operation: string, source: ByteSource, options: CsvOptions): Promise<CsvSettings> {
  checkOptions(operation, options, csvRules);
  let sample = await sampleOf(source, sampleBytes);
  let delimiter = options.delimiter ?? detectDelimiter(sample);
  let seen = look(sample, delimiter, 1);
  while (!seen && !sample.isWhole && sample.bytes.length < longestRecord) {
    sample = await sampleOf(source, 4 * sample.bytes.length);
    delimiter = options.delimiter ?? detectDelimiter(sample);
    seen = look(sample, delimiter, 1);
  }
  if (!seen)
    throw new FormatError(
      source.name,
      sample.start,
      sample.isWhole
        ? 'has no record; give a file with rows'
        : `has no record within its first ${sample.bytes.length} bytes; is this CSV?`,
    );
  const { first, width, end } = seen;
  const fields = textsOf(first);
  const { types = {}, missing = missingWords, pieceBytes = usualPiece, known = {} } = options;
  const told = [...Object.keys(known), ...Object.keys(types), ...(options.columns ?? [])];
  const header = options.header ?? isHeader(sampledFields(sample, delimiter, new MissingFields(missing)), told);
  const names = header ? namesOf(source.name, fields) : Array.from({ length: width }, (_, index) => unnamed(index));
  const { columns = names } = options;
  const there = new Set(names);
  const unknown = [...Object.keys(types), ...columns].find((name) => !there.has(name));
  if (unknown !== undefined)
    throw new DataError(
      source.name,
      { column: unknown },
      `there is no such column; there are ${names.slice(0, 12).join(', ')}`,
    );
  const texts = names.filter((name) => Object.hasOwn(known, name) && known[name] === 'text');
  const allTypes = { ...Object.fromEntries(texts.map((name) => [name, 'text' as const])), ...types };
  const start = header ? end : sample.start;
  return { delimiter, header, names, start, types: allTypes, missing, columns, pieceBytes };
}
