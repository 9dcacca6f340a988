/** What a saved model says of more tokens: how well it could tell each of a file. */
import { ConfigError } from '@espalier/nn';
import { fileBytes } from '@espalier/data/node';
import { show } from '@espalier/tensor/arguments';
import type { Judge, PredictedColumn, Question } from '../../data/judgement.ts';
import { UsageError } from '../../errors.ts';
import { savedPreparation } from '../saved-preparation.ts';
import { intervalOf, meanOf } from '../text/judge-text.ts';
import { tokenLosses, type Windows } from '../text/token-losses.ts';
import { tokensOf, tokenTypeOf } from './open-tokens.ts';

/** How tokens become sequences. JSON. */
export interface TokensPreparation {
  readonly source: 'tokens';
  readonly context: number;
  /** How many different tokens there are. */
  readonly vocabulary: number;
}

/** Tokens of a file that are judged at once, at most. */
const mostTokens = 1 << 22;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;

/**
 * The preparation that was saved with a model of tokens.
 * @throws {UsageError} for one that is damaged.
 */
export function tokensPreparation(folder: string, config: unknown): TokensPreparation {
  return savedPreparation(folder, () => {
    const given = Object(config) as TokensPreparation;
    for (const name of ['context', 'vocabulary'] as const)
      if (!isCount(given[name])) throw new ConfigError(`preparation.${name}`, `is ${show(given[name])}, and no number`);
    return given;
  });
}

/**
 * All tokens of a file.
 * @throws {UsageError} for what is no file of tokens, has too few or too many, or some that the model does not know.
 */
async function readTokens(path: string, { vocabulary }: TokensPreparation): Promise<Int32Array> {
  const type = tokenTypeOf(path);
  if (!type) throw new UsageError(`${path}: its ending says not how tokens are written: name it .u8, .u16 or .u32`);
  const source = await fileBytes(path);
  try {
    const count = source.size / (Number(type.slice(1)) / 8);
    if (!Number.isInteger(count) || count < 2 || count > mostTokens)
      throw new UsageError(`${path}: it has ${count} tokens: give whole ones, from 2 to ${mostTokens}`);
    const tokens = Int32Array.from(await tokensOf(source, type, 0, count));
    const odd = tokens.findIndex((token) => token < 0 || token >= vocabulary);
    if (odd < 0) return tokens;
    throw new UsageError(
      `${path}: token ${odd} is ${tokens[odd]}, and the model knows those below ${vocabulary}: give a file of the same tokens`,
    );
  } finally {
    await source.close();
  }
}

/** Judges models by tokens: loss in nats a token, and perplexity. */
export function judgeByTokens(tokens: Int32Array, windows: Windows): Judge {
  return {
    examples: tokens.length - 1,
    judge: async (model) => {
      const losses = await tokenLosses(model, tokens, windows);
      const loss = meanOf(losses);
      const { low, high } = intervalOf(losses, windows.context);
      return {
        metrics: { loss, perplexity: Math.exp(loss) },
        intervals: { loss: { low, high }, perplexity: { low: Math.exp(low), high: Math.exp(high) } },
      };
    },
    baselines: [],
  };
}

/** All tokens of a file, by the preparation of a model. */
export async function judgeTokensOn({ preparation: config, from, path, device }: Question): Promise<Judge> {
  const preparation = tokensPreparation(from, config);
  return judgeByTokens(await readTokens(path, preparation), { ...preparation, device });
}

/** The tokens, loss and perplexity of a file. */
export async function predictTokens(question: Question): Promise<PredictedColumn[]> {
  const { model, preparation: config, from, path, device } = question;
  const preparation = tokensPreparation(from, config);
  const tokens = await readTokens(path, preparation);
  const loss = meanOf(await tokenLosses(model, tokens, { ...preparation, device }));
  return [
    { name: 'file', values: [path] },
    { name: 'tokens', values: [tokens.length] },
    { name: 'loss', values: [loss] },
    { name: 'perplexity', values: [Math.exp(loss)] },
  ];
}
