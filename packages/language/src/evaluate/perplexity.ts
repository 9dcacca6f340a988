/** Perplexity: of how many tokens, all as likely, a model seems to choose the next one of a text. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { crossEntropy } from '@espalier/tensor';
import { check, checkOptions } from '@espalier/tensor/arguments';
import { Moments } from './moments.ts';
import { evaluateTextRules, someTokens, type EvaluateTextOptions } from './options.ts';
import type { Protocol } from './protocol.ts';
import { throughText, type Gone } from './through-text.ts';
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
}

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
export function textLossOf(losses: Moments): TextLoss {
  const { mean, standardError } = losses.estimated;
  const perplexity = Math.exp(mean);
  return { perplexity, perplexityError: perplexity * standardError, loss: mean, lossError: standardError };
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
  options: EvaluateTextOptions = {},
): Promise<Perplexity> {
  check('measurePerplexity', 'model', model, aModule);
  check('measurePerplexity', 'tokens', tokens, someTokens);
  const checked = checkOptions('measurePerplexity', options, evaluateTextRules);
  const losses = new Moments();
  const gone = await throughText(tokens, checked, {
    operation: 'measurePerplexity',
    models: [model],
    score: ([logits], targets) => (logits ? [crossEntropy(logits, targets, { reduction: 'none' })] : []),
    visit: ([loss = NaN]) => losses.add(loss),
    after: (chunks) => checked.onProgress?.({ chunks, perplexity: Math.exp(losses.estimated.mean) }),
  });
  return { ...scoredTextOf(gone), ...textLossOf(losses) };
}
