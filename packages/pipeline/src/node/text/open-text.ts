/** Texts as what a run is made of: tokens, parted, in sequences that are each told the next token at every place. */
import { byteCount, bytesOfTokens, encodeText, learnBytePairs, type BytePairs } from '@espalier/data';
import { readTexts, type NamedText } from '@espalier/data/node';
import { ConfigError, shuffled, tensorDataset, type Dataset } from '@espalier/nn';
import { decodeUtf8 } from '@espalier/nn/format';
import type { Device } from '@espalier/tensor';
import { show } from '@espalier/tensor/arguments';
import { UsageError } from '../../errors.ts';
import { savedPreparation } from '../saved-preparation.ts';

/** Texts to learn from. */
export interface TextUse {
  /** A file, or a folder with some. */
  readonly path: string;
  /** Of which pieces are for the test. */
  readonly seed: number;
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

/** So many pieces texts are cut into, of which every so many-th is for the test: texts change on their way. */
const [pieces, everyTest] = [40, 10] as const;

/** Sequences are as long as leaves so many of them, */
const leastSequences = 400;

/** of these lengths. */
const contexts = [16, 32, 64, 128] as const;

/** Texts of fewer bytes are learnt byte by byte; longer ones by pairs of bytes, so many tokens in all. */
const [longText, usualTokens] = [200_000, 512];

/** Where a text is cut near a place: behind a line, else behind a word, else not within a letter. */
function cutNear(text: string, place: number): number {
  for (const blank of ['\n', ' ']) {
    const at = text.indexOf(blank, place);
    if (at >= 0 && at < place + text.length / pieces / 2) return at + 1;
  }
  const code = text.charCodeAt(place);
  return code >= 0xdc00 && code < 0xe000 ? place + 1 : place;
}

/** Pieces of texts to learn from, and others to judge by, which follow from the seed. */
function parted(texts: readonly NamedText[], seed: number): readonly [train: string, test: string] {
  const [train, test]: [string[], string[]] = [[], []];
  const first = shuffled(everyTest, seed, 'text')[0] ?? 0;
  for (const { text } of texts) {
    const cuts = Array.from({ length: pieces + 1 }, (_, piece) =>
      piece === 0 || piece === pieces
        ? (text.length * piece) / pieces
        : cutNear(text, Math.floor((text.length * piece) / pieces)),
    );
    for (const [piece, start] of cuts.slice(0, -1).entries())
      (piece % everyTest === first ? test : train).push(text.slice(start, cuts[piece + 1]));
  }
  return [train.join(''), test.join('')];
}

/**
 * Reads texts, learns which pairs of bytes are a token from the training part, and makes tokens of all: every tenth piece of a
 * text is for the test.
 * @throws {UsageError} for a text that is too short, with the number of its tokens.
 * @throws {DataError | FormatError} with file and offset, for what cannot be read.
 */
export async function openText(use: TextUse): Promise<OpenedTexts> {
  const { path } = use;
  const [learnt, judged] = parted(await readTexts(path), use.seed);
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

/** What tokens are called: by their text, and one that is no text by itself by its byte, as 0xe2. */
export function tokenNames({ pairs }: Pick<TextPreparation, 'pairs'>): readonly string[] {
  return bytesOfTokens(pairs).map((bytes) => decodeUtf8(bytes) ?? `0x${Buffer.from(bytes).toString('hex')}`);
}

/** All tokens together stand for no more bytes: 32,768 of 256 each. Thirty pairs, each of the one before it twice, would take a gibibyte. */
const mostTokenBytes = 2 ** 23;

/** How many bytes the tokens of pairs stand for. */
function bytesOfAll(pairs: BytePairs): number {
  const lengths = new Float64Array(byteCount + pairs.length).fill(1, 0, byteCount);
  for (const [rank, [left, right]] of pairs.entries())
    lengths[byteCount + rank] = (lengths[left] ?? 0) + (lengths[right] ?? 0);
  return lengths.reduce((sum, length) => sum + length, 0);
}

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
  const bytes = bytesOfAll(pairs as BytePairs);
  if (bytes > mostTokenBytes)
    throw new ConfigError(
      'preparation.pairs',
      `makes tokens of ${bytes} bytes together, twice as long each time; those of a text have up to ${mostTokenBytes}`,
    );
  return { source: 'text', context: context as number, pairs: pairs as BytePairs };
}

/**
 * The preparation that was saved with a model.
 * @throws {UsageError} for one that is damaged.
 */
export function preparationOf(folder: string, config: unknown): TextPreparation {
  return savedPreparation(folder, () => readTextPreparation(config));
}
