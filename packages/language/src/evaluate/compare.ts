/** Two language models beside each other on the same tokens: far fewer tell them apart than tell how good each is. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { wilsonInterval, type ProportionInterval } from '@espalier/optimize';
import { crossEntropy, type Tensor } from '@espalier/tensor';
import { check, checkOptions } from '@espalier/tensor/arguments';
import { WindowMoments, type EstimatedByWindow } from './moments.ts';
import { evaluateTextRules, someTokens, type EvaluateTextOptions } from './options.ts';
import { scoredTextOf, textLossOf, type ScoredText, type TextLoss } from './perplexity.ts';
import { Spread } from './spread.ts';
import { throughText } from './through-text.ts';
import type { Tokens } from './windows.ts';

/** What a model is beside another one. */
export interface LanguageComparison extends ScoredText {
  readonly base: TextLoss;
  readonly model: TextLoss;
  /** By how much -ln p of the tokens that came is larger, in pairs: the difference of ln(perplexity). Above 0 is worse. */
  readonly lossDifference: EstimatedByWindow;
  /** KL(base ‖ model) of the next token, in nats. */
  readonly divergence: EstimatedByWindow & {
    readonly worst: number;
    /** Of 1,000 positions 999 have no more, to one part in 4,096. */
    readonly worstOf1000: number;
  };
  /** At how many positions both take the same token for the likeliest, with its interval at 95 % (Wilson's). */
  readonly sameTop: ProportionInterval;
}

/**
 * Σ p (ln p − ln q) as Σ q − p + p (ln p − ln q): no term is below 0, and what is rounded of the sums of exp, the same in all
 * terms, cancels out, which is a hundred times as much as models of the same weights differ by. What p is too small for adds q.
 */
export function divergenceOf(base: Tensor, model: Tensor): Tensor {
  const [p, q] = [base.exp(), model.exp()];
  return p.mul(base.sub(model)).where(p.gt(0), 0).add(q.sub(p)).sum(-1);
}

const sameTopOf = (base: Tensor, model: Tensor): Tensor => base.argmax(-1).eq(model.argmax(-1)).cast('f32');

/**
 * Compares a model with a base of the same vocabulary on the same tokens; see `measurePerplexity`.
 * @throws {ArgumentError} as that does, and for models of two vocabularies or on two devices.
 *
 * @example
 * const { divergence, sameTop } = await compareLanguageModels(base.module, small.module, tokens);
 */
export async function compareLanguageModels(
  base: Module,
  model: Module,
  tokens: Tokens,
  options: EvaluateTextOptions = {},
): Promise<LanguageComparison> {
  check('compareLanguageModels', 'base', base, aModule);
  check('compareLanguageModels', 'model', model, aModule);
  check('compareLanguageModels', 'tokens', tokens, someTokens);
  const checked = checkOptions('compareLanguageModels', options, evaluateTextRules);
  const [ofBase, ofModel] = [new WindowMoments(), new WindowMoments()];
  const [difference, divergence] = [new WindowMoments(), new WindowMoments()];
  const spread = new Spread();
  let same = 0;
  const gone = await throughText(tokens, checked, {
    operation: 'compareLanguageModels',
    models: [base, model],
    score: (logits, targets) => {
      const [a, b] = logits as readonly [Tensor, Tensor];
      return [
        crossEntropy(a, targets, { reduction: 'none' }),
        crossEntropy(b, targets, { reduction: 'none' }),
        divergenceOf(a.logSoftmax(-1), b.logSoftmax(-1)),
        sameTopOf(a, b),
      ];
    },
    visit: (values, { window }) => {
      const [a, b, kl, top] = values as [number, number, number, number];
      ofBase.add(a, window);
      ofModel.add(b, window);
      difference.add(b - a, window);
      divergence.add(kl, window);
      spread.add(kl);
      same += top;
    },
    after: (chunks) => checked.onProgress?.({ chunks, perplexity: Math.exp(ofBase.estimated.mean) }),
  });
  return {
    ...scoredTextOf(gone),
    base: textLossOf(ofBase.estimated),
    model: textLossOf(ofModel.estimated),
    lossDifference: difference.estimated,
    divergence: { ...divergence.estimated, worst: spread.largest, worstOf1000: spread.quantile(0.999) },
    sameTop: wilsonInterval(same, divergence.count),
  };
}
