/** Locks that are files, each with the process that holds it in it. */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isGone, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** Whether an error says that a file is there already. */
function isThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/**
 * Creates a file that must not exist, with its text at once, so that nobody sees it without; false when it does exist.
 * One that cannot be filled is not left behind.
 */
function createExclusive(path: string, text: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, text, { flag: 'wx' });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    if (!hasNoLinks(error)) throw error;
    return createThenFill(path, text);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Whether an error says that a file system knows no second name of a file. */
function hasNoLinks(error: unknown): boolean {
  const codes = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function createThenFill(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    rmSync(path, { force: true });
    throw error;
  }
}

/** What a lock file says: its text, and who holds it, if it says that. */
interface Lock {
  readonly text: string;
  readonly holder: ProcessIdentity | undefined;
}

/** What a lock file says; undefined when there is none. */
function readLock(path: string): Lock | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const { pid, host, started } = Object(JSON.parse(text)) as Partial<ProcessIdentity>;
    const whole =
      Number.isSafeInteger(pid) && Number(pid) > 0 && typeof host === 'string' && typeof started === 'string';
    return { text, holder: whole ? { pid: Number(pid), host, started } : undefined };
  } catch {
    return { text, holder: undefined };
  }
}

/** Milliseconds after which a lock that does not say who holds it was left by a process that ended as it made it. */
const nameless = 10_000;

/** Whether whoever made a lock has gone for certain. */
function isLeft(path: string, { holder }: Lock): boolean {
  if (holder !== undefined) return isGone(holder);
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return mtimeMs !== undefined && Date.now() - mtimeMs > nameless;
}

/** Takes a lock away that was left, and no other: it is only removed once it is known to be the one that was looked at. */
function removeLeft(path: string, seen: Lock): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    // Somebody else was first.
    return;
  }
  try {
    if (readLock(aside)?.text !== seen.text) linkSync(aside, path);
  } catch {
    // Yet another has it by now.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Removes a lock that was left. A second lock keeps two processes from removing each other's fresh one. */
function removeStale(path: string): void {
  const guard = `${path}.break`;
  const left = readLock(guard);
  if (left !== undefined && isLeft(guard, left)) removeLeft(guard, left);
  if (!createExclusive(guard, JSON.stringify(ownIdentity()))) return;
  try {
    const lock = readLock(path);
    if (lock !== undefined && isLeft(path, lock)) removeLeft(path, lock);
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Creates the lock, in place of one that was left; false when another holds it. */
function take(path: string): boolean {
  const text = JSON.stringify(ownIdentity());
  if (createExclusive(path, text)) return true;
  removeStale(path);
  return createExclusive(path, text);
}

/** What came of asking for a lock: the function that gives it back, or who else holds it, if that is known. */
export type LockAnswer = { readonly release: () => void } | { readonly holder: ProcessIdentity | undefined };

/**
 * Takes the lock that a file stands for. One that a killed process of this machine left is taken over, also one that it had
 * no time to fill, by one process at a time.
 * @throws {Error} the system's, when it cannot be written.
 */
export function takeLock(path: string): LockAnswer {
  return take(path) ? { release: () => rmSync(path, { force: true }) } : { holder: readLock(path)?.holder };
}
