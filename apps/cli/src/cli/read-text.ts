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
    // The system names no path when it is a folder.
    const { message } = reportOf(error);
    throw new UsageError(message.startsWith(file) ? message : `${file}: ${message}`);
  }
}
