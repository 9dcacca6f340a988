/** Losses between distributions. */
import {
  asFloat,
  isTensor,
  massTimes,
  reduceLoss,
  tensor,
  wideFloat,
  type LossReduction,
  type Tensor,
} from '@espalier/tensor';
import { aBoolean, aNumber, aTensor, either, listOf, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import { checkPair, lossOptions, lossRules, type LossOptions } from './regression.ts';

/** Options of binary cross-entropy. */
export interface BceOptions extends LossOptions {
  /** How much each element counts; broadcast against the logits. The mean is still over the number of elements. Default: 1. */
  readonly weight?: Tensor | readonly number[];
  /** How much more the target 1 counts than the target 0; broadcast against the logits. Default: 1. */
  readonly positiveWeight?: Tensor | readonly number[];
}

const aWeight = either(aTensor, listOf(aNumber));
const bceRules: OptionRules<BceOptions> = { ...lossRules, weight: aWeight, positiveWeight: aWeight };

/**
 * Binary cross-entropy of logits with targets between 0 and 1, element by element: -p·y·log σ(x) - (1 - y)·log(1 -
 * σ(x)) with the positive weight p, as softplus of -x and of x, which neither overflow nor cancel; an infinite logit on
 * the side of its target costs nothing.
 * @throws {ShapeError} if shapes do not fit.
 */
export function bceWithLogits(output: Tensor, target: Tensor, options: BceOptions = {}): Tensor {
  const { positiveWeight, weight, reduction } = lossOptions('bceWithLogits', options, bceRules);
  checkPair('bceWithLogits', output, target);
  const logits = asFloat(output);
  const y = target.cast(logits.dtype);
  const positive = massTimes(y, logits.neg().softplus());
  const negative = massTimes(y.neg().add(1), logits.softplus());
  const losses = (positiveWeight ? positive.mul(weightLike(positiveWeight, logits)) : positive).add(negative);
  return reduceLoss(weight ? losses.mul(weightLike(weight, logits)) : losses, reduction);
}

/**
 * A weight as a tensor beside the logits.
 * @throws {ShapeError} if it does not broadcast to their shape.
 */
function weightLike(given: Tensor | readonly number[], { dtype, device, shape }: Tensor): Tensor {
  const weight = isTensor(given) ? given.cast(dtype) : tensor(given, { dtype, device });
  return weight.expand(shape);
}

/** Options of the Kullback-Leibler divergence. */
export interface KlDivergenceOptions {
  /** `batch-mean` (the default) divides the sum by the size of axis 0, as the definition wants; `mean` by the number of elements. */
  readonly reduction?: LossReduction | 'batch-mean';
  /** Whether the target is given as logarithms too. Default: false. */
  readonly logTarget?: boolean;
}

const klRules: OptionRules<KlDivergenceOptions> = {
  reduction: oneOf('batch-mean', 'mean', 'sum', 'none'),
  logTarget: aBoolean,
};

/**
 * KL(target ‖ output) = Σ target · (log target - output), of log-probabilities `output`. What the target rules out counts
 * as 0, whatever the output says of it: 0 · log 0 = 0.
 */
export function klDivergence(output: Tensor, target: Tensor, options: KlDivergenceOptions = {}): Tensor {
  const { reduction = 'batch-mean', logTarget = false } = lossOptions('klDivergence', options, klRules);
  checkPair('klDivergence', output, target);
  const mass = logTarget ? target.exp() : target;
  const logarithm = logTarget ? target : target.where(target.ne(0), 1).log();
  const losses = massTimes(mass, logarithm.sub(output));
  if (reduction !== 'batch-mean') return reduceLoss(losses, reduction);
  const sum = losses.cast(wideFloat(losses.dtype)).sum();
  return sum.mul(1 / (output.shape[0] ?? 1)).cast(losses.dtype);
}
