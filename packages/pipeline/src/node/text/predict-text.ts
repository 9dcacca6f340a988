/** What a saved model says of texts: how well it could tell each, or how one goes on. */
import { decodeTokens, encodeText } from '@espalier/data';
import { readTexts } from '@espalier/data/node';
import { predict, tensorDataset } from '@espalier/nn';
import { RandomStream } from '@espalier/search';
import type { PredictedColumn, Question } from '../../data/judgement.ts';
import { UsageError } from '../../errors.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { ContinueInput } from '../../jobs/jobs.ts';
import { loadModelFolder } from '../load-model.ts';
import { preparationOf, vocabularyOf } from './open-text.ts';
import { tokensPreparation } from '../stream/judge-tokens.ts';
import { tokenLosses } from './token-losses.ts';

/**
 * The tokens, loss and perplexity of each text.
 * @throws {UsageError} for a text without two tokens.
 * @throws {DataError | FormatError} with file and offset, for what cannot be read.
 * @throws {UsageError} for a text of fewer than two tokens, which has none that could be told.
 */
export async function predictText(question: Question): Promise<PredictedColumn[]> {
  const { model, preparation: config, from, path, device } = question;
  const preparation = preparationOf(from, config);
  const windows = { context: preparation.context, vocabulary: vocabularyOf(preparation), device };
  const [files, counts, losses]: [string[], number[], number[]] = [[], [], []];
  for (const { name, text } of await readTexts(path)) {
    const tokens = encodeText(text, preparation.pairs);
    if (tokens.length < 2) throw new UsageError(`${name}: it has ${tokens.length} tokens: give at least two`);
    const each = await tokenLosses(model, tokens, windows);
    files.push(name);
    counts.push(tokens.length);
    losses.push(each.reduce((sum, loss) => sum + loss, 0) / each.length);
  }
  return [
    { name: 'file', values: files },
    { name: 'tokens', values: counts },
    { name: 'loss', values: losses },
    { name: 'perplexity', values: losses.map(Math.exp) },
  ];
}

/** A token by its scores: at a temperature of 0 the likeliest, else by lot. */
function drawn(scores: readonly number[], temperature: number, next: () => number): number {
  const most = Math.max(...scores);
  if (temperature === 0) return scores.indexOf(most);
  const parts = scores.map((score) => Math.exp((score - most) / temperature));
  let left = next() * parts.reduce((sum, part) => sum + part, 0);
  const token = parts.findIndex((part) => (left -= part) < 0);
  return token < 0 ? scores.indexOf(most) : token;
}

/** How a model reads a beginning, and writes how it goes on. */
interface Writing {
  readonly context: number;
  readonly vocabulary: number;
  readonly encode: (prompt: string) => readonly number[];
  readonly decode: (tokens: readonly number[]) => string;
}

/** Numbers of tokens, by blanks or commas. */
function numbersOf(prompt: string, vocabulary: number): readonly number[] {
  const words = prompt.split(/[\s,]+/u).filter((word) => word !== '');
  const wrong = words.find((word) => !/^\d+$/u.test(word) || Number(word) >= vocabulary);
  if (wrong !== undefined || words.length === 0)
    throw new UsageError(
      `--prompt: ${wrong === undefined ? 'it is empty' : `'${wrong.slice(0, 40)}' is no token`}: this model goes on from the numbers of tokens below ${vocabulary}, such as '17 3 42'`,
    );
  return words.map(Number);
}

/** @throws {UsageError} for a model that was made of no text and no tokens. */
function writingOf(from: string, config: unknown): Writing {
  const source: unknown = Reflect.get(Object(config), 'source');
  if (source === 'tokens') {
    const { context, vocabulary } = tokensPreparation(from, config);
    return {
      context,
      vocabulary,
      encode: (prompt) => numbersOf(prompt, vocabulary),
      decode: (tokens) => tokens.join(' '),
    };
  }
  if (source !== 'text')
    throw new UsageError(`${from}: this model was not made of a text, and continues none: ask it by --data`);
  const preparation = preparationOf(from, config);
  const { context, pairs } = preparation;
  return {
    context,
    vocabulary: vocabularyOf(preparation),
    encode: (prompt) => {
      if (prompt === '') throw new UsageError('--prompt: it is empty: give some words to go on from');
      return [...encodeText(prompt, pairs)];
    },
    decode: (tokens) => decodeTokens(tokens, pairs),
  };
}

/**
 * How a text goes on, token by token: what a model has not seen the beginning of, it tells from what it can see.
 * @throws {UsageError} for a model that was not made of texts, and for an empty beginning.
 */
export async function continueText(input: ContinueInput, { device, interrupt }: JobContext): Promise<string> {
  const { from, prompt, length, temperature, seed } = input;
  const { model, metadata } = await loadModelFolder(from, { device });
  const { context, vocabulary, encode, decode } = writingOf(from, metadata['preparation']);
  const tokens = [...encode(prompt)];
  const stream = new RandomStream(seed, 0, 'continue');
  for (let made = 0; made < length && !interrupt.aborted; made++) {
    const seen = tokens.slice(-context);
    // What comes later is not looked at, so that all calls are of one shape.
    const data = Int32Array.from({ length: context }, (_, at) => seen[at] ?? 0);
    const nothing = { data: new Float32Array(1), shape: [1] };
    const outputs = await predict(model, tensorDataset({ data, shape: [1, context] }, nothing, { device }));
    const scores = await outputs.data();
    outputs.dispose();
    const start = (seen.length - 1) * vocabulary;
    const own = Array.from(scores.slice(start, start + vocabulary), Number);
    tokens.push(drawn(own, temperature, () => stream.uint32() / 2 ** 32));
  }
  return decode(tokens);
}
