import { StorageError } from '@espalier/search';

const full = 'free space and resume; what it held is safe';
const permissions = 'make file and folder writable, or look on by adding ?mode=ro to the URL';

/** What to do about each of the system's errors with files. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: full,
  EACCES: permissions,
  EPERM: permissions,
  EROFS: permissions,
  EISDIR: 'this is a folder: name a file in it',
  ENOTDIR: 'a file lies where a folder should be: name another path',
  EEXIST: 'a file lies where a folder should be: name another path',
  EIO: 'check the disk it lies on; what was committed is safe',
};

/**
 * An error of the system with a file as one of this package.
 * @param path what could not be made, read or written
 */
export function explainFile(url: string, path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = remedies[code] ?? 'check that file and folder may be read and written';
  const what = url.endsWith(`:${path}`) ? 'it' : path;
  return new StorageError(url, `${what} cannot be written (${reason}): ${remedy}`, { cause: error });
}
