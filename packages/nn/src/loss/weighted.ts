/** Cross-entropy in which classes count differently, as a value that JSON has a form for: what is seldom is not to be overlooked. */
import { crossEntropy } from '@espalier/tensor';
import { aNumber, check, listOf, refuse } from '@espalier/tensor/arguments';
import type { LossFunction } from './loss.ts';

/** Cross-entropy with how much each class counts, in their order. JSON. */
export interface WeightedLoss {
  readonly type: 'cross-entropy';
  readonly weight: readonly number[];
}

const weights = new WeakMap<LossFunction, readonly number[]>();

/**
 * Cross-entropy whose mean is over the weights of the targets: Σ w[y] · loss / Σ w[y], as PyTorch's `CrossEntropyLoss(weight)`.
 * @param weight how much each class counts: above 0, in the order of the classes
 * @throws {ArgumentError} for a weight that is not above 0.
 */
export function weightedCrossEntropy(weight: readonly number[]): LossFunction {
  check('weightedCrossEntropy', 'weight', weight, listOf(aNumber));
  if (weight.length === 0 || !weight.every((each) => each > 0 && each < Infinity))
    refuse('weightedCrossEntropy', 'weight', weight, 'numbers above 0, one for each class');
  const own = [...weight];
  const loss: LossFunction = (output, target) => crossEntropy(output, target, { weight: own });
  weights.set(loss, own);
  return loss;
}

/** How much each class counts in a loss; undefined where all count alike. */
export function classWeightsOf(loss: LossFunction): readonly number[] | undefined {
  return weights.get(loss);
}
