/** Files that commands write: whole or not at all, and over another one only when asked. */
import { linkSync, lstatSync, renameSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder, syncFolder } from '@espalier/nn/node';
import { UsageError } from '../errors.ts';
import { removeEmpty } from './manifest.ts';
import { checkPath, foundAt, isReadFrom, kindOf } from './place.ts';

/** A file that a command is to write. */
export interface FileRequest {
  readonly path: string;
  /** Replaces a file that is there. */
  readonly overwrite?: boolean;
  /** Files that the command reads, which it does not replace. */
  readonly sources?: readonly string[];
}

/**
 * Makes sure that a file may be written, before it is made.
 * @throws {UsageError} when it may not.
 */
export async function checkOutputFile({ path, overwrite = false, sources = [] }: FileRequest): Promise<void> {
  await checkPath(path, '--output');
  if (/[/\\]$/u.test(path)) throw new UsageError(`${path}: this names a folder: name a file in it`);
  const found = foundAt(path);
  if (found === undefined) return;
  if (!found.isFile())
    throw new UsageError(`${path}: this is ${kindOf(found)}, and the output is a file: name another`);
  if (await isReadFrom(path, sources)) {
    throw new UsageError(`${path}: this belongs to what is read from: name another file`);
  }
  if (!overwrite)
    throw new UsageError(`${path}: there is a file of this name: replace it by --overwrite, or name another`);
}

/** Gives a whole file its name, in place of the one there only where that was asked for. */
function take(temporary: string, { path, overwrite = false }: FileRequest): void {
  if (!overwrite) {
    try {
      linkSync(temporary, path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const hasNoLinks = code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS';
      if (!hasNoLinks || lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw error;
    }
  }
  renameSync(temporary, path);
}

/**
 * Writes a file that appears when it is whole.
 * @param write writes it at another path
 * @throws {UsageError} when it may not be written.
 * @throws {Error} the system's, which names the file, when that fails.
 */
export async function writeOutputFile(request: FileRequest, write: (path: string) => Promise<void>): Promise<void> {
  await checkOutputFile(request);
  const { path } = request;
  const folder = dirname(resolve(path));
  const made = await makeFolder(folder);
  const temporary = join(folder, `.${basename(path).slice(0, 100)}.${process.pid}.tmp`);
  try {
    await write(temporary);
    const file = await open(temporary, 'r+');
    await file.sync().finally(() => file.close());
    take(temporary, request);
    await syncFolder(folder);
  } catch (error) {
    if (error instanceof Error) {
      error.message = error.message.replaceAll(temporary, path);
      if ('code' in error && 'syscall' in error) Object.assign(error, { path, dest: undefined });
    }
    throw error;
  } finally {
    await rm(temporary, { force: true });
    for (const each of made.toReversed()) removeEmpty(each);
  }
}
