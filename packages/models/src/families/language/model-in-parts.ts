/** A language model of a file a part at a time: whoever works on one layer holds no other. */
import { buildForValues, prefer, type Json, type Module, type ModuleConfig } from '@espalier/nn';
import { ArgumentError, defaultDevice, fromTyped, type Device } from '@espalier/tensor';
import {
  aDevice,
  anObject,
  aText,
  check,
  checkOptions,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import type { Description, ModelFolder } from '../../huggingface/model-folder.ts';
import { joinedSource, partSource, type TensorParts } from '../../tensors/parts.ts';
import { readTensor } from '../../tensors/read-tensor.ts';
import type { TensorEntry, TensorSource, WrittenTensor } from '../../tensors/tensor-source.ts';
import { carriedTensor, writtenTensor } from '../../tensors/write-tensor.ts';
import type { LanguageDescription } from '../files/description.ts';
import { familyNamed, languageFamilies } from '../files/file-families.ts';
import { checkNames } from '../files/fill.ts';
import { findMember } from '../files/open-member.ts';
import { configToWrite, pairsToWrite } from '../files/said-to-write.ts';
import { describeLanguage } from './open-language-model.ts';

/** A language model of which nothing but the description was read yet. */
export interface ModelInParts {
  readonly description: LanguageDescription;
  /** The model as `build` takes it. */
  readonly config: ModuleConfig;
  /** Its submodules in the order of the file: `embedding`, `layers.0` … `norm`, `head`. */
  readonly places: readonly string[];
  /** Its tensors by the names of parameters, as they are in the file. */
  readonly tensors: TensorSource;
  /** The file by its own names. */
  readonly source: TensorSource;
  /** Layers of the file that the model is without, counted from 0. Default: none. */
  readonly dropped?: readonly number[];
  /** Of a model with fewer heads than the file: those of each layer that are left, and what they were chosen by. */
  readonly heads?: Json;
}

/** What functions that take a model in parts check it by. */
export const aModelInParts: Rule<ModelInParts> = ruleOf(
  'a model, as openModelInParts gives one',
  (value) =>
    anObject.holds(value) &&
    [value['description'], value['config'], value['tensors'], value['source']].every(anObject.holds) &&
    Array.isArray(value['places']),
);

/** How a submodule is opened. */
export interface OpenPartOptions {
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
  /** Where its weights are, by the names of parameters. Default: those of the file. */
  readonly tensors?: TensorSource;
}

const openPartRules: OptionRules<OpenPartOptions> = { device: aDevice, tensors: anObject as never };

/** A model as a format has it. */
export interface ModelToStore {
  /** The tensors of a file by the names of parameters, of those of the model. */
  readonly parts: TensorParts;
  /** The tensors of the file, of a model by the names of parameters: values are asked for when it is their turn. */
  readonly tensors: (own: TensorSource) => TensorSource;
  /** Tensors that no parameter is: tables of numbers, and what is carried. */
  readonly others: ReadonlyMap<string, WrittenTensor>;
  /** What the file says, given what it has: pairs of GGUF, or config.json. */
  readonly said: (tensors: ReadonlyMap<string, TensorEntry>) => Description;
}

/**
 * Opens a language model of a known family without reading weights.
 * @throws {FormatError} as `openLanguageModel`.
 */
export async function openModelInParts(from: ModelFolder | TensorSource): Promise<ModelInParts> {
  check<object>('openModelInParts', 'from', from, anObject);
  const { family, model, source, description } = await findMember(languageFamilies, from);
  const config = family.layers(model.model);
  const { parts, prefix, unused = [] } = model;
  const others = checkNames(source, parts, [...parts.keys()], unused);
  const file = {
    family: family.type,
    model: model.model,
    ...(prefix !== undefined && { prefix }),
    ...description,
    unused: others,
  };
  return {
    description: await describeLanguage(from, family, file),
    config,
    places: placesOf(config),
    tensors: partSource(source, parts),
    source,
  };
}

function placesOf(config: ModuleConfig): readonly string[] {
  return Object.entries(config).flatMap(([name, part]) => {
    if (name === 'type' || name === 'ties') return [];
    const { layers } = part as { readonly layers?: unknown };
    return name === 'layers' && Array.isArray(layers) ? layers.map((_, index) => `layers.${index}`) : [name];
  });
}

/**
 * The same model with other layers, as `build` takes them, said in the words of its family; where their tensors are is the matter of whoever
 * asks.
 * @throws {ArgumentError} without a layer.
 */
export function withLayers(model: ModelInParts, layers: readonly ModuleConfig[]): ModelInParts {
  const { config: before, description } = check('withLayers', 'the model', model, aModelInParts);
  const [first] = check('withLayers', 'the layers', layers, listOf<ModuleConfig>(anObject as never));
  if (!first) throw new ArgumentError('withLayers', 'a model has one layer at least; leave one');
  const config = { ...before, layers: { ...(before['layers'] as object), layers } };
  const sizes = familyNamed(description.family).sizes(config, first, layers);
  return {
    ...model,
    config,
    description: { ...description, model: { ...description.model, ...sizes, layers: layers.length } },
    places: placesOf(config),
  };
}

/** The descriptions of the layers of a model, in their order. */
export function layersOf(model: ModelInParts): readonly ModuleConfig[] {
  const { config } = check('layersOf', 'the model', model, aModelInParts);
  return (config['layers'] as { readonly layers: readonly ModuleConfig[] }).layers;
}

/** The description of a submodule. */
function configAt({ config, places }: ModelInParts, place: string): ModuleConfig {
  if (!places.includes(place))
    throw new ArgumentError('openPart', `place is '${place}'; the model has ${places.join(', ')}`);
  const [name = '', index] = place.split('.');
  const part = config[name] as ModuleConfig;
  return index === undefined ? part : ((part['layers'] as readonly ModuleConfig[])[Number(index)] as ModuleConfig);
}

/**
 * A submodule of a model with its weights as f32, in evaluation mode.
 * @throws {FormatError} for a tensor that cannot be read.
 */
export async function openPart(model: ModelInParts, place: string, options: OpenPartOptions = {}): Promise<Module> {
  check('openPart', 'model', model, aModelInParts);
  check('openPart', 'place', place, aText);
  const { device = defaultDevice(), tensors = model.tensors } = checkOptions('openPart', options, openPartRules);
  const module = buildForValues(configAt(model, place), new Map(), device);
  const { ties = {} } = model.config as { readonly ties?: Readonly<Record<string, string>> };
  for (const [name, parameter] of module.namedParameters()) {
    const own = `${place}.${name}`;
    const value = await readTensor(tensors, ties[own] ?? own, { device });
    parameter.tensor.assign(value.cast(parameter.dtype));
    parameter.tensor.realizeSync();
    value.dispose();
  }
  prefer(module, 'balance');
  return module.eval();
}

/**
 * How a format has a model that was opened in parts.
 * @throws {ArgumentError} for a family that the format does not know.
 * @throws {ConfigError} naming what the family, or the format, has no words for.
 */
export function storedAs(model: ModelInParts, to: 'gguf' | 'huggingface'): ModelToStore {
  const { description, source } = check('storedAs', 'model', model, aModelInParts);
  check('storedAs', 'to', to, oneOf('gguf', 'huggingface'));
  const family = familyNamed(description.family);
  const format = to === 'gguf' ? family.gguf : family.huggingFace;
  if (!format) throw new ArgumentError('storedAs', `models of ${family.type} are not written to ${to}; write a folder`);
  const isSame = description.format === to;
  const { said, parts, extra } = format.write(description.model, isSame ? description : {});
  const others = new Map<string, WrittenTensor>();
  for (const [name, values] of extra ?? [])
    others.set(name, writtenTensor(fromTyped(Float32Array.from(values), [values.length])));
  if (isSame)
    for (const name of description.unused) if (!others.has(name)) others.set(name, carriedTensor(source, name));
  const words = to === 'gguf' ? pairsToWrite : configToWrite;
  return {
    parts,
    others,
    tensors: (own) => joinedSource(own, new Map([...parts].filter(([name]) => own.tensors.has(name)))),
    said: (tensors) => words(description, said, tensors),
  };
}
