/** What libraries that read columns throw: made into errors that name the file. */
import { FormatError } from '@espalier/nn';
import { brief } from '@espalier/tensor/arguments';
import { DataError } from '../../errors.ts';

/**
 * What a library gives.
 * @throws {FormatError} for whatever it throws: it knows no offsets.
 */
export async function orDamaged<T>(source: string, format: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DataError || (error instanceof FormatError && error.source === source)) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new FormatError(source, 0, `cannot be read as ${format}: ${brief(problem, 200)}`);
  }
}

/** No table has more rows for a byte of its file than this, plus some; what is claimed is checked before anything is allocated. */
const mostRowsPerByte = 64;
const freeRows = 1 << 16;

/** @throws {FormatError} for more rows, or values of all columns, than a file of its size can hold. */
export function checkRows(source: string, bytes: number, rows: number, what: 'rows' | 'values' = 'rows'): void {
  if (!Number.isSafeInteger(rows) || rows < 0 || rows > mostRowsPerByte * bytes + freeRows)
    throw new FormatError(source, 0, `says it has ${rows} ${what}, which ${bytes} bytes do not hold`);
}
