/** Perplexity: of how many tokens, all as likely, a model seems to choose the next one of a text. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { crossEntropy } from '@espalier/tensor';
import { aFunction, check, checkOptions, type OptionRules, type Rule } from '@espalier/tensor/arguments';
import { WindowMoments, type EstimatedByWindow, type Interval } from './moments.ts';
import { evaluateTextRules, someTokens, type EvaluateTextOptions } from './options.ts';
import type { Protocol } from './protocol.ts';
import { throughText, type Gone, type TokenPlace } from './through-text.ts';
import type { Tokens } from './windows.ts';

/** What was scored of a text. */
export interface ScoredText {
  readonly protocol: Protocol;
  /** Tokens of a window. */
  readonly chunk: number;
  /** Windows. */
  readonly chunks: number;
  /** Tokens that were scored. */
  readonly tokens: number;
  /** How many tokens of its window are before a scored one. */
  readonly context: { readonly least: number; readonly most: number };
}

/** How well a model tells the tokens of a text. */
export interface TextLoss {
  /** exp(loss). */
  readonly perplexity: number;
  /** One standard error of it. */
  readonly perplexityError: number;
  /** The mean of -ln p of the tokens that came. */
  readonly loss: number;
  /** One standard error of that, as if tokens were independent. */
  readonly lossError: number;
  /**
   * Where both lie on all such texts, with a probability of 95 %, by the means of windows; absent of one window.
   */
  readonly lossInterval?: Interval;
  readonly perplexityInterval?: Interval;
}

/** A token, and how likely it was for the model. */
export interface ScoredToken extends TokenPlace {
  /** -ln p. */
  readonly loss: number;
}

/** Options of `measurePerplexity`. */
export interface PerplexityOptions extends EvaluateTextOptions {
  /** Told of each scored token, in order. */
  readonly onToken?: (token: ScoredToken) => void;
}

const perplexityRules: OptionRules<PerplexityOptions> = {
  ...evaluateTextRules,
  onToken: aFunction as Rule<(token: ScoredToken) => void>,
};

/** A perplexity, and what it is of. */
export interface Perplexity extends ScoredText, TextLoss {}

/** Figures of what was gone through. */
export const scoredTextOf = ({ protocol, chunk, chunks, first, count }: Gone): ScoredText => ({
  protocol,
  chunk,
  chunks,
  tokens: chunks * count,
  context: { least: first + 1, most: chunk - 1 },
});

/** Figures of losses. */
export function textLossOf({ mean, standardError, interval }: EstimatedByWindow): TextLoss {
  const perplexity = Math.exp(mean);
  return {
    perplexity,
    perplexityError: perplexity * standardError,
    loss: mean,
    lossError: standardError,
    ...(interval && {
      lossInterval: interval,
      perplexityInterval: { low: Math.exp(interval.low), high: Math.exp(interval.high) },
    }),
  };
}

/**
 * Measures the perplexity of a language model on a text, by a stated protocol. Windows are computed one after the other, logits
 * where they are scored alone; of tokens that come part after part no more is kept than a batch of windows.
 * @param model gives logits [..., length, vocabulary] for ids [..., length]
 * @throws {ArgumentError} for a text that fills no window, for ids that the model has not, and for a model that gives NaN.
 *
 * @example
 * const { perplexity, perplexityError } = await measurePerplexity(module, tokenizer.encode(text));
 */
export async function measurePerplexity(
  model: Module,
  tokens: Tokens,
  options: PerplexityOptions = {},
): Promise<Perplexity> {
  check('measurePerplexity', 'model', model, aModule);
  check('measurePerplexity', 'tokens', tokens, someTokens);
  const checked = checkOptions('measurePerplexity', options, perplexityRules);
  const losses = new WindowMoments();
  const gone = await throughText(tokens, checked, {
    operation: 'measurePerplexity',
    models: [model],
    score: ([logits], targets) => (logits ? [crossEntropy(logits, targets, { reduction: 'none' })] : []),
    visit: ([loss = NaN], token) => {
      losses.add(loss, token.window);
      checked.onToken?.({ ...token, loss });
    },
    after: (chunks) => checked.onProgress?.({ chunks, perplexity: Math.exp(losses.estimated.mean) }),
  });
  return { ...scoredTextOf(gone), ...textLossOf(losses.estimated) };
}
