/** A store of searches in a folder, and models that take the place of others. */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { writeFileAtomic, writeModelFiles } from '@espalier/nn/node';
import { aByteArray, mapOf } from '@espalier/nn/arguments';
import { ArgumentError } from '@espalier/tensor';
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

/** What files of a model are called. */
const names = new Set(['config.json', 'model.safetensors', 'optimization.json']);

/** @throws {ArgumentError} unless a folder is not there, or holds files of a model alone, perhaps such as were not finished. */
async function checkReplaceable(folder: string, own: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const foreign = ((await ifThere(readdir(folder))) ?? []).filter(
    (name) => !names.has(name) && !own.has(name) && !/^\..+\.tmp$/u.test(name),
  );
  if (foreign.length > 0)
    throw new ArgumentError(
      'replaceModel',
      `${folder} holds ${foreign.slice(0, 3).join(', ')}, which is of no model; give it a folder that holds nothing else`,
    );
}

/**
 * Puts the files of a model in the place of those of another, in a folder that holds nothing else. Whoever looks there finds one of
 * the two whole, or for a moment nothing. Until that is done they lie beside it, as `.NAME.espalier-new` and `.NAME.espalier-old`.
 * @throws {ArgumentError} for a folder that holds anything else, which is left alone.
 */
export async function replaceModel(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  check('replaceModel', 'folder', folder, aText);
  check('replaceModel', 'files', files, someFiles);
  const whole = resolve(folder);
  const [fresh, old] = ['new', 'old'].map((part) => join(dirname(whole), `.${basename(whole)}.espalier-${part}`)) as [
    string,
    string,
  ];
  for (const each of [whole, fresh, old]) await checkReplaceable(each, files);
  await rm(fresh, { recursive: true, force: true });
  await writeModelFiles(fresh, files);
  await rm(old, { recursive: true, force: true });
  await ifThere(rename(whole, old));
  await rename(fresh, whole);
  await rm(old, { recursive: true, force: true });
}
