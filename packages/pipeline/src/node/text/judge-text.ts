/** What models of texts are judged by: text that nothing was learnt from, beside how frequent each token is. */
import { bytesOfTokens, encodeText } from '@espalier/data';
import { readTexts } from '@espalier/data/node';
import { RandomStream } from '@espalier/search';
import type { Device } from '@espalier/tensor';
import type { Interval, Judge, Judgement, Question } from '../../data/judgement.ts';
import { UsageError } from '../../errors.ts';
import { openText, preparationOf, vocabularyOf, type TextPreparation, type TextUse } from './open-text.ts';
import { tokenLosses } from './token-losses.ts';

/** How often blocks of the text are drawn anew. */
const draws = 400;

/** Of the draws, so many lie outside the interval on each side: 2.5 %. */
const outside = Math.floor(draws * 0.025);

/** The mean of some values; 0 of none. */
export const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] ?? 0;
  return sum / Math.max(1, values.length);
};

/** Loss in nats a token, perplexity, and bits a byte, which models of different tokens can be compared by. */
function metricsOf(loss: number, tokensPerByte: number): Judgement['metrics'] {
  return { loss, perplexity: Math.exp(loss), bitsPerByte: (loss * tokensPerByte) / Math.LN2 };
}

/** An interval of 95 % for the mean of blocks of losses, drawn with replacement (B. Efron, 1979): neighbours are alike. */
export function intervalOf(losses: Float64Array, context: number): Interval {
  const blocks = Array.from({ length: Math.ceil(losses.length / context) }, (_, block) =>
    meanOf(losses.subarray(block * context, (block + 1) * context)),
  );
  const stream = new RandomStream(0, 0, 'judge');
  const means = Array.from({ length: draws }, () =>
    meanOf(blocks.map(() => blocks[Math.floor((stream.uint32() / 2 ** 32) * blocks.length)] ?? 0)),
  ).toSorted((a, b) => a - b);
  return { low: means[outside] ?? 0, high: means[draws - 1 - outside] ?? 0 };
}

/** Tokens for each byte of a text. */
function densityOf(tokens: Int32Array, { pairs }: TextPreparation): number {
  const bytes = bytesOfTokens(pairs);
  return tokens.length / tokens.reduce((sum, token) => sum + (bytes[token]?.length ?? 0), 0);
}

/** Judges models by the tokens of a text. */
function judgeBy(tokens: Int32Array, preparation: TextPreparation, device: Device): Omit<Judge, 'baselines'> {
  const { context } = preparation;
  const share = densityOf(tokens, preparation);
  return {
    examples: tokens.length - 1,
    judge: async (model) => {
      const losses = await tokenLosses(model, tokens, { context, vocabulary: vocabularyOf(preparation), device });
      const loss = meanOf(losses);
      const { low, high } = intervalOf(losses, context);
      const [least, most] = [metricsOf(Math.min(low, loss), share), metricsOf(Math.max(high, loss), share)];
      const metrics = metricsOf(loss, share);
      const intervals = Object.fromEntries(
        Object.keys(metrics).map((name) => [name, { low: least[name] ?? 0, high: most[name] ?? 0 }]),
      );
      return { metrics, intervals };
    },
  };
}

/** How frequent tokens are in one text, asked of another: each has been seen once more than it was. */
function unigram(learnt: Int32Array, judged: Int32Array, preparation: TextPreparation): Judge['baselines'] {
  const counts = new Float64Array(vocabularyOf(preparation)).fill(1);
  for (const token of learnt) counts[token] = (counts[token] ?? 0) + 1;
  const total = learnt.length + counts.length;
  const losses = Float64Array.from(judged.subarray(1), (token) => -Math.log((counts[token] ?? 0) / total));
  return [{ name: 'unigram', metrics: metricsOf(meanOf(losses), densityOf(judged, preparation)), intervals: {} }];
}

/** The test part of texts. */
export async function judgeText(use: TextUse, device: Device): Promise<Judge> {
  const { train, test, preparation } = await openText(use);
  return { ...judgeBy(test, preparation, device), baselines: unigram(train, test, preparation) };
}

/**
 * All of some texts, by the preparation of a model.
 * @throws {UsageError} for texts without two tokens.
 */
export async function judgeTextOn({ preparation: config, from, path, device }: Question): Promise<Judge> {
  const preparation = preparationOf(from, config);
  const texts = await readTexts(path);
  const tokens = encodeText(texts.map(({ text }) => text).join('\n\n'), preparation.pairs);
  if (tokens.length < 2) throw new UsageError(`${path}: it has ${tokens.length} tokens: give a text`);
  return { ...judgeBy(tokens, preparation, device), baselines: unigram(tokens, tokens, preparation) };
}
