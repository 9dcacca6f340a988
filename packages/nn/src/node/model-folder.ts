/** A model as a folder: config.json, model.safetensors, optimization.json where something was optimized. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError, isTensor, type Device, type Tensor } from '@espalier/tensor';
import { StateError } from '../errors.ts';
import { isRecord } from '../json.ts';
import { describeModel } from '../io/describe-model.ts';
import {
  describeTraining,
  loadModelFrom,
  modelFileNames,
  modelVersion,
  readModelFiles,
  type LoadedModel,
  type ModelDescription,
  type ModelFileReader,
  type ModelFiles,
  type TrainingDescription,
} from '../io/model-files.ts';
import { encodeSafetensors, type RawTensor } from '../io/safetensors.ts';
import { rawTensor } from '../io/tensors.ts';
import type { Module } from '../module/module.ts';
import { writeFileAtomic } from './atomic.ts';

/** Extras of a saved model. */
export type SaveOptions = Omit<ModelDescription, 'model' | keyof TrainingDescription>;

/**
 * Writes the parts of a model. Each file appears at once or not at all, config.json last.
 * @throws {ArgumentError} before anything is written, for metadata that JSON cannot hold.
 */
export async function writeModelFolder(
  folder: string,
  parts: ModelDescription & { readonly tensors: ReadonlyMap<string, RawTensor | Tensor> },
): Promise<void> {
  const { model, metadata, optimization, loss, frozen, tensors } = parts;
  const raw = await Promise.all(
    [...tensors].map(async ([name, value]) => [name, isTensor(value) ? await rawTensor(value) : value] as const),
  );
  const { config, tensors: values, optimization: done } = modelFileNames;
  // What is undefined does not appear in JSON.
  const described = json({ version: modelVersion, model, loss, frozen, metadata });
  const doing = optimization === undefined ? undefined : json(optimization);
  await writeFileAtomic(join(folder, values), encodeSafetensors(new Map(raw), { format: 'espalier' }));
  if (doing === undefined) await rm(join(folder, done), { force: true });
  else await writeFileAtomic(join(folder, done), doing);
  await writeFileAtomic(join(folder, config), described);
}

function json(value: unknown): string {
  try {
    return `${JSON.stringify(value, undefined, 2)}\n`;
  } catch (error) {
    throw new ArgumentError('saveModel', `what is to be kept with the model is no JSON: ${(error as Error).message}`);
  }
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
    const other = parameter.stored ? [parameter.stored.matrix.format] : parameter.views;
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
