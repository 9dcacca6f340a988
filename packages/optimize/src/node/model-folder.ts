/** Optimized models as folders: config.json, model.safetensors, optimization.json. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { build, FormatError, type Json, type Module } from '@espalier/nn';
import { readModelFolder, writeModelFolder } from '@espalier/nn/node';
import { Generator, type Device } from '@espalier/tensor';
import { parseDescription, type WeightDescription } from '../layout/materialize.ts';
import { packWeights, unpackWeights } from '../layout/model-file.ts';

/** The key of `metadata` in config.json under which the layouts of weights are described. */
const layoutKey = 'quantization_config';
const method = 'espalier';
const version = 1;

/** What is kept with a model. */
export interface SaveOptimizedOptions {
  /** Anything worth keeping, in config.json. */
  readonly metadata?: { readonly [key: string]: Json };
  /** What was done to the model; the contents of optimization.json. */
  readonly optimization?: Json;
}

/** A model from a folder. */
export interface OptimizedModel {
  /** In evaluation, with its masks and its quantization. */
  readonly model: Module;
  readonly metadata: { readonly [key: string]: Json };
  readonly optimization: Json | undefined;
}

/**
 * Saves a model as a folder, each weight in its smallest layout; the layouts are described in config.json. Loaded again it
 * computes exactly the same. A model without masks and quantization is saved as `saveModel` of `@espalier/nn` does it.
 * Each file appears at once or not at all, config.json last. Returns the bytes of the folder's files.
 */
export async function saveOptimized(
  folder: string,
  model: Module,
  options: SaveOptimizedOptions = {},
): Promise<number> {
  const { tensors, descriptions } = await packWeights(model);
  const { [layoutKey]: _, ...kept } = options.metadata ?? {};
  const isPlain = Object.keys(descriptions).length === 0;
  const layouts: Json = { quant_method: method, version, parameters: descriptions as unknown as Json };
  await writeModelFolder(folder, {
    model: model.config(),
    tensors,
    metadata: isPlain ? kept : { ...kept, [layoutKey]: layouts },
    ...(options.optimization !== undefined && { optimization: options.optimization }),
  });
  return folderBytes(folder);
}

/**
 * Loads what `saveOptimized`, or `saveModel` of `@espalier/nn`, saved: no user code is needed. Throws FormatError, naming
 * the file and what is wrong with it, for a damaged folder.
 */
export async function loadOptimized(
  folder: string,
  options: { readonly device?: Device } = {},
): Promise<OptimizedModel> {
  const { model: config, tensors, metadata = {}, optimization } = await readModelFolder(folder);
  const { [layoutKey]: layouts, ...kept } = metadata;
  const descriptions = parseLayouts(join(folder, 'config.json'), layouts);
  // The initial values are overwritten at once: they must not depend on, or disturb, anybody's random numbers.
  const model = build(config, { ...options, generator: new Generator(0) });
  unpackWeights(join(folder, 'model.safetensors'), model, { tensors, descriptions });
  return { model: model.eval(), metadata: kept, optimization };
}

function parseLayouts(source: string, layouts: Json | undefined): Record<string, WeightDescription> {
  if (layouts === undefined) return {};
  const { quant_method: by, version: of, parameters } = layouts as Readonly<Record<string, unknown>>;
  if (by !== method || of !== version || typeof parameters !== 'object' || parameters === null) {
    throw new FormatError(
      source,
      0,
      `${layoutKey} is by '${String(by)}', version ${String(of)}; only '${method}', version ${version}, is read`,
    );
  }
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, parseDescription(source, name, value)]),
  );
}

/** Bytes of a model folder's own files. */
export async function folderBytes(folder: string): Promise<number> {
  const files = ['config.json', 'model.safetensors', 'optimization.json'];
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(folder, file)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
