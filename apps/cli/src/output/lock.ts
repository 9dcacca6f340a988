/** Locks on what a command writes; those that killed processes left are taken over. */
import { takeLock as takeLockFile } from '@espalier/storage';
import { FailedError } from '../errors.ts';

/**
 * Takes the lock that a file stands for, in place of one that a killed process of this machine left. Gives the function
 * that lets go of it; whatever else ends the process does that too, except for a kill that cannot be caught.
 * @param what what is locked, for the error
 * @throws {FailedError} when another process holds it.
 */
export function takeLock(path: string, what: string): () => void {
  const lock = takeLockFile(path);
  if (!('release' in lock)) {
    const { holder } = lock;
    const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
    throw new FailedError(
      `${what} is being written by ${who}: wait for it to end, or choose another name; if it no longer runs, delete ${path}`,
    );
  }
  const { release } = lock;
  process.once('exit', release);
  return () => {
    process.off('exit', release);
    release();
  };
}
