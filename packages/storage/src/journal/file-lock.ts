/** The lock of a journal, which one process at a time may write. */
import { StorageLockedError } from '@espalier/search';
import { explainFile } from '../file-errors.ts';
import { takeLock, type LockAnswer } from '../lock.ts';

/**
 * Takes the lock on a file: `<file>.lock`, naming process and machine. A lock that a killed process of this machine left
 * is taken over, also one that it had no time to fill. Returns the function that gives the lock back.
 * @throws {StorageLockedError} when another holds it.
 * @throws {StorageError} when it cannot be written.
 */
export function lockFile(file: string, url: string): () => void {
  const path = `${file}.lock`;
  let lock: LockAnswer;
  try {
    lock = takeLock(path);
  } catch (error) {
    throw explainFile(url, path, error);
  }
  if ('release' in lock) return lock.release;
  const { holder } = lock;
  const who = holder === undefined ? 'a process that does not say which' : `process ${holder.pid} on ${holder.host}`;
  throw new StorageLockedError(
    url,
    `it is being written by ${who}: a journal has one writer; wait for it to end, look on by ${url}?mode=ro, ` +
      `or, if it no longer runs, delete ${path}`,
  );
}
