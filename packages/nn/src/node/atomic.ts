/** Files that are either the old one or the new one, whatever happens meanwhile. */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from './make-folder.ts';

let written = 0;

/**
 * Writes a file by way of a temporary one in the same folder, which reaches the disk before it takes the name. The errors
 * of the system name the file in their `path`, also those of writing, such as that of a full disk, which name none by themselves.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  await writeAtomically(path, (append) => append(data));
}

/**
 * As `writeFileAtomic`, in pieces: what `write` appends becomes the file when its promise is kept. Where it fails, nothing
 * is left but the file that was there before.
 */
export async function writeAtomically<Result>(
  path: string,
  write: (append: (data: Uint8Array | string) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${++written}.tmp`);
  let result: Result;
  try {
    const file = await naming(path, open(temporary, 'wx'));
    try {
      result = await write((data) => naming(path, file.writeFile(data)));
      await naming(path, file.sync());
    } finally {
      await file.close();
    }
    await naming(path, rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
  return result;
}

/** Errors of the system say which file was to be written. */
async function naming<T>(path: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}

/** Makes what was renamed in a folder durable, where the system can do that. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
