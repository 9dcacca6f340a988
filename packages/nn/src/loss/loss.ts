/** What a loss function is. */
import type { Tensor } from '@espalier/tensor';

/** What a loss may look at besides the output and the target. */
export interface LossContext {
  /** The inputs of the batch, for losses that run another model on them (distillation). */
  readonly x: Tensor;
  /** Never there: declared so that a loss with options in this place (`crossEntropy`) can be used as it is. */
  readonly reduction?: never;
}

/** How far outputs are from targets: a scalar, the mean over the batch. */
export type LossFunction = (output: Tensor, target: Tensor, context: LossContext) => Tensor;
