/** Losses between distributions. */
import { massTimes, reduceLoss, type LossReduction, type Tensor } from '@espalier/tensor';
import { checkSameShape, type LossOptions } from './regression.ts';

/**
 * Binary cross-entropy of logits with targets between 0 and 1, element by element: max(x, 0) - x·y + log(1 + exp(-|x|)),
 * which neither overflows nor cancels.
 */
export function bceWithLogits(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape('bceWithLogits', logits, target);
  const losses = logits
    .relu()
    .sub(logits.mul(target.cast(logits.dtype)))
    .add(logits.abs().neg().exp().log1p());
  return reduceLoss(losses, options.reduction);
}

/** Options of the Kullback-Leibler divergence. */
export interface KlDivergenceOptions {
  /** `batch-mean` (the default) divides the sum by the size of axis 0, as the definition wants; `mean` by the number of elements. */
  readonly reduction?: LossReduction | 'batch-mean';
  /** Whether the target is given as logarithms too. Default: false. */
  readonly logTarget?: boolean;
}

/**
 * KL(target ‖ output) = Σ target · (log target - output), of log-probabilities `output`. What the target rules out counts
 * as 0, whatever the output says of it: 0 · log 0 = 0.
 */
export function klDivergence(output: Tensor, target: Tensor, options: KlDivergenceOptions = {}): Tensor {
  checkSameShape('klDivergence', output, target);
  const { reduction = 'batch-mean', logTarget = false } = options;
  const mass = logTarget ? target.exp() : target;
  const logarithm = logTarget ? target : target.where(target.ne(0), 1).log();
  const losses = massTimes(mass, logarithm.sub(output));
  return reduction === 'batch-mean' ? losses.sum().mul(1 / (output.shape[0] ?? 1)) : reduceLoss(losses, reduction);
}
