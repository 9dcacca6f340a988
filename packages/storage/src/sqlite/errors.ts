/** What the result codes of SQLite mean for a user, and what to do about each. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FormatError, StorageError, type StorageErrorCode } from '@espalier/search';

type Make = (path: string, reason: string, cause: unknown) => Error;

const storageError =
  (remedy: string | ((path: string) => string), code: StorageErrorCode = 'storage'): Make =>
  (path, reason, cause) =>
    new StorageError(`sqlite:${path}`, `${reason}: ${typeof remedy === 'string' ? remedy : remedy(path)}`, {
      cause,
      code,
    });

const formatError =
  (remedy: (path: string) => string): Make =>
  (path, reason, cause) =>
    new FormatError(path, 0, `${reason}: ${remedy(path)}`, { cause });

const recover = (path: string): string =>
  `restore it from a copy, or save what can be read: sqlite3 '${path}' .recover | sqlite3 recovered.db`;

/** Whether this process may do something with a file or folder. */
function allows(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Whether a folder lies on a file system that takes no writes, whoever asks. */
function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

/** Whether this process may read a file. */
export function isReadable(path: string): boolean {
  return allows(path, constants.R_OK);
}

/** Whether this process may write a file. */
export function isWritable(path: string): boolean {
  return allows(path, constants.W_OK);
}

/** Why a file could not be opened, of which SQLite says nothing, and what to do. */
function opening(path: string): string {
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) return `there is no folder ${folder}: make it, or name another`;
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return 'this is a folder: name a file in it';
    if (!isReadable(path)) return 'this user may not read it: change its permissions';
  }
  if (!isWritable(folder)) {
    const reason = isReadOnly(folder)
      ? `the file system of ${folder} is read only`
      : `this user may not write in ${folder}`;
    return `${reason}: make it writable, or copy the file, with the -wal beside it if there is one, to a folder that is`;
  }
  return 'check that file and folder may be read and written, and that not too many files are open';
}

const held = storageError('another process has held it for too long: end that process, or try again', 'storage-locked');
const full = storageError('free space and resume; what it held is safe', 'storage-full');

/** SQLite's extended code of a file of shared memory that could not be given its size: what a full disk does first. */
const noRoomToShare = 4874;

const damaged = formatError(recover);

/** How SQLite says that part of the schema is not there. */
const lacks = /^no such (?:table|column|index): /u;

/** What each of SQLite's result codes means for whoever opened the file. */
const byCode: Readonly<Record<number, Make>> = {
  5: held,
  6: held,
  8: storageError('make file and folder writable; what it held is safe', 'storage-read-only'),
  10: storageError('check the disk it lies on; what was committed is safe'),
  11: damaged,
  13: full,
  14: storageError(opening),
  26: formatError(() => 'this is not an SQLite database: name another file'),
  [noRoomToShare]: full,
};

/** How libsql says that it cannot open a file, with the result code in the text alone. */
const libsqlOpening = /^ConnectionFailed\("(.*): (\d+)"\)$/su;

/** The result code that an error of either driver carries, with what extends it; 0 for none. */
function codeOf(error: Error): number {
  const code = 'errcode' in error ? error.errcode : 'rawCode' in error ? error.rawCode : undefined;
  return typeof code === 'number' ? code : Number(libsqlOpening.exec(error.message)?.[2] ?? 0);
}

/** The primary code of a result code. */
const primary = (code: number): number => code & 0xff;

/** An error of the driver as one of this package; those of this package as they are. */
function explain(path: string, error: unknown): Error {
  if (error instanceof StorageError || error instanceof FormatError) return error;
  if (!(error instanceof Error)) return new StorageError(`sqlite:${path}`, String(error));
  const code = codeOf(error);
  // Node's own driver says so of a whole number that no number of JavaScript is.
  const outOfRange = 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
  const make =
    outOfRange || lacks.test(error.message)
      ? damaged
      : (byCode[code] ?? byCode[primary(code)] ?? storageError('this is unexpected: report it with the message'));
  const reason = primary(code) === 14 ? 'it cannot be opened' : error.message;
  return make(path, libsqlOpening.exec(reason)?.[1] ?? reason, error);
}

/**
 * Does what calls the driver.
 * @throws {StorageError | FormatError} in place of the driver's errors.
 */
export function explaining<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explain(path, error);
  }
}

/** The result code behind an error of {@link explain}; 0 for none. */
function codeBehind(error: unknown): number {
  return error instanceof StorageError && error.cause instanceof Error ? codeOf(error.cause) : 0;
}

/** Whether an error of {@link explain} says that a file could not be written, or the files that SQLite has beside it. */
export function refusesWriting(error: unknown): boolean {
  const code = codeBehind(error);
  return code === noRoomToShare || [8, 13, 14].includes(primary(code));
}

/** Whether an error of {@link explain} says that another process is in the way. */
export function isHeld(error: unknown): boolean {
  return primary(codeBehind(error)) === 5;
}

/** Whether an error of {@link explain} says that a database has not what was asked for, or that there is none. */
export function isForeign(error: unknown): boolean {
  return error instanceof FormatError && error.cause instanceof Error && [1, 26].includes(primary(codeOf(error.cause)));
}
