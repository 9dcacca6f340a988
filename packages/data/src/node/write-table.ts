/** A file that rows are written to, by its ending. */
import { open } from 'node:fs/promises';
import { aText, check } from '@espalier/tensor/arguments';
import { DataError } from '../errors.ts';
import { csvWriter, jsonLinesWriter } from '../table/write/lines.ts';
import { parquetWriter } from '../table/write/parquet.ts';
import type { ByteSink, RowWriter } from '../table/write/writer.ts';

const writers: Readonly<Record<string, (sink: ByteSink) => RowWriter | Promise<RowWriter>>> = {
  csv: csvWriter,
  jsonl: jsonLinesWriter,
  ndjson: jsonLinesWriter,
  parquet: parquetWriter,
};

/** The endings of files that rows are written to. */
export const writtenEndings: readonly string[] = Object.keys(writers);

/** The ending of a path that rows are written by; undefined where there is none. */
export function writtenEnding(path: string): string | undefined {
  const ending = /\.([^./\\]+)$/u.exec(path)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(writers, ending) ? ending : undefined;
}

/** Writes rows to a file. */
export interface TableFile extends RowWriter {
  /** Lets the file go, whether it is finished or not. */
  close(): Promise<void>;
}

/**
 * Opens a new file that rows are written to, a batch at a time.
 * @throws {DataError} for an ending that nothing is written by.
 *
 * @example
 * const file = await writeTable('prices.parquet');
 * await file.write([{ name: 'price', values: [1.5, 2.5] }]);
 * await file.finish();
 * await file.close();
 */
export async function writeTable(path: string, ending: string | undefined = writtenEnding(path)): Promise<TableFile> {
  check('writeTable', 'path', path, aText);
  const make = ending !== undefined && Object.hasOwn(writers, ending) ? writers[ending] : undefined;
  if (!make)
    throw new DataError(
      path,
      {},
      `its ending is none that rows are written by; there are ${writtenEndings.join(', ')}`,
    );
  const file = await open(path, 'w');
  const writer = await make((bytes) => file.appendFile(bytes));
  return { ...writer, close: () => file.close() };
}
