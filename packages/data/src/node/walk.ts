/** The files below a folder, links included, and no link followed in a circle. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../errors.ts';

/** What lies below a folder, by paths from it with `/`, in no order. */
export interface Walked {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** What a system error says, in words. */
const words: Readonly<Record<string, string>> = {
  EACCES: 'may not be read: give yourself the right to',
  EPERM: 'may not be read: give yourself the right to',
  ELOOP: 'is a link that leads to itself: remove it',
  ENOENT: 'is a link that leads nowhere: remove it',
  ENOTDIR: 'is no folder',
};

/** @throws {DataError} naming the path, for what the system refuses. */
export async function orRefused<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const problem = words[String(Reflect.get(Object(error), 'code'))];
    throw problem === undefined ? error : new DataError(path, {}, problem);
  }
}

/**
 * All files and folders below a folder, but hidden ones.
 * @throws {DataError} naming a link that leads nowhere or to a folder that it lies in, and what may not be read.
 */
export async function walk(folder: string): Promise<Walked> {
  const [files, folders]: [string[], string[]] = [[], []];
  const into = async (below: string, above: readonly string[]): Promise<void> => {
    const place = join(folder, below);
    const real = await orRefused(place, () => realpath(place));
    if (above.includes(real))
      throw new DataError(place, {}, `is a link that leads to ${real}, which it lies in: remove it`);
    for (const entry of await orRefused(place, () => readdir(place, { withFileTypes: true }))) {
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const own = entry.isSymbolicLink() ? await orRefused(join(folder, path), () => stat(join(folder, path))) : entry;
      if (own.isFile()) files.push(path);
      if (!own.isDirectory()) continue;
      folders.push(path);
      await into(path, [...above, real]);
    }
  };
  await into('', []);
  return { files, folders };
}
