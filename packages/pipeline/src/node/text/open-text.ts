/** Texts as what a run is made of: tokens, parted, in sequences that are each told the next token at every place. */
import { encodeText, learnBytePairs, byteCount, type BytePairs } from '@espalier/data';
import { readTexts, type NamedText } from '@espalier/data/node';
import { ConfigError, tensorDataset, type Dataset } from '@espalier/nn';
import type { Device } from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';
import { UsageError } from '../../errors.ts';

/** Texts to learn from. */
export interface TextUse {
  /** A file, or a folder with some. */
  readonly path: string;
  /** Tokens of a sequence. Default: by the length of the text. */
  readonly context?: number;
  /** How many tokens there are: 256 are bytes, more are learnt from the text. Default: by its length. */
  readonly tokens?: number;
  /** Pairs of tokens that are one. Default: as they are learnt from the training part. */
  readonly pairs?: BytePairs;
}

/** How texts become sequences of tokens. JSON. */
export interface TextPreparation {
  readonly source: 'text';
  /** The longest sequence that a model sees at once. */
  readonly context: number;
  readonly pairs: BytePairs;
}

/** Texts, parted, and how they become examples. */
export interface OpenedTexts {
  readonly train: Int32Array;
  /** No decision is made by them. */
  readonly test: Int32Array;
  readonly preparation: TextPreparation;
}

/** A text of fewer tokens leaves too little in its parts. */
const fewestTokens = 1000;

/** The end of each text is for the test: this part of it. */
const testShare = 0.1;

/** Sequences are as long as leaves so many of them, */
const leastSequences = 60;

/** of these lengths. */
const contexts = [16, 32, 64, 128] as const;

/** Texts of fewer bytes are learnt byte by byte; longer ones by pairs of bytes, so many tokens in all. */
const [longText, usualTokens] = [200_000, 512];

/** Where a text is cut: a letter is never. */
function cutOf(text: string): number {
  const at = Math.floor(text.length * (1 - testShare));
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code < 0xe000 ? at + 1 : at;
}

/** The beginnings of texts, and their ends. */
function parted(texts: readonly NamedText[]): readonly [train: string, test: string] {
  const join = (parts: readonly string[]): string => parts.join('\n\n');
  return [
    join(texts.map(({ text }) => text.slice(0, cutOf(text)))),
    join(texts.map(({ text }) => text.slice(cutOf(text)))),
  ];
}

/**
 * Reads texts, learns which pairs of bytes are a token from the training part, and makes tokens of all: the last tenth of each text is
 * for the test.
 * @throws {UsageError} for a text that is too short, with the number of its tokens.
 * @throws {DataError | FormatError} with file and offset, for what cannot be read.
 */
export async function openText(use: TextUse): Promise<OpenedTexts> {
  const { path } = use;
  const [learnt, judged] = parted(await readTexts(path));
  const wanted = use.tokens ?? (learnt.length < longText ? byteCount : usualTokens);
  const pairs = use.pairs ?? (wanted > byteCount ? learnBytePairs(learnt, wanted) : []);
  const [train, test] = [encodeText(learnt, pairs), encodeText(judged, pairs)];
  const count = train.length + test.length;
  const most = Math.floor(train.length / leastSequences);
  const context = use.context ?? contexts.findLast((each) => each <= most && each < test.length) ?? contexts[0];
  if (count < fewestTokens || test.length <= context || train.length <= 2 * context)
    throw new UsageError(
      `${path}: the text has ${count} tokens, ${train.length} to learn from and ${test.length} to judge by: give at least ${Math.max(fewestTokens, 12 * context)}`,
    );
  return { train, test, preparation: { source: 'text', context, pairs } };
}

/** Sequences one after another, each to be told the next token at every place: x and y are i32 [batch, context]. */
export function sequences(tokens: Int32Array, context: number, device: Device): Dataset {
  const count = Math.floor((tokens.length - 1) / context);
  const from = (begin: number): Int32Array => tokens.slice(begin, begin + count * context);
  const shape = [count, context];
  return tensorDataset({ data: from(0), shape }, { data: from(1), shape }, { device });
}

/** How many tokens a preparation knows. */
export const vocabularyOf = ({ pairs }: TextPreparation): number => byteCount + pairs.length;

const isCount = (value: unknown, most: number): boolean =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < most;

/**
 * Reads a preparation that was saved with a model.
 * @throws {ConfigError} naming the field that is wrong.
 */
export function readTextPreparation(config: unknown): TextPreparation {
  const { context, pairs } = Object(config) as { readonly context?: unknown; readonly pairs?: unknown };
  if (!isCount(context, 2 ** 20) || context === 0)
    throw new ConfigError('preparation.context', `is ${show(context)}, and not the length of a sequence`);
  const isPair = (pair: unknown, rank: number): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((token) => isCount(token, byteCount + rank));
  if (!Array.isArray(pairs) || !pairs.every(isPair))
    throw new ConfigError('preparation.pairs', `is ${show(pairs)}, and no list of pairs of tokens before each`);
  return { source: 'text', context: context as number, pairs: pairs as BytePairs };
}

/**
 * The preparation that was saved with a model.
 * @throws {UsageError} for one that is damaged.
 */
export function preparationOf(folder: string, config: unknown): TextPreparation {
  try {
    return readTextPreparation(config);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(`${folder}: its preparation is damaged: ${error.message}`);
    throw error;
  }
}
