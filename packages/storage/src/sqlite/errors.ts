import { FormatError, StorageError } from '@espalier/search';

type Make = (path: string, reason: string, cause: unknown) => Error;

const storageError =
  (remedy: string): Make =>
  (path, reason, cause) =>
    new StorageError(`sqlite:${path}`, `${reason}: ${remedy}`, { cause });

const formatError =
  (remedy: (path: string) => string): Make =>
  (path, reason) =>
    new FormatError(path, 0, `${reason}: ${remedy(path)}`);

const recover = (path: string): string =>
  `restore it from a copy, or save what can be read: sqlite3 '${path}' .recover | sqlite3 recovered.db`;

/** What each of SQLite's result codes means for whoever opened the file. */
const byCode: Readonly<Record<number, Make>> = {
  5: storageError('another process has held it for too long: end that process, or try again'),
  6: storageError('another process has held it for too long: end that process, or try again'),
  8: storageError('make file and folder writable; what it held is safe'),
  10: storageError('check the disk it lies on; what was committed is safe'),
  11: formatError(recover),
  13: storageError('free space and resume; what it held is safe'),
  14: storageError('check that the folder exists and may be written'),
  26: formatError(() => 'this is not an SQLite database: name another file'),
};

/** The primary result code that an error of either driver carries. */
function codeOf(error: Error): number | undefined {
  const code = 'errcode' in error ? error.errcode : 'rawCode' in error ? error.rawCode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** An error of the driver as one of this package. */
export function explain(path: string, error: unknown): Error {
  if (!(error instanceof Error)) return new StorageError(`sqlite:${path}`, String(error));
  const make = byCode[codeOf(error) ?? -1] ?? storageError('this is unexpected: report it with the message');
  return make(path, error.message, error);
}
