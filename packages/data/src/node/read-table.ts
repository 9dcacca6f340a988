/** A file as a table, by its ending. */
import type { ByteSource } from '@espalier/nn/format';
import { fileBytes } from '@espalier/nn/node';
import { aPositiveInteger, aText, check } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import { readArrow } from '../table/columnar/read-arrow.ts';
import { readParquet } from '../table/columnar/read-parquet.ts';
import type { CsvOptions } from '../table/csv/layout.ts';
import { indexCsv, readCsv, readCsvPart } from '../table/csv/read-csv.ts';
import { readJsonLines } from '../table/json/read-json-lines.ts';
import type { Table } from '../table/table.ts';

type Reader = (source: ByteSource, options: CsvOptions) => Promise<Table>;

const readers: Readonly<Record<string, Reader>> = {
  csv: readCsv,
  tsv: readCsv,
  tab: readCsv,
  txt: readCsv,
  data: readCsv,
  jsonl: readJsonLines,
  ndjson: readJsonLines,
  parquet: readParquet,
  arrow: readArrow,
  feather: readArrow,
};

/** @throws {DataError} for a file of another ending. */
function readerOf(path: string): Reader {
  const ending = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  const reader = Object.hasOwn(readers, ending) ? readers[ending] : undefined;
  if (reader) return reader;
  throw new DataError(path, {}, `its ending is none of a table; there are ${Object.keys(readers).join(', ')}`);
}

/**
 * Reads a file as a table: CSV and TSV, to which the options are, JSON lines, Parquet, Arrow and Feather.
 * @throws {DataError} for a file of another ending.
 * @throws {FormatError} for one that is damaged.
 *
 * @example
 * const table = await readTable('houses.csv');
 */
export async function readTable(path: string, options: CsvOptions = {}): Promise<Table> {
  const reader = readerOf(check('readTable', 'path', path, aText));
  const source = await fileBytes(path);
  try {
    return await reader(source, options);
  } finally {
    await source.close();
  }
}

/**
 * The rows of a file in their order, some thousands at a time: CSV and TSV are read as they are asked for, whatever their size, and
 * other files as a whole before.
 * @throws {DataError} for a file of another ending.
 * @throws {FormatError} for one that is damaged.
 */
export async function* readTableParts(path: string, most: number, options: CsvOptions = {}): AsyncGenerator<Table> {
  const reader = readerOf(check('readTableParts', 'path', path, aText));
  check('readTableParts', 'most', most, aPositiveInteger);
  const source = await fileBytes(path);
  try {
    if (reader !== readCsv) yield* pieces(await reader(source, options), most);
    else {
      const index = await indexCsv(source, options);
      for (const part of index.parts.keys()) yield* pieces(await readCsvPart(source, index, part), most);
    }
  } finally {
    await source.close();
  }
}

/** A table, so many rows at a time. */
function* pieces(table: Table, most: number): Generator<Table> {
  if (table.rows <= most) yield table;
  else
    for (let start = 0; start < table.rows; start += most)
      yield table.take(Int32Array.from({ length: Math.min(most, table.rows - start) }, (_, row) => start + row));
}
