import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { StorageLockedError } from '../errors.ts';
import { isObject } from '../json.ts';

/** Whether an error says that a file is there already. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** Creates a file that must not exist; false when it does. */
function createExclusive(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
  return true;
}

/** Who holds a lock. The time of its start tells a process from a later one that got the same id. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly started: number;
}

/** How far apart two readings of one process's start can lie, in milliseconds. */
const clockTolerance = 5000;

function ownIdentity(): Holder {
  return { pid: process.pid, host: hostname(), started: Math.round(Date.now() - process.uptime() * 1000) };
}

function holderOf(path: string): Holder | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isObject(found)) return undefined;
    const { pid, host, started } = found;
    const whole = typeof pid === 'number' && typeof host === 'string' && typeof started === 'number';
    return whole ? { pid, host, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the holder, a process of this machine, is alive; one that may not be signalled is. */
function isAlive({ pid, started }: Holder): boolean {
  if (pid === process.pid) return Math.abs(started - ownIdentity().started) < clockTolerance;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Removes a lock whose process is gone. A second lock keeps two processes from removing each other's fresh one. */
function removeStale(path: string): void {
  const guard = `${path}.break`;
  if (!createExclusive(guard, '')) return;
  try {
    const holder = holderOf(path);
    if (holder !== undefined && holder.host === hostname() && !isAlive(holder)) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/**
 * Takes the lock on a file: `<file>.lock`, naming process and machine. A lock that a killed process of this machine
 * left is removed. Returns the function that gives the lock back.
 * @throws StorageLockedError when another holds it.
 */
export function lockFile(file: string, url: string): () => void {
  const path = `${file}.lock`;
  const text = JSON.stringify(ownIdentity());
  if (!createExclusive(path, text)) {
    removeStale(path);
    if (!createExclusive(path, text)) {
      const holder = holderOf(path);
      const who =
        holder === undefined ? 'a process that does not say which' : `process ${holder.pid} on ${holder.host}`;
      throw new StorageLockedError(
        url,
        `it is being written by ${who}: a journal has one writer; wait for it to end, or, if it no longer runs, delete ${path}`,
      );
    }
  }
  return () => rmSync(path, { force: true });
}
