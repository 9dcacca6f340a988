/**
 * What `tokenizer.json` holds, of which every part is checked before it is used: a vocabulary, how words are put together of
 * it, and what is done before and after. Source: the format of Hugging Face's tokenizers.
 */
import { FormatError, type Json } from '@espalier/nn';

/** A part with a type, such as a normalizer; the rest of it depends on the type. */
export interface Part {
  readonly type: string;
  readonly [key: string]: Json;
}

/** A token that is found in a text before anything else is done with it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly singleWord: boolean;
  readonly stripLeft: boolean;
  readonly stripRight: boolean;
  readonly normalized: boolean;
}

/** All of it. */
export interface TokenizerParts {
  /** For errors. */
  readonly name: string;
  readonly added: readonly AddedToken[];
  readonly normalizer: Part | null;
  readonly preTokenizer: Part | null;
  readonly model: Part;
  readonly postProcessor: Part | null;
  readonly decoder: Part | null;
}

/** Tokens that a vocabulary may have at most, and the largest id. */
export const mostTokens: number = 2 ** 22;
/** Parts that may lie in one another. */
const mostDepth = 8;

export const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An error of a file of a vocabulary. */
export const fault = (name: string, problem: string): FormatError => new FormatError(name, 0, problem);

/** @throws {FormatError} for what is no such file. */
export function partsOf(json: Json, name: string): TokenizerParts {
  if (!isObject(json)) throw fault(name, 'is no JSON object, which a tokenizer.json is');
  const part = (key: string): Part | null => partOf(json[key] ?? null, key, name, 0);
  const model = modelOf(json['model'] ?? null, name);
  const added = json['added_tokens'] ?? [];
  if (!Array.isArray(added)) throw fault(name, 'has added_tokens that are no list');
  return {
    name,
    added: (added as readonly Json[]).map((each) => addedOf(each, name)),
    normalizer: part('normalizer'),
    preTokenizer: part('pre_tokenizer'),
    model,
    postProcessor: part('post_processor'),
    decoder: part('decoder'),
  };
}

/** The parts that those of type Sequence consist of. */
export function partsWithin(part: Part): readonly Part[] {
  const within = part['normalizers'] ?? part['pretokenizers'] ?? part['processors'] ?? part['decoders'] ?? [];
  return within as unknown as readonly Part[];
}

function partOf(value: Json, key: string, name: string, depth: number): Part | null {
  if (value === null) return null;
  if (!isObject(value) || typeof value['type'] !== 'string') throw fault(name, `has a ${key} without a type`);
  const part = value as Part;
  if (part.type !== 'Sequence') return part;
  if (depth === mostDepth) throw fault(name, `has more than ${mostDepth} sequences in one another as its ${key}`);
  const within: unknown = partsWithin(part);
  if (!Array.isArray(within)) throw fault(name, `has a ${key} of type Sequence that is no list`);
  for (const each of within as readonly Json[])
    if (partOf(each, key, name, depth + 1) === null) throw fault(name, `has nothing in the sequence of its ${key}`);
  return part;
}

/** Files of before there were types of models tell by what they have. */
function modelOf(value: Json, name: string): Part {
  if (!isObject(value)) throw fault(name, 'has no model');
  const { vocab } = value;
  if (!isObject(vocab) && !Array.isArray(vocab)) throw fault(name, 'has a model without vocab');
  const untyped = Array.isArray(vocab) ? 'Unigram' : 'merges' in value ? 'BPE' : 'WordPiece';
  const type = value['type'] ?? untyped;
  if (typeof type !== 'string') throw fault(name, 'has a model whose type is no text');
  return { ...value, type };
}

function addedOf(value: Json, name: string): AddedToken {
  const { id, content, ...flags } = isObject(value) ? value : ({} as Record<string, Json>);
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= mostTokens)
    throw fault(name, 'has an added token whose id is no whole number');
  if (typeof content !== 'string' || content === '') throw fault(name, `has an added token ${id} without content`);
  const special = flags['special'] === true;
  return {
    id,
    content,
    special,
    singleWord: flags['single_word'] === true,
    stripLeft: flags['lstrip'] === true,
    stripRight: flags['rstrip'] === true,
    normalized: typeof flags['normalized'] === 'boolean' ? flags['normalized'] : !special,
  };
}

/**
 * A text that a part says, or what stands for it where it says none.
 * @throws {FormatError} for anything else.
 */
export function textIn(part: Part, key: string, otherwise: string, name: string): string {
  const value = part[key] ?? otherwise;
  if (typeof value === 'string') return value;
  throw fault(name, `has a ${part.type} whose ${key} is no text`);
}

/**
 * Ids by tokens.
 * @throws {FormatError} for a token whose id is no number from 0 on.
 */
export function vocabularyOf(model: Part, name: string): Map<string, number> {
  const vocabulary = new Map<string, number>();
  const vocab = model['vocab'] as { readonly [token: string]: Json };
  for (const token of Object.keys(vocab)) {
    const id = vocab[token];
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= mostTokens)
      throw fault(name, `has the token ${JSON.stringify(token).slice(0, 40)} without an id`);
    vocabulary.set(token, id);
  }
  return vocabulary;
}
