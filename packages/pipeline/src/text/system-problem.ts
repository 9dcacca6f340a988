/** What the system says of a file, in words. */
const systemProblems: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder: check the path'],
  ['EACCES', 'permission denied: choose another place, or change its permissions'],
  ['EPERM', 'permission denied: choose another place, or change its permissions'],
  ['EROFS', 'the file system is read only: choose another place'],
  ['ENOTDIR', 'a part of the path is a file, not a folder: check the path'],
  ['EISDIR', 'this is a folder: give a file'],
  ['EEXIST', 'it exists already: choose another name'],
  ['ENOSPC', 'the disk is full: free some space, or choose another place'],
  ['EDQUOT', 'your part of the disk is full: free some space, or choose another place'],
  ['EFBIG', 'the file would be larger than the file system takes: choose another place'],
  ['EBUSY', 'it is in use: choose another place'],
  ['EXDEV', 'it lies on another file system: choose another place'],
  ['ENAMETOOLONG', 'the name is too long: choose a shorter one'],
  ['ELOOP', 'its symbolic links lead in a circle: check the path'],
  ['EMFILE', 'too many files are open: close some, or raise the limit'],
  ['EIO', 'the disk could not be read or written: check it'],
]);

/** What the system said of a file, and of which; undefined for an error that is not of the system. */
export function systemProblem(error: unknown): string | undefined {
  const of = (name: string): unknown => Reflect.get(Object(error), name);
  const problem = systemProblems.get(String(of('code')));
  if (problem === undefined) return undefined;
  // Of a file that was to be renamed, the new name is the one that the user gave.
  const path = of('dest') ?? of('path');
  return typeof path === 'string' ? `${path}: ${problem}` : problem;
}
