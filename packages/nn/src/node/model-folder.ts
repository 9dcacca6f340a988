/** A model as a folder: config.json, model.safetensors, optimization.json where something was optimized. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBytes, Generator, isTensor, type Device, type Tensor } from '@espalier/tensor';
import { FormatError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors, type RawTensor } from '../io/safetensors.ts';
import { rawTensor } from '../io/tensors.ts';
import { isRecord, type Json } from '../json.ts';
import { build } from '../module/build.ts';
import type { Module, ModuleConfig } from '../module/module.ts';
import { writeFileAtomic } from './atomic.ts';

/** The version of config.json; others are refused. */
const version = 1;

const files = { config: 'config.json', tensors: 'model.safetensors', optimization: 'optimization.json' } as const;

/** What a folder says about a model besides its values. */
export interface ModelDescription {
  readonly model: ModuleConfig;
  /** Anything else worth keeping: input shape, class names, how it was trained. */
  readonly metadata?: { readonly [key: string]: Json };
  /** What was done to the model after training; the contents of optimization.json. */
  readonly optimization?: Json;
}

/** All that a folder holds, before a model is made of it. */
export interface ModelFolder extends ModelDescription {
  /** Values by name, which need not be those of the model's parameters: an optimized layout has its own. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
}

/** Extras of a saved model. */
export type SaveOptions = Omit<ModelDescription, 'model'>;

/** Writes the parts of a model. Each file appears at once or not at all, config.json last. */
export async function writeModelFolder(
  folder: string,
  parts: ModelDescription & { readonly tensors: ReadonlyMap<string, RawTensor | Tensor> },
): Promise<void> {
  const { model, metadata, optimization, tensors } = parts;
  const raw = await Promise.all(
    [...tensors].map(async ([name, value]) => [name, isTensor(value) ? await rawTensor(value) : value] as const),
  );
  await writeFileAtomic(join(folder, files.tensors), encodeSafetensors(new Map(raw), { format: 'espalier' }));
  if (optimization === undefined) await rm(join(folder, files.optimization), { force: true });
  else await writeFileAtomic(join(folder, files.optimization), json(optimization));
  await writeFileAtomic(join(folder, files.config), json({ version, model, ...(metadata && { metadata }) }));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Reads the parts of a model. Throws FormatError naming the file for what is damaged; a missing file is the system's own error. */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const path = join(folder, files.config);
  const config = parse(path, await readFile(path, 'utf8'));
  if (
    !isRecord(config) ||
    config['version'] !== version ||
    !isRecord(config['model']) ||
    typeof config['model']['type'] !== 'string'
  )
    throw new FormatError(path, 0, `is no description of a model of version ${version}`);
  const { metadata } = config;
  if (metadata !== undefined && !isRecord(metadata)) throw new FormatError(path, 0, 'metadata is no object');
  const optimization = await readOptional(join(folder, files.optimization));
  const tensorsPath = join(folder, files.tensors);
  const { tensors } = decodeSafetensors(await readFile(tensorsPath), tensorsPath);
  return {
    model: config['model'] as ModuleConfig,
    tensors,
    ...(metadata && { metadata: metadata as { readonly [key: string]: Json } }),
    ...(optimization !== undefined && { optimization }),
  };
}

async function readOptional(path: string): Promise<Json | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isRecord(error) && error['code'] === 'ENOENT') return undefined;
    throw error;
  }
  return parse(path, text) as Json;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, 0, `is no JSON: ${(error as Error).message}`);
  }
}

/** Saves a model: its architecture, and its raw parameters and buffers. */
export async function saveModel(folder: string, model: Module, options: SaveOptions = {}): Promise<void> {
  await writeModelFolder(folder, { ...options, model: model.config(), tensors: model.rawTensors() });
}

/** A model from a folder. */
export interface LoadedModel extends ModelDescription {
  /** In evaluation mode. */
  readonly module: Module;
}

/** Loads a saved model. Throws FormatError for damaged files, StateError for values of another architecture. */
export async function loadModel(folder: string, options: { readonly device?: Device } = {}): Promise<LoadedModel> {
  const { tensors, ...description } = await readModelFolder(folder);
  // The initial values are overwritten at once: they must not depend on, or disturb, anybody's random numbers.
  const module = build(description.model, { ...options, generator: new Generator(0) });
  const place = options.device ? { device: options.device } : {};
  const values = [...tensors].map(([name, { bytes, shape, dtype }]): [string, Tensor] => [
    name,
    fromBytes(bytes, shape, { dtype, ...place }),
  ]);
  return { ...description, module: module.load(new Map(values)).eval() };
}
