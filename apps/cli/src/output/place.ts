/** Whether a path is a place that a user can mean to write to, found out before any work is done. */
import { existsSync, lstatSync, realpathSync, statSync, type Stats } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, parse, resolve, sep } from 'node:path';
import { filesOfModel } from '@espalier/models/node';
import { UsageError, reportOf } from '../errors.ts';

/**
 * What is at a path itself, links not followed; undefined when there is nothing.
 * @throws {UsageError} when the path cannot be looked at.
 */
export function foundAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new UsageError(reportOf(error).message);
  }
}

/** Whether two paths lead to the same file or folder, by whatever names. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

/** What is read beside files that are named: the other files of a model. What cannot be read is told of by whoever reads it. */
async function withOthers(sources: readonly string[]): Promise<readonly string[]> {
  const found = sources.map(async (source) =>
    statSync(source, { throwIfNoEntry: false })?.isFile() ? filesOfModel(source).catch(() => [source]) : [source],
  );
  return (await Promise.all(found)).flat();
}

/** Whether a file is one of those that are read, or of the other files of a model that is, or lies in a folder that is. */
export async function isReadFrom(path: string, sources: readonly string[]): Promise<boolean> {
  return (await withOthers(sources)).some((source) => holds(source, path));
}

/** Whether a folder is a path, or holds it. */
function holds(folder: string, path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (isSame(folder, at)) return true;
    if (at === dirname(at)) return false;
  }
}

/** What a file is called that is neither a file nor a folder. */
export function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isFIFO()) return 'a pipe';
  if (found.isSocket()) return 'a socket';
  if (found.isCharacterDevice() || found.isBlockDevice()) return 'a device';
  return found.isDirectory() ? 'a folder' : 'a file';
}

/** File systems in which the kernel shows itself, by their numbers in Linux. */
const kernelSystems: ReadonlyMap<number, string> = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x63677270, 'cgroup'],
  [0x27e0eb, 'cgroup'],
  [0x64626720, 'debugfs'],
  [0x73636673, 'securityfs'],
  [0x1cd1, 'devpts'],
]);

/** The innermost folder on the way to a path that is there. */
function nearestFolder(path: string): string {
  let at = resolve(path);
  while (foundAt(at) === undefined && dirname(at) !== at) at = dirname(at);
  return at;
}

/**
 * Makes sure that something can be written at a path for the user, before anything is made there.
 * @throws {UsageError} when the path is none, or leads to where only the system writes.
 */
export async function checkPath(path: string, option: string): Promise<void> {
  if (path.trim() === '') throw new UsageError(`${option}: it is empty: name where to write`);
  if (path.includes('\0')) throw new UsageError(`${option}: a name cannot contain the character NUL`);
  // The system says itself what is wrong with a path that is too long or leads through a file.
  foundAt(path);
  const nearest = nearestFolder(path);
  const isThere = nearest === resolve(path);
  if (!isThere && !existsSync(nearest)) {
    throw new UsageError(`${nearest}: this symbolic link leads nowhere: choose another path`);
  }
  const real = realpathSync(isThere ? dirname(nearest) : nearest);
  const system = kernelSystems.get((await statfs(real)).type);
  const isDevices = (real === '/dev' || real.startsWith('/dev/')) && statSync(real).dev === statSync('/dev').dev;
  if (system !== undefined || isDevices) {
    throw new UsageError(`${path}: this is where the system shows itself, not a place for files: choose another path`);
  }
}

/**
 * Makes sure that a path may become an output folder, whatever is in it.
 * @param sources files and folders that the work reads
 * @throws {UsageError} when it may not.
 */
export async function checkFolderPlace(path: string, sources: readonly string[]): Promise<void> {
  await checkPath(path, '--output');
  const found = foundAt(path);
  if (found === undefined) return;
  if (!found.isDirectory()) {
    const remedy = found.isSymbolicLink() ? 'give the folder that it leads to' : 'choose another name';
    throw new UsageError(`${path}: this is ${kindOf(found)}, and the output is a folder: ${remedy}`);
  }
  const source = (await withOthers(sources)).find((each) => holds(path, each));
  if (source !== undefined) {
    throw new UsageError(
      `${path}: ${isSame(path, source) ? 'this is' : 'it holds'} what is read from: choose another folder`,
    );
  }
  const everyday = [parse(resolve(path)).root, homedir(), process.cwd()];
  if (everyday.some((each) => holds(path, each))) {
    throw new UsageError(
      `${path}: the output needs a folder of its own: name one in it, such as ${path.replace(/[/\\]$/u, '')}${sep}model`,
    );
  }
}
