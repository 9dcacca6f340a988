import { StorageLockedError } from '@espalier/search';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { explainFile } from '../file-errors.ts';
import { isGone, ownIdentity } from '../process-identity.ts';
import type { ProcessIdentity } from '../process-identity.ts';

/** Whether an error says that a file is there already. */
function isThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** Creates a file that must not exist; false when it does. One that cannot be filled is not left behind. */
function createExclusive(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (isThere(error)) return false;
    throw error;
  }
  try {
    writeSync(file, text);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

function holderOf(path: string): ProcessIdentity | undefined {
  try {
    const { pid, host, started } = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessIdentity>;
    const whole = typeof pid === 'number' && typeof host === 'string' && typeof started === 'string';
    return whole ? { pid, host, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Removes a lock whose process is gone. A second lock keeps two processes from removing each other's fresh one. */
function removeStale(path: string): void {
  const guard = `${path}.break`;
  if (!createExclusive(guard, '')) return;
  try {
    const holder = holderOf(path);
    if (holder !== undefined && isGone(holder)) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Creates the lock, in place of one that a killed process left; false when another holds it. */
function take(path: string): boolean {
  const text = JSON.stringify(ownIdentity());
  if (createExclusive(path, text)) return true;
  removeStale(path);
  return createExclusive(path, text);
}

/**
 * Takes the lock on a file: `<file>.lock`, naming process and machine. A lock that a killed process of this machine
 * left is removed. Returns the function that gives the lock back.
 * @throws StorageLockedError when another holds it.
 * @throws StorageError when it cannot be written.
 */
export function lockFile(file: string, url: string): () => void {
  const path = `${file}.lock`;
  let isTaken: boolean;
  try {
    isTaken = take(path);
  } catch (error) {
    throw explainFile(url, path, error);
  }
  if (!isTaken) {
    const holder = holderOf(path);
    const who = holder === undefined ? 'a process that does not say which' : `process ${holder.pid} on ${holder.host}`;
    throw new StorageLockedError(
      url,
      `it is being written by ${who}: a journal has one writer; wait for it to end, look on by ${url}?mode=ro, ` +
        `or, if it no longer runs, delete ${path}`,
    );
  }
  return () => rmSync(path, { force: true });
}
