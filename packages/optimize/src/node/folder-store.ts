/** A store of searches in a folder, and models that take the place of others. */
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic, writeModelFiles } from '@espalier/nn/node';
import { aByteArray, mapOf } from '@espalier/nn/arguments';
import { aText, check, ruleOf } from '@espalier/tensor/arguments';
import type { LoopStore } from '../loop/store.ts';

/** What a promise of a file gives, or undefined where there is none. */
async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    const code: unknown = Reflect.get(Object(error) as object, 'code');
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * A store for `optimize` in a folder of its own: a search that was killed goes on from it. Each file appears whole or not at all.
 *
 * @example
 * await optimize(model, { data, goals: ['accuracy>=base-0.2pp'], store: folderStore('runs/search') });
 */
export function folderStore(folder: string): LoopStore {
  check('folderStore', 'folder', folder, aText);
  return {
    read: (path) => ifThere(readFile(join(folder, path))),
    readText: (path) => ifThere(readFile(join(folder, path), 'utf8')),
    write: (path, contents) => writeFileAtomic(join(folder, path), contents),
  };
}

const someFiles = ruleOf<ReadonlyMap<string, Uint8Array>>(
  'the files of a model by name, config.json and model.safetensors among them',
  (value) => mapOf(aByteArray).holds(value) && value.has('config.json') && value.has('model.safetensors'),
);

/**
 * Puts the files of a model in the place of those of another, in a folder that holds nothing else. Whoever looks there finds one of
 * the two whole, or for a moment nothing.
 */
export async function replaceModel(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  check('replaceModel', 'folder', folder, aText);
  check('replaceModel', 'files', files, someFiles);
  const [fresh, old] = [`${folder}.new`, `${folder}.old`];
  await rm(fresh, { recursive: true, force: true });
  await writeModelFiles(fresh, files);
  await rm(old, { recursive: true, force: true });
  await ifThere(rename(folder, old));
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}
