/** A saved model as its files, wherever they are: config.json, model.safetensors, optimization.json. */
import {
  aDevice,
  aDType,
  aFunction,
  anObject,
  aText,
  check,
  checkOptional,
  checkOptions,
  listOf,
  ruleOf,
  type Rule,
} from '@espalier/tensor/arguments';
import {
  ArgumentError,
  defaultDevice,
  Generator,
  isFloat,
  isTensor,
  type Device,
  type DType,
  type Tensor,
} from '@espalier/tensor';
import { show, showName } from '../config/fields.ts';
import { aByteArray, mapOf } from '../config/rules.ts';
import { FormatError } from '../errors.ts';
import { isRecord, type Json } from '../json.ts';
import { loss, lossConfig, lossProblem, type LossConfig } from '../loss/table.ts';
import { noteTrainedBy, trainedBy } from '../loss/trained-by.ts';
import { build } from '../module/build.ts';
import { frozenNames, type Module, type ModuleConfig } from '../module/module.ts';
import { toBeOverwritten } from '../module/parameter.ts';
import { convertForeign } from './foreign.ts';
import { aRawTensor, decodeSafetensors, encodeSafetensors, type RawTensor } from './safetensors.ts';
import { checkJsonMemory } from './json-memory.ts';
import { placeTensor, rawTensor } from './tensors.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';
import { aModule } from '../module/rule.ts';

/** The version of config.json; others are refused. */
export const modelVersion = 1;

/** The names of the files; the last is there for models that something was done to after training. */
export const modelFileNames = {
  config: 'config.json',
  tensors: 'model.safetensors',
  optimization: 'optimization.json',
} as const;

const aReader = ruleOf<ModelFileReader>('a function from the name of a file to its bytes', aFunction.holds);

/** Gives the bytes of one of a model's files; undefined where there is none of the name. */
export type ModelFileReader = (name: string) => Promise<Uint8Array | undefined>;

/** What the files say about a model besides its values. */
export interface ModelDescription {
  readonly model: ModuleConfig;
  /** Anything else worth keeping: input shape, class names, how it was trained. */
  readonly metadata?: { readonly [key: string]: Json };
  /** What was done to the model after training; the contents of optimization.json. */
  readonly optimization?: Json;
  /** The loss that the model was trained by, one of `lossTypes`, perhaps with how much each class counts. */
  readonly loss?: LossConfig;
  /** The names of the parameters that are not trainable; files that do not say it leave them as the model is built. */
  readonly frozen?: readonly string[];
}

/** All that the files hold, before a model is made of it. */
export interface ModelFiles extends ModelDescription {
  /** Values by name, which need not be those of the model's parameters: an optimized layout has its own. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
}

/** A model from its files. */
export interface LoadedModel extends ModelDescription {
  /** In evaluation mode. */
  readonly module: Module;
}

/**
 * Reads the files of a model. `source` is where they are, for errors.
 * @throws {FormatError} naming the file for what is damaged or missing.
 */
export async function readModelFiles(read: ModelFileReader, source = 'model'): Promise<ModelFiles> {
  check('readModelFiles', 'read', read, aReader);
  check('readModelFiles', 'source', source, aText);
  const path = (name: string): string => (source.endsWith('/') ? `${source}${name}` : `${source}/${name}`);
  const bytesOf = async (name: string): Promise<Uint8Array | undefined> =>
    checkOptional('readModelFiles', `what read gives for ${name}`, await read(name), aByteArray);
  const needed = async (name: string): Promise<Uint8Array> => {
    const bytes = await bytesOf(name);
    if (bytes === undefined) throw new FormatError(path(name), 0, 'is missing; a model has config.json and its values');
    return bytes;
  };
  const place = path(modelFileNames.config);
  const config = parseJson(place, await needed(modelFileNames.config));
  if (
    !isRecord(config) ||
    config['version'] !== modelVersion ||
    !isRecord(config['model']) ||
    typeof config['model']['type'] !== 'string'
  )
    throw new FormatError(place, 0, `is no description of a model of version ${modelVersion}`);
  const { metadata, loss: by, frozen } = config;
  if (metadata !== undefined && !isRecord(metadata)) throw new FormatError(place, 0, 'metadata is no object');
  const problem = by === undefined ? undefined : lossProblem(by);
  if (problem !== undefined) throw new FormatError(place, 0, `loss is ${show(by)}; ${problem}`);
  if (frozen !== undefined && !(Array.isArray(frozen) && frozen.every((name) => typeof name === 'string')))
    throw new FormatError(place, 0, `frozen is ${show(frozen)}; it must be a list of names of parameters`);
  const optimization = await bytesOf(modelFileNames.optimization);
  const valuesPath = path(modelFileNames.tensors);
  const { tensors, foreign } = decodeSafetensors(await needed(modelFileNames.tensors), valuesPath);
  // A model has no use for what is no tensor: here what cannot be converted is an error that names it.
  const converted = [...foreign].map(([name, odd]) => [name, convertForeign(name, odd, valuesPath)] as const);
  return {
    model: config['model'] as ModuleConfig,
    tensors: new Map([...tensors, ...converted]),
    ...(metadata && { metadata: metadata as { readonly [key: string]: Json } }),
    ...(optimization && { optimization: parseJson(path(modelFileNames.optimization), optimization) as Json }),
    ...(by !== undefined && { loss: by as LossConfig }),
    ...(frozen !== undefined && { frozen }),
  };
}

/** What the files say of training: by which loss a model was trained, and which of its parameters are frozen. */
export type TrainingDescription = Pick<ModelDescription, 'loss' | 'frozen'>;

/** What the files of a model say of its training. */
export function describeTraining(model: Module): TrainingDescription {
  check('describeTraining', 'model', model, aModule);
  const by = trainedBy(model);
  const config = by && lossConfig(by);
  return { ...(config !== undefined && { loss: config }), frozen: frozenNames(model) };
}

/**
 * Gives a model what its files say of its training.
 * @throws {FormatError} naming `source`, where they freeze a parameter that the model has not.
 */
export function restoreTraining(model: Module, training: TrainingDescription, source: string): void {
  check('restoreTraining', 'model', model, aModule);
  const { loss: by, frozen } = check<TrainingDescription>('restoreTraining', 'training', training, anObject);
  checkOptional('restoreTraining', 'frozen', frozen, listOf(aText));
  check('restoreTraining', 'source', source, aText);
  if (by !== undefined) noteTrainedBy(model, loss(by));
  if (!frozen) return;
  const parameters = model.namedParameters();
  const unknown = frozen.find((name) => !parameters.has(name));
  if (unknown !== undefined)
    throw new FormatError(
      `${source}/${modelFileNames.config}`,
      0,
      `${showName(unknown)} is frozen, but the model has no such parameter`,
    );
  const names = new Set(frozen);
  for (const [name, parameter] of parameters) parameter.trainable = !names.has(name);
}

const aFileValue: Rule<RawTensor | Tensor> = ruleOf(
  'a tensor, or raw values',
  (value) => isTensor(value) || aRawTensor.holds(value),
);

/**
 * A model's parts as the bytes of its files, the values first and config.json last.
 * @throws {ArgumentError} for metadata that JSON cannot hold.
 */
export async function encodeModelFiles(
  parts: ModelDescription & { readonly tensors: ReadonlyMap<string, RawTensor | Tensor> },
): Promise<Map<string, Uint8Array>> {
  const {
    model,
    metadata,
    optimization,
    loss: by,
    frozen,
    tensors,
  } = check<object>('encodeModelFiles', 'parts', parts, anObject) as typeof parts;
  check('encodeModelFiles', 'tensors', tensors, mapOf(aFileValue));
  const raw = await Promise.all(
    [...tensors].map(async ([name, value]) => [name, isTensor(value) ? await rawTensor(value) : value] as const),
  );
  const { config, tensors: values, optimization: done } = modelFileNames;
  // What is undefined does not appear in JSON.
  const described = jsonBytes({ version: modelVersion, model, loss: by, frozen, metadata });
  return new Map([
    [values, encodeSafetensors(new Map(raw), { format: 'espalier' })],
    ...(optimization === undefined ? [] : [[done, jsonBytes(optimization)] as const]),
    [config, described],
  ]);
}

function jsonBytes(value: unknown): Uint8Array {
  try {
    return encodeUtf8(`${JSON.stringify(value, undefined, 2)}\n`);
  } catch (error) {
    throw new ArgumentError('saveModel', `what is to be kept with the model is no JSON: ${(error as Error).message}`);
  }
}

function parseJson(path: string, bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new FormatError(path, 0, 'is no text in UTF-8');
  checkJsonMemory(text, path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, 0, `is no JSON: ${(error as Error).message}`);
  }
}

/**
 * A saved model from its files, in the dtype that its values have there.
 * @throws {FormatError} for damaged files.
 * @throws {StateError} for values of another architecture.
 *
 * @example
 * const { module } = await loadModelFrom(modelFilesAt('models/digits')); // in a page
 */
export async function loadModelFrom(
  read: ModelFileReader,
  options: { readonly device?: Device; readonly source?: string } = {},
): Promise<LoadedModel> {
  checkOptions('loadModelFrom', options, { device: aDevice, source: aText });
  const { source = 'model', ...place } = options;
  const { tensors, ...description } = await readModelFiles(read, source);
  const module = buildForValues(description.model, dtypesOf(tensors), place.device);
  const values = [...tensors].map(([name, raw]): [string, Tensor] => [name, placeTensor(raw, place.device)]);
  restoreTraining(module, description, source);
  return { ...description, module: module.load(new Map(values)).eval() };
}

/** The dtypes of values by name. */
export function dtypesOf(tensors: ReadonlyMap<string, RawTensor>): Map<string, DType> {
  check('dtypesOf', 'tensors', tensors, mapOf(aRawTensor));
  return new Map([...tensors].map(([name, { dtype }]) => [name, dtype]));
}

/**
 * A model that holds values of these dtypes without loss, its own values to be overwritten: in the dtype that its
 * parameters have among them, or, where they differ, in the narrowest that holds all of them. What the device has no
 * dtype for becomes f32.
 * @throws {ConfigError} for a description of no model.
 */
export function buildForValues(
  config: ModuleConfig,
  dtypes: ReadonlyMap<string, DType>,
  device: Device = defaultDevice(),
): Module {
  check('buildForValues', 'dtypes', dtypes, mapOf(aDType));
  check('buildForValues', 'device', device, aDevice);
  // Initial values must not depend on, or disturb, anybody's random numbers.
  const make = (dtype: DType): Module =>
    toBeOverwritten(() => build(config, { device, dtype, generator: new Generator(0) }));
  const model = make('f32');
  const others = [...dtypes.values()].filter((dtype) => isFloat(dtype) && dtype !== 'f32');
  if (others.length === 0) return model;
  const names = model.namedParameters({ repeated: true }).keys();
  const [first = 'f32', ...more] = new Set([...names].flatMap((name) => dtypes.get(name) ?? []).filter(isFloat));
  const dtype = more.length === 0 ? first : [first, ...more].includes('f64') ? 'f64' : 'f32';
  return dtype === 'f32' || !device.capabilities.dtypes.has(dtype) ? model : make(dtype);
}

/** What is used here of the host's `fetch`. */
interface Fetched {
  readonly ok: boolean;
  readonly status: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * Reads the files of a model from a folder on a server by `fetch`. A file that is answered with 404 is not there.
 * @throws {FormatError} with the address for any other answer that is no success.
 */
export function modelFilesAt(url: string): ModelFileReader {
  check('modelFilesAt', 'url', url, aText);
  const folder = url.endsWith('/') ? url : `${url}/`;
  return async (name) => {
    const { fetch } = globalThis as unknown as { readonly fetch: (address: string) => Promise<Fetched> };
    const answer = await fetch(folder + name);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new FormatError(folder + name, 0, `the server answers with ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
}
