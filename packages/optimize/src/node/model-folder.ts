/** Optimized models as folders: config.json, model.safetensors, optimization.json. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json, Module } from '@espalier/nn';
import { aPreference } from '@espalier/nn/arguments';
import { modelFilesIn, writeModelFiles } from '@espalier/nn/node';
import { aBoolean, aDevice, anObject, aText, check, checkOptions, ruleOf } from '@espalier/tensor/arguments';
import { anything } from '../arguments.ts';
import {
  loadOptimizedFrom,
  optimizedFiles,
  type LoadOptimizedOptions,
  type OptimizedModel,
} from '../layout/optimized-files.ts';

/** What is kept with a model. */
export interface SaveOptimizedOptions {
  /** Anything worth keeping, in config.json. */
  readonly metadata?: { readonly [key: string]: Json };
  /** What was done to the model; the contents of optimization.json. */
  readonly optimization?: Json;
  /** Whether weights are entropy-coded where that is smaller (see `packWeights`). Default: false. */
  readonly entropy?: boolean;
}

/**
 * Saves a model as a folder, each weight in its smallest layout; the layouts are described in config.json. Loaded again
 * its weights are the same to the last bit. A model without masks and quantization is saved as `saveModel` of
 * `@espalier/nn` does it. Each file appears at once or not at all, config.json last. Returns the bytes of the folder's
 * files.
 * @throws {StateError} naming the module, for a type that is not registered and for a description that is no JSON.
 */
export async function saveOptimized(
  folder: string,
  model: Module,
  options: SaveOptimizedOptions = {},
): Promise<number> {
  check('saveOptimized', 'folder', folder, aText);
  checkOptions('saveOptimized', options, {
    metadata: ruleOf(anObject.is, anObject.holds),
    optimization: anything(),
    entropy: aBoolean,
  });
  await writeModelFiles(folder, await optimizedFiles(model, options));
  return folderBytes(folder);
}

/**
 * Loads what `saveOptimized`, or `saveModel` of `@espalier/nn`, saved: no user code is needed. Weights stay in the
 * formats of the file where the device computes from them, and become dense when they are trained (see
 * `Parameter.stored`).
 * @throws {FormatError} naming the file and what is wrong with it, for a damaged folder.
 */
export async function loadOptimized(folder: string, options: LoadOptimizedOptions = {}): Promise<OptimizedModel> {
  check('loadOptimized', 'folder', folder, aText);
  checkOptions('loadOptimized', options, { device: aDevice, prefer: aPreference });
  return loadOptimizedFrom(modelFilesIn(folder), { ...options, source: folder });
}

/** Bytes of a model folder's own files. */
export async function folderBytes(folder: string): Promise<number> {
  check('folderBytes', 'folder', folder, aText);
  const files = ['config.json', 'model.safetensors', 'optimization.json'];
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(folder, file)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
