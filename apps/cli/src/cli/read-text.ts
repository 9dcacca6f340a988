/** Reads files that a user names, which may be folders, pipes or gigabytes. */
import { readFile, stat } from 'node:fs/promises';
import { UsageError, reportOf } from '../errors.ts';

/** The largest recipe that is read, in bytes. */
const largest = 1 << 20;

/**
 * Reads a text file that the user named.
 * @throws {UsageError} when that cannot be done.
 */
export async function readText(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (found.isCharacterDevice() || found.isBlockDevice()) throw new UsageError('this is a device: give a file');
    if (found.size > largest)
      throw new UsageError(`it has ${found.size} bytes, and no such file is that large: check the path`);
    // Editors of Windows begin a text with a mark of its byte order.
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/u, '');
  } catch (error) {
    // The system names no path when it is a folder.
    const { message } = reportOf(error);
    throw new UsageError(message.startsWith(file) ? message : `${file}: ${message}`);
  }
}
