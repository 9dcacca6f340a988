/** What makes one vector of the hidden states of a text's tokens. */
import type { LanguageDescription, ModelFolder, TensorSource } from '@espalier/models';
import { FormatError, type Json } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import type { Tensor } from '@espalier/tensor';
import { aBoolean, anObject, aPositiveInteger, aText, check, oneOf, ruleOf } from '@espalier/tensor/arguments';
import { aDescription, aModelSource } from '../open/rules.ts';
import type { GgufMetadata } from '../tokenizer/gguf/vocabulary.ts';

/** A way from hidden states to a vector. */
export interface Pooling {
  /** The mean of all tokens, or the first one, `[CLS]`. */
  readonly kind: 'mean' | 'cls';
  /** Whether vectors are divided by their lengths. */
  readonly normalize: boolean;
}

const aKind = oneOf<Pooling['kind']>('mean', 'cls');
const aPooling = ruleOf<Pooling>(
  'how vectors are pooled: { kind, normalize }',
  (value) =>
    anObject.holds(value) &&
    aKind.holds((value as Partial<Pooling>).kind) &&
    aBoolean.holds((value as Partial<Pooling>).normalize),
);

/** Nothing is divided by less. */
const least = 1e-12;

const kinds: Readonly<Record<Pooling['kind'], (states: Tensor, present: Tensor) => Tensor>> = {
  mean: (states, present) => states.mul(present).sum(-2).div(present.sum(-2)),
  cls: (states) => states.narrow(-2, 0, 1).squeeze(-2),
};

/**
 * Vectors [texts, width] of hidden states [texts, length, width].
 * @param present 1 where there is a token, 0 where rows are filled up: [texts, length, 1]
 */
export function pooled(states: Tensor, present: Tensor, { kind, normalize }: Pooling): Tensor {
  const vectors = kinds[kind](states, present);
  if (!normalize) return vectors;
  return vectors.div(vectors.square().sum(-1, { keepDims: true }).sqrt().maximum(least));
}

/** How pooling is said, and which of it is known. Source: "sentence-transformers", 1_Pooling/config.json. */
const said: Readonly<Record<string, Pooling['kind'] | undefined>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
};

const recordOf = (json: Json | undefined): { readonly [key: string]: Json } =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as { readonly [key: string]: Json }) : {};

const textOf = (json: Json | undefined): string => (typeof json === 'string' ? json : '');

/**
 * What a folder says. One that says nothing of it, as of a model that was not trained for sentences, has the mean.
 * @throws {FormatError} naming what it asks for that there is not.
 */
async function poolingOfFolder(folder: ModelFolder): Promise<Pooling> {
  const list = await folder.json('modules.json');
  if (list === undefined) return { kind: 'mean', normalize: false };
  const file = `${folder.stored.name} (modules.json)`;
  if (!Array.isArray(list)) throw new FormatError(file, 0, 'is no list of modules');
  const modules = (list as readonly Json[]).map(recordOf).map(({ type, path }) => ({
    type: textOf(type).split('.').at(-1) ?? '',
    path: textOf(path),
  }));
  const odd = modules.find(({ type }) => !['Transformer', 'Pooling', 'Normalize'].includes(type));
  if (odd) throw new FormatError(file, 0, `asks for ${showName(odd.type)}, which there is not here`);
  const pooling = modules.find(({ type }) => type === 'Pooling');
  if (!pooling) throw new FormatError(file, 0, 'has no Pooling, and no vector for a whole text');
  const name = `${pooling.path}/config.json`;
  const config = recordOf(await folder.json(name));
  const modes = Object.keys(config).filter((key) => key.startsWith('pooling_mode_') && config[key] === true);
  const [mode = ''] = modes;
  const kind = Object.hasOwn(said, mode) ? said[mode] : undefined;
  if (kind === undefined || modes.length > 1)
    throw new FormatError(
      `${folder.stored.name} (${name})`,
      0,
      `asks for ${modes.map(showName).join(' and ') || 'no way of pooling'}; known is one of ${Object.keys(said).join(', ')}`,
    );
  return { kind, normalize: modules.some(({ type }) => type === 'Normalize') };
}

/**
 * What says pooling in a folder, by the names of files: `modules.json`, and what lies in a folder of it.
 * @param width numbers of a vector
 */
export function poolingFiles(pooling: Pooling, width: number): { readonly [name: string]: string } {
  const { kind, normalize } = check('poolingFiles', 'the pooling', pooling, aPooling);
  check('poolingFiles', 'the width', width, aPositiveInteger);
  const json = (value: Json): string => `${JSON.stringify(value, undefined, 2)}\n`;
  const types = ['Transformer', 'Pooling', ...(normalize ? ['Normalize'] : [])];
  const modules = types.map((type, index) => ({
    idx: index,
    name: String(index),
    path: index === 0 ? '' : `${index}_${type}`,
    type: `sentence_transformers.models.${type}`,
  }));
  const modes = Object.entries(said).map(([mode, each]) => [mode, each === kind] as const);
  return {
    'modules.json': json(modules),
    '1_Pooling/config.json': json({ word_embedding_dimension: width, ...Object.fromEntries(modes) }),
  };
}

/** What GGUF numbers ways of pooling by. */
const numbered: readonly (Pooling['kind'] | undefined)[] = [undefined, 'mean', 'cls'];

/**
 * What says pooling in a GGUF file, which has no word for whether vectors have length 1: readers divide them.
 * @param architecture whose word it is
 */
export function poolingPairs(pooling: Pooling, architecture: string): GgufMetadata {
  const { kind } = check('poolingPairs', 'the pooling', pooling, aPooling);
  check('poolingPairs', 'the architecture', architecture, aText);
  return { [`${architecture}.pooling_type`]: numbered.indexOf(kind) };
}

/**
 * What a GGUF file says; nothing is said of lengths, and vectors are divided by them, as llama.cpp does.
 * @throws {FormatError} for a way that there is not.
 */
function poolingOfGguf({ metadata, said: architecture }: LanguageDescription, name: string): Pooling {
  const key = `${architecture}.pooling_type`;
  const number = metadata[key];
  if (number === undefined) return { kind: 'mean', normalize: true };
  const kind = numbered[Number(number)];
  if (kind === undefined)
    throw new FormatError(
      name,
      0,
      `${showName(key)} is ${JSON.stringify(number)}; known are 1, the mean, and 2, the first token`,
    );
  return { kind, normalize: true };
}

/**
 * What the files of a model say.
 * @throws {FormatError} for a way that there is not.
 */
export async function poolingOf(from: ModelFolder | TensorSource, description: LanguageDescription): Promise<Pooling> {
  check('poolingOf', 'from', from, aModelSource);
  check('poolingOf', 'the description', description, aDescription);
  return 'config' in from ? poolingOfFolder(from) : poolingOfGguf(description, from.name);
}
