/** Models of families as files of others: what is written, before anything is. */
import { encodeUtf8 } from '@espalier/nn/format';
import { ConfigError, Module } from '@espalier/nn';
import { fromTyped, type Shape } from '@espalier/tensor';
import {
  aFunction,
  anObject,
  aPositiveInteger,
  check,
  checkOptions,
  oneOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import type { ByteSink } from '../../bytes/byte-sink.ts';
import { gguf } from '../../containers/gguf/container.ts';
import { joinedMetadata } from '../../containers/gguf/metadata.ts';
import { writeSafetensorsShards, type WriteFile } from '../../containers/safetensors/write.ts';
import type { Description } from '../../huggingface/model-folder.ts';
import { convertedTensor } from '../../tensors/convert-tensor.ts';
import { moduleSource } from '../../tensors/module-source.ts';
import { joinedSource } from '../../tensors/parts.ts';
import type { TensorSource, WrittenTensor } from '../../tensors/tensor-source.ts';
import { carriedTensor, writtenTensor } from '../../tensors/write-tensor.ts';
import type { FileDescription, LanguageDescription } from './description.ts';
import { describeLanguageModule } from './describe-module.ts';
import { familyNamed } from './file-families.ts';
import { configToWrite, pairsToWrite } from './said-to-write.ts';

/** A model that was opened from a file, whatever has become of its module since. */
export interface OpenedModel {
  readonly module: Module;
  readonly description: FileDescription & Partial<Pick<LanguageDescription, 'special' | 'generation'>>;
}

/** How a model is written. */
export interface WriteModelOptions {
  /**
   * What a tensor becomes, by its name in the file: a dtype (`F32`, `F16`, `BF16`, or a type of block in GGUF), or undefined for what it is:
   * weights in a format of the engine in the blocks that they are equal to, in GGUF, all others as F32.
   */
  readonly dtypes?: (name: string, shape: Shape, dtype: string) => string | undefined;
  /** What else is said: pairs of GGUF, such as a tokenizer, or keys of config.json. What is undefined is taken out. */
  readonly metadata?: { readonly [key: string]: Description[string] | undefined };
  /** A file with the tensors that the model does not compute with (`description.unused`), which are carried then. */
  readonly others?: TensorSource;
}

const anOpenedModel = ruleOf<OpenedModel>(
  'a model as it was opened: { module, description }',
  (value) => anObject.holds(value) && value['module'] instanceof Module && anObject.holds(value['description']),
);
const aSink = ruleOf<ByteSink>(
  'a sink, as writeFileBy gives one',
  (value) => typeof (value as Partial<ByteSink> | null)?.write === 'function',
);
const optionRules: OptionRules<WriteModelOptions> = {
  dtypes: aFunction as never,
  metadata: anObject as never,
  others: anObject as never,
};

/** What is to be written. */
export interface WrittenModel {
  readonly tensors: ReadonlyMap<string, WrittenTensor>;
  /** Pairs of GGUF, or config.json. */
  readonly said: Description;
}

/**
 * A model of a family as the tensors and words of a format, each value asked for when it is its turn. Layers that were left out as a
 * whole are not in it, and sizes are those that it has now.
 * @throws {ConfigError} naming what the family, or the format, has no words for.
 * @throws {FormatError} for a dtype that a tensor cannot have.
 */
export function writtenModel(
  opened: OpenedModel,
  to: 'gguf' | 'huggingface',
  options: WriteModelOptions = {},
): WrittenModel {
  const { module, description } = check('writtenModel', 'opened', opened, anOpenedModel);
  check('writtenModel', 'to', to, oneOf('gguf', 'huggingface'));
  const { dtypes, metadata = {}, others } = checkOptions('writtenModel', options, optionRules);
  const family = familyNamed(description.family);
  const { model, kept } = describeLanguageModule(module, family, description.model);
  const format = to === 'gguf' ? family.gguf : family.huggingFace;
  if (!format)
    throw new ConfigError('family', `is ${family.type}, which there are no files of in ${to}; write a folder`);
  const { said, parts, extra } = format.write(model, description.format === to ? description : {});
  const places = new Map(kept.map((place, index) => [place, index]));
  const own = moduleSource(module, {
    nameOf: (name) => renumbered(name, places),
    inBlocks: (name) => {
      const part = parts.get(name);
      return to === 'gguf' && part?.rows === undefined && part?.transposed !== true;
    },
  });
  const source = joinedSource(own, parts);
  const tensors = new Map<string, WrittenTensor>();
  for (const [name, { shape, dtype }] of source.tensors) {
    const wanted = dtypes?.(name, shape, dtype) ?? dtype;
    tensors.set(name, wanted === dtype ? carriedTensor(source, name) : convertedTensor(source, name, wanted));
  }
  for (const [name, values] of extra ?? [])
    tensors.set(name, writtenTensor(fromTyped(Float32Array.from(values), [values.length])));
  for (const name of others && description.format === to ? description.unused : [])
    if (!tensors.has(name) && others?.tensors.has(name)) tensors.set(name, carriedTensor(others, name));
  const words = to === 'gguf' ? pairsToWrite(description, said, tensors) : configToWrite(description, said, tensors);
  const all = Object.entries(joinedMetadata(words, metadata)).filter(([, value]) => value !== undefined);
  return { tensors, said: Object.fromEntries(all) as Description };
}

/** The name of a parameter where only some layers are left; undefined for one of a layer that is not. */
function renumbered(name: string, places: ReadonlyMap<number, number>): string | undefined {
  const found = /^layers\.(?<place>\d+)\.(?<rest>.*)$/u.exec(name)?.groups;
  if (!found) return name;
  const place = places.get(Number(found['place']));
  return place === undefined ? undefined : `layers.${place}.${found['rest']}`;
}

/**
 * Writes a model of a family as a GGUF file, one tensor in memory at a time.
 * @throws {ConfigError} naming what GGUF has no words for.
 *
 * @example
 * await writeFileBy('small.gguf', (sink) => writeModelGguf(sink, opened, { dtypes: (name, shape) => (shape.length === 2 ? 'Q8_0' : undefined) }));
 */
export async function writeModelGguf(
  sink: ByteSink,
  opened: OpenedModel,
  options: WriteModelOptions = {},
): Promise<void> {
  check('writeModelGguf', 'sink', sink, aSink);
  const { tensors, said } = writtenModel(opened, 'gguf', options);
  await gguf.write?.(sink, tensors, said);
}

/** Bytes of values in a file of weights, as in folders of Hugging Face. */
const shardBytes = 5 * 10 ** 9;

/**
 * Writes a model of a family as a folder of Hugging Face: its weights in one file or several, then config.json, and generation_config.json
 * where the model came with one. Files of a tokenizer are not its matter.
 * @throws {ConfigError} naming what config.json has no words for.
 */
export async function writeModelFolder(
  writeFile: WriteFile,
  opened: OpenedModel,
  options: WriteModelOptions & { readonly mostBytes?: number } = {},
): Promise<void> {
  check<unknown>('writeModelFolder', 'writeFile', writeFile, aFunction);
  const { mostBytes = shardBytes, ...others } = check(
    'writeModelFolder',
    'options',
    options,
    anObject,
  ) as typeof options;
  check('writeModelFolder', 'mostBytes', mostBytes, aPositiveInteger);
  const { tensors, said } = writtenModel(opened, 'huggingface', others);
  await writeSafetensorsShards(writeFile, tensors, { mostBytes, metadata: { format: 'pt' } });
  const { generation = {} } = opened.description;
  const json = (value: Description): Uint8Array => encodeUtf8(`${JSON.stringify(value, undefined, 2)}\n`);
  if (Object.keys(generation).length > 0)
    await writeFile('generation_config.json', (sink) => sink.write(json(generation)));
  await writeFile('config.json', (sink) => sink.write(json(said)));
}
