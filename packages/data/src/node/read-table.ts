/** A file as a table, by its ending. */
import type { ByteSource } from '@espalier/nn/format';
import { fileBytes } from '@espalier/nn/node';
import { aText, check } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import { readArrow } from '../table/columnar/read-arrow.ts';
import { readParquet } from '../table/columnar/read-parquet.ts';
import type { CsvOptions } from '../table/csv/layout.ts';
import { readCsv } from '../table/csv/read-csv.ts';
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

/**
 * Reads a file as a table: CSV and TSV, to which the options are, JSON lines, Parquet, Arrow and Feather.
 * @throws {DataError} for a file of another ending.
 * @throws {FormatError} for one that is damaged.
 *
 * @example
 * const table = await readTable('houses.csv');
 */
export async function readTable(path: string, options: CsvOptions = {}): Promise<Table> {
  const ending = /\.([^./\\]+)$/.exec(check('readTable', 'path', path, aText))?.[1]?.toLowerCase() ?? '';
  const reader = Object.hasOwn(readers, ending) ? readers[ending] : undefined;
  if (!reader)
    throw new DataError(path, {}, `its ending is none of a table; there are ${Object.keys(readers).join(', ')}`);
  const source = await fileBytes(path);
  try {
    return await reader(source, options);
  } finally {
    await source.close();
  }
}
