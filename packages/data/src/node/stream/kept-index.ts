/** The index of a CSV file, kept in a file of its own, so that who goes on need not read the table again to find its parts. */
import { encodeUtf8 } from '@espalier/nn/format';
import { aText, check } from '@espalier/tensor/arguments';
import { csvSettings, type CsvOptions } from '../../table/csv/layout.ts';
import { indexCsv, type CsvIndex, type CsvPart } from '../../table/csv/read-csv.ts';
import { readKept, writeKept } from './kept-bytes.ts';
import type { SteadyFile } from './steady-file.ts';

/** An index, and whether it had to be made. */
export interface KeptIndex {
  readonly index: CsvIndex;
  readonly isNew: boolean;
}

/** How a file is indexed. */
export type IndexOptions = CsvOptions & { readonly partBytes?: number };

const version = 1;
const types: readonly unknown[] = ['number', 'text', 'boolean'];

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether parts follow each other from the first row to the end of the file, and have all rows. */
function areParts({ parts, settings, bytes, rows }: CsvIndex): boolean {
  let [at, counted] = [settings.start, 0];
  for (const each of parts) {
    const part = Object(each) as CsvPart;
    if (!isCount(part.bytes) || !isCount(part.rows) || part.rows === 0 || part.offset !== at) return false;
    at += part.bytes;
    counted += part.rows;
  }
  return counted === rows && at <= bytes;
}

/** Whether a value that was read is an index of this file: whoever wrote it, it is asked what it claims. */
async function isIndexOf(found: unknown, source: SteadyFile, options: IndexOptions): Promise<boolean> {
  const index = Object(found) as CsvIndex;
  const { partBytes: _, ...told } = options;
  const settings = await csvSettings('keptIndex', source, told);
  const columns = Object.entries(Object(index.types) as object);
  return (
    JSON.stringify(index.settings) === JSON.stringify(settings) &&
    index.bytes === source.size &&
    index.digest === source.digest &&
    columns.length === settings.columns.length &&
    columns.every(([name, type]) => settings.columns.includes(name) && types.includes(type)) &&
    Array.isArray(index.parts) &&
    areParts(index)
  );
}

/** What makes two requests the same. */
const requestOf = (source: SteadyFile, options: IndexOptions): string =>
  JSON.stringify([version, source.size, source.modified, source.digest, options]);

/** The index that a file holds; undefined where it is of another table or request, or damaged. */
async function readIndex(source: SteadyFile, file: string, options: IndexOptions): Promise<CsvIndex | undefined> {
  const bytes = await readKept(file, requestOf(source, options));
  if (!bytes) return undefined;
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return (await isIndexOf(found, source, options)) ? (found as CsvIndex) : undefined;
  } catch (error) {
    // What is no JSON, or nested too deep to be compared.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * The index of a CSV file, from the file that it was kept in, or made and kept there. One of another table, by size, time and
 * ends, of other options, or a damaged one is made anew.
 * @throws {FormatError} as `indexCsv` does.
 *
 * @example
 * const source = await steadyFile('clicks.csv');
 * const { index } = await keptIndex(source, 'runs/clicks/index.json');
 */
export async function keptIndex(source: SteadyFile, file: string, options: IndexOptions = {}): Promise<KeptIndex> {
  check('keptIndex', 'file', file, aText);
  const known = await readIndex(source, file, options);
  if (known) return { index: known, isNew: false };
  const index = { ...(await indexCsv(source, options)), digest: source.digest };
  await writeKept(file, requestOf(source, options), encodeUtf8(JSON.stringify(index)));
  return { index, isNew: true };
}
