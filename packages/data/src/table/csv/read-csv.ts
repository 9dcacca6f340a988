/** CSV and TSV as tables: whole, or a part at a time by an index that one pass over the file makes. */
import { FormatError } from '@espalier/nn';
import { aByteSource, piecesOf, type ByteSource } from '@espalier/nn/format';
import { check } from '@espalier/tensor/arguments';
import { DataError } from '../../errors.ts';
import type { Column, ColumnType } from '../column.ts';
import { Table } from '../table.ts';
import { ColumnBuilder } from './column-builder.ts';
import { withLine } from './line-of.ts';
import { csvSettings, type CsvOptions, type CsvSettings } from './layout.ts';
import { MissingFields } from './missing.ts';
import { CsvScanner, longestRecord, type Records } from './scanner.ts';

/** Bytes of a part of a file, where nothing is told. */
const usualPart = 1 << 22;

/** Rows that follow each other in a file. */
export interface CsvPart {
  /** Where they begin in the file, and how many bytes they take. */
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
}

/** What one pass over a file found: enough to read any part of it. JSON. */
export interface CsvIndex {
  readonly settings: CsvSettings;
  /** What each column is; the keys of those that are read. */
  readonly types: Readonly<Record<string, ColumnType>>;
  readonly rows: number;
  /** The size of the file: another size is another file. */
  readonly bytes: number;
  readonly parts: readonly CsvPart[];
  /** What tells the file from others of its size, where that is known. */
  readonly digest?: string;
}

/**
 * Goes through the records of a range of a source; `atBoundary` hears of places between records, one in each piece. A record that is
 * longer than what was read is looked at anew only when that has doubled.
 * @throws {FormatError} with its line, for a record that is too long, or what the sink refuses.
 */
async function scan(
  source: ByteSource,
  settings: CsvSettings,
  range: { readonly from: number; readonly to: number; readonly firstRow?: number },
  sink: (records: Records) => void,
  atBoundary: (offset: number) => void = () => undefined,
): Promise<void> {
  const scanner = new CsvScanner(settings.delimiter.charCodeAt(0), settings.names.length, range.firstRow ?? 1, sink);
  let waiting: Uint8Array[] = [];
  let [length, least, offset] = [0, 0, range.from];
  const look = (isLast: boolean): void => {
    const bytes = waiting.length === 1 ? (waiting[0] as Uint8Array) : joined(waiting, length);
    const done = scanner.scan(bytes, length, { source: source.name, offset, isLast });
    const rest = bytes.subarray(done);
    offset += done;
    waiting = rest.length > 0 ? [rest] : [];
    length = rest.length;
    least = done === 0 ? 2 * length : 0;
    if (length > longestRecord)
      throw new FormatError(
        source.name,
        offset,
        `a record from here on does not end within ${longestRecord} bytes; is a quote not closed?`,
      );
    atBoundary(offset);
  };
  try {
    for await (const piece of piecesOf(source, settings.pieceBytes, range.from, range.to)) {
      waiting.push(piece);
      length += piece.length;
      if (length >= least && offset + length < range.to) look(false);
    }
    look(true);
  } catch (error) {
    throw await withLine(source, error);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function buildersFor(
  settings: CsvSettings,
  names: readonly string[],
  types: Readonly<Record<string, ColumnType>>,
  more: { readonly keeps: boolean; readonly firstRow?: number } = { keeps: true },
): ColumnBuilder[] {
  const missing = new MissingFields(settings.missing);
  const places = new Map(settings.names.map((name, index) => [name, index]));
  return names.map(
    (name) =>
      new ColumnBuilder({
        name,
        index: places.get(name) ?? -1,
        type: Object.hasOwn(types, name) ? types[name] : undefined,
        missing,
        firstRow: 1,
        ...more,
      }),
  );
}

const feed =
  (builders: readonly ColumnBuilder[]) =>
  (records: Records): void => {
    for (const builder of builders) builder.take(records);
  };

/**
 * A whole CSV or TSV file as a table. It is read once, and again for columns that turned out to be text behind numbers.
 * @throws {FormatError} with the offset, row and column of what is damaged, not UTF-8, or not of the type that was asked for.
 * @throws {DataError} for options that name a column that it has not.
 *
 * @example
 * const table = await readCsv(await fileBytes('houses.csv'), { types: { zip: 'text' } });
 */
export async function readCsv(source: ByteSource, options: CsvOptions = {}): Promise<Table> {
  check('readCsv', 'source', source, aByteSource);
  const settings = await csvSettings('readCsv', source, options);
  const range = { from: settings.start, to: source.size };
  const builders = buildersFor(settings, settings.columns, settings.types);
  let rows = 0;
  await scan(source, settings, range, (records) => {
    rows += records.count;
    feed(builders)(records);
  });
  const torn = builders.filter(({ isTorn }) => isTorn).map(({ plan }) => plan.name);
  const again = buildersFor(settings, torn, Object.fromEntries(torn.map((name) => [name, 'text'])));
  if (torn.length > 0) await scan(source, settings, range, feed(again));
  const columns = builders.map((builder): [string, Column] => {
    const text = again.find(({ plan }) => plan.name === builder.plan.name);
    return [builder.plan.name, (text ?? builder).finish()];
  });
  return new Table(new Map(columns), source.name, rows);
}

/**
 * One pass over a CSV file of any size: the types of its columns, how many rows it has, and parts of about so many bytes, which
 * `readCsvPart` reads. What is held meanwhile does not grow with the file, but for the list of parts.
 * @throws {FormatError} as `readCsv` does.
 * @throws {DataError} as `readCsv` does.
 */
export async function indexCsv(
  source: ByteSource,
  options: CsvOptions & { readonly partBytes?: number } = {},
): Promise<CsvIndex> {
  check('indexCsv', 'source', source, aByteSource);
  const { partBytes = usualPart, ...told } = options;
  const settings = await csvSettings('indexCsv', source, told);
  const builders = buildersFor(settings, settings.columns, settings.types, { keeps: false });
  const parts: CsvPart[] = [];
  let [start, rows, counted] = [settings.start, 0, 0];
  const end = (offset: number): void => {
    if (rows === counted) return;
    parts.push({ offset: start, bytes: offset - start, rows: rows - counted });
    [start, counted] = [offset, rows];
  };
  await scan(
    source,
    settings,
    { from: settings.start, to: source.size },
    (records) => {
      rows += records.count;
      feed(builders)(records);
    },
    (offset) => {
      if (offset - start >= partBytes || offset === source.size) end(offset);
    },
  );
  end(source.size);
  const types = Object.fromEntries(builders.map(({ plan, type }) => [plan.name, type]));
  return { settings, types, rows, bytes: source.size, parts };
}

/** The number of the first row of a part, from 0. */
export function firstRowOf({ parts }: CsvIndex, part: number): number {
  let rows = 0;
  for (let before = 0; before < part; before++) rows += (parts[before] as CsvPart).rows;
  return rows;
}

/**
 * The rows of one part of a file, by its index; of all its columns, or of some.
 * @throws {FormatError} where the file is no longer the one that was indexed.
 * @throws {DataError} for a column that the index has not.
 */
export async function readCsvPart(
  source: ByteSource,
  index: CsvIndex,
  part: number,
  columns: readonly string[] = index.settings.columns,
): Promise<Table> {
  const { settings, types } = index;
  const unknown = columns.find((name) => !settings.columns.includes(name));
  if (unknown !== undefined) throw new DataError(source.name, { column: unknown }, 'is no column of the index');
  const { offset, bytes, rows } = index.parts[part] as CsvPart;
  if (source.size !== index.bytes)
    throw new FormatError(
      source.name,
      0,
      `has ${source.size} bytes, and had ${index.bytes} when it was indexed; index it again`,
    );
  const firstRow = 1 + firstRowOf(index, part);
  const builders = buildersFor(settings, columns, types, { keeps: true, firstRow });
  await scan(source, settings, { from: offset, to: offset + bytes, firstRow }, feed(builders));
  const read = new Map(builders.map((builder) => [builder.plan.name, builder.finish()]));
  const origin = Int32Array.from({ length: rows }, (_, row) => firstRow - 1 + row);
  const table = new Table(read, source.name, undefined, origin);
  if (table.rows !== rows)
    throw new FormatError(
      source.name,
      offset,
      `has ${table.rows} rows from here on, and had ${rows} when it was indexed; index it again`,
    );
  return table;
}
