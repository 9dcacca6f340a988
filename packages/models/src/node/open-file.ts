/** Files of tensors on a disk: opened with the files beside them, and written so that they are whole or not there. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { FormatError } from '@espalier/nn';
import { fileBytes, writeAtomically } from '@espalier/nn/node';
import { showName } from '@espalier/nn/arguments';
import type { ByteSource } from '@espalier/nn/format';
import { aFunction, aText, check } from '@espalier/tensor/arguments';
import type { ByteSink } from '../bytes/byte-sink.ts';
import { openTensors, type OpenTensorsOptions } from '../containers/registry.ts';
import { openHuggingFace, type ModelFolder } from '../huggingface/model-folder.ts';
import type { TensorSource } from '../tensors/tensor-source.ts';

/**
 * Opens a file of tensors. Files that it names, shards and external data, are looked for in its folder and nowhere else.
 * @throws {FormatError} for what is damaged or of no known format, and for a name that leads out of the folder.
 */
export async function openTensorFile(
  path: string,
  options: Omit<OpenTensorsOptions, 'sibling'> = {},
): Promise<TensorSource> {
  check('openTensorFile', 'path', path, aText);
  return openTensors(await fileBytes(path), { ...options, sibling: siblingsOf(path) });
}

/**
 * Opens a folder of Hugging Face: config.json with the weights beside it. Nothing outside of the folder is read.
 * @throws {FormatError} naming the file that is missing or damaged.
 */
export function openModelFolder(folder: string): Promise<ModelFolder> {
  check('openModelFolder', 'folder', folder, aText);
  return openHuggingFace(siblingsOf(join(folder, 'config.json')), folder);
}

/** What the system says of a name that no file has. */
const absent: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

/**
 * Opens files that lie in the folder of another, or below it, by the names that it gives them.
 * @throws {FormatError} on being called, naming the file, for a name that leads elsewhere: absolute, with `..`, or by a link.
 */
export function siblingsOf(path: string): (name: string) => Promise<ByteSource | undefined> {
  const folder = dirname(path);
  return async (name) => {
    const refuse = (how: string): never => {
      throw new FormatError(
        path,
        0,
        `names the file ${showName(name)}, which ${how}; only files of its own folder are read`,
      );
    };
    if (name === '' || name.includes('\0')) refuse('is no name of a file');
    // Of the other system too: what is a name here is a path there.
    if (isAbsolute(name) || /^[a-z]:|^[/\\]/iu.test(name)) refuse('is an absolute path');
    if (name.split(/[/\\]/u).includes('..')) refuse('leads out of its folder');
    const place = join(folder, name);
    try {
      const way = relative(await realpath(folder), await realpath(place));
      if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) refuse('is a link out of its folder');
    } catch (error) {
      if (absent.has((error as { readonly code?: unknown }).code)) return undefined;
      throw error;
    }
    return fileBytes(place);
  };
}

/**
 * Gives a sink whose bytes become a file of that path when the promise of `write` is kept: it is whole or what was there
 * before. The folder is made.
 */
export function writeFileBy<Result>(path: string, write: (sink: ByteSink) => Promise<Result>): Promise<Result> {
  check('writeFileBy', 'path', path, aText);
  check<unknown>('writeFileBy', 'write', write, aFunction);
  return writeAtomically(path, (append) => write({ write: append }));
}
