import { readFile } from 'node:fs/promises';
import { UsageError, reportOf } from '../errors.ts';

/**
 * Reads a text file that the user named.
 * @throws UsageError when that cannot be done.
 */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(reportOf(error).message);
  }
}
