import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isGone, ownIdentity } from '@espalier/storage';
import type { ProcessIdentity } from '@espalier/storage';
import { FailedError } from '../errors.ts';

function holderOf(text: string | undefined): ProcessIdentity | undefined {
  try {
    const { pid, host, started } = JSON.parse(text ?? '') as Partial<ProcessIdentity>;
    const whole = typeof pid === 'number' && typeof host === 'string' && typeof started === 'string';
    return whole ? { pid, host, started } : undefined;
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Gives a file its name unless that is taken. */
function takeName(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A file system without hard links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    writeFileSync(path, readFileSync(own), { flag: 'wx' });
    return true;
  }
}

/** Moves a lock away whose process is gone, unless somebody did so first and holds it now. */
function removeStale(path: string, seen: string | undefined, aside: string): void {
  const holder = holderOf(seen);
  if (seen === undefined || (holder !== undefined && !isGone(holder))) return;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) !== seen) takeName(aside, path);
  rmSync(aside, { force: true });
}

/**
 * Takes the lock that a file stands for, in place of one that a killed process of this machine left. A lock appears with
 * its holder's name in it, so that one which says nothing is a leftover too. Gives the function that lets go of it;
 * whatever else ends the process does that too, except for a kill that cannot be caught.
 * @param what what is locked, for the error
 * @throws FailedError when another process holds it.
 */
export function takeLock(path: string, what: string): () => void {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(ownIdentity()));
  try {
    if (!takeName(own, path)) {
      const seen = read(path);
      removeStale(path, seen, `${own}.stale`);
      if (!takeName(own, path)) {
        const holder = holderOf(read(path) ?? seen);
        const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
        throw new FailedError(
          `${what} is being written by ${who}: wait for it to end, or choose another name; if it no longer runs, delete ${path}`,
        );
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
  const release = (): void => rmSync(path, { force: true });
  process.once('exit', release);
  return () => {
    process.off('exit', release);
    release();
  };
}
