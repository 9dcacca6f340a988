/** Errors of the system with files, turned into errors that say what to do. */
import { StorageError, type StorageErrorCode } from '@espalier/search';

/** What to do about an error of the system, and the code of the error that says so. */
interface Remedy {
  readonly remedy: string;
  readonly code?: StorageErrorCode;
}

const full: Remedy = { remedy: 'free space and resume; what it held is safe', code: 'storage-full' };
const permissions: Remedy = {
  remedy: 'make file and folder writable, or look on by adding ?mode=ro to the URL',
  code: 'storage-read-only',
};
const taken: Remedy = { remedy: 'a file lies where a folder should be: name another path' };
const unexpected: Remedy = { remedy: 'check that file and folder may be read and written' };

/** What to do about each of the system's errors with files. */
const remedies: Readonly<Record<string, Remedy>> = {
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: full,
  EACCES: permissions,
  EPERM: permissions,
  EROFS: permissions,
  EISDIR: { remedy: 'this is a folder: name a file in it' },
  ENOTDIR: taken,
  EEXIST: taken,
  EIO: { remedy: 'check the disk it lies on; what was committed is safe' },
};

/**
 * An error of the system with a file as one of this package.
 * @param path what could not be made, read or written
 */
export function explainFile(url: string, path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const system = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = error instanceof Error ? error.message : String(error);
  const { remedy, code = 'storage' } = remedies[system] ?? unexpected;
  const what = url.endsWith(`:${path}`) ? 'it' : path;
  return new StorageError(url, `${what} cannot be written (${reason}): ${remedy}`, { cause: error, code });
}
