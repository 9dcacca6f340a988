/** A model as a folder: config.json, model.safetensors, optimization.json where something was optimized. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device, Tensor } from '@espalier/tensor';
import { aText, check } from '@espalier/tensor/arguments';
import { aByteArray, mapOf } from '../config/rules.ts';
import { StateError } from '../errors.ts';
import { isRecord } from '../json.ts';
import { describeModel } from '../io/describe-model.ts';
import {
  describeTraining,
  encodeModelFiles,
  loadModelFrom,
  modelFileNames,
  readModelFiles,
  type LoadedModel,
  type ModelDescription,
  type ModelFileReader,
  type ModelFiles,
  type TrainingDescription,
} from '../io/model-files.ts';
import type { RawTensor } from '../io/safetensors.ts';
import type { Module } from '../module/module.ts';
import { writeFileAtomic } from './atomic.ts';

/** Extras of a saved model. */
export type SaveOptions = Omit<ModelDescription, 'model' | keyof TrainingDescription>;

/** Writes the files of a model (`encodeModelFiles`). Each appears at once or not at all, config.json last. */
export async function writeModelFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  check('writeModelFiles', 'folder', folder, aText);
  check('writeModelFiles', 'files', files, mapOf(aByteArray));
  const { tensors, optimization, config } = modelFileNames;
  for (const name of [tensors, optimization, config]) {
    const bytes = files.get(name);
    if (bytes === undefined) await rm(join(folder, name), { force: true });
    else await writeFileAtomic(join(folder, name), bytes);
  }
}

/**
 * Writes the parts of a model. Each file appears at once or not at all, config.json last.
 * @throws {ArgumentError} before anything is written, for metadata that JSON cannot hold.
 */
export async function writeModelFolder(
  folder: string,
  parts: ModelDescription & { readonly tensors: ReadonlyMap<string, RawTensor | Tensor> },
): Promise<void> {
  await writeModelFiles(folder, await encodeModelFiles(parts));
}

/** Reads the files of a model from a folder; one that must be there and is not is the system's own error. */
export function modelFilesIn(folder: string): ModelFileReader {
  return async (name) => {
    try {
      return await readFile(join(folder, name));
    } catch (error) {
      if (name === modelFileNames.optimization && isRecord(error) && error['code'] === 'ENOENT') return undefined;
      throw error;
    }
  };
}

/**
 * Reads the parts of a model.
 * @throws {FormatError} naming the file for what is damaged; a missing file is the system's own error.
 */
export function readModelFolder(folder: string): Promise<ModelFiles> {
  return readModelFiles(modelFilesIn(folder), folder);
}

/**
 * Saves a model: its architecture, its raw parameters and buffers, which parameters are frozen, and by which loss it
 * was trained.
 * @throws {StateError} naming them, for parameters with views, which plain values in a file would lose, and for modules
 * that nobody could build again: of a type that is not registered, or described by what is no JSON.
 */
export async function saveModel(folder: string, model: Module, options: SaveOptions = {}): Promise<void> {
  const seen = [...model.namedParameters()].flatMap(([name, parameter]) => {
    // Asked for its views, a stored weight would become dense.
    const own = parameter.stored ? [parameter.stored.matrix.format] : parameter.views;
    const other = [...own, ...parameter.inputs];
    return other.length > 0 ? [`${name} (${other.map((each) => each.name).join(', ')})`] : [];
  });
  if (seen.length > 0)
    throw new StateError(
      'saveModel',
      `a file of plain values cannot hold the views of ${seen.slice(0, 8).join(', ')}${seen.length > 8 ? ' and others' : ''}; save masks, quantization and formats with saveOptimized of @espalier/optimize, and remove other views first`,
      { unexpected: seen.map((text) => text.slice(0, text.lastIndexOf(' ('))) },
    );
  const description = describeModel('saveModel', model);
  const tensors = model.rawTensors();
  await writeModelFolder(folder, { ...options, ...describeTraining(model), model: description, tensors });
}

/**
 * Loads a saved model, in the dtype that its values have in the file.
 * @throws {FormatError} for damaged files.
 * @throws {StateError} for values of another architecture.
 */
export function loadModel(folder: string, options: { readonly device?: Device } = {}): Promise<LoadedModel> {
  return loadModelFrom(modelFilesIn(folder), { ...options, source: folder });
}
