/** Results of tensors without elements. */
import type { Tensor } from './tensor.ts';

/**
 * `result`, which no element of `sources` went into, as depending on them: their gradients are zeros, as those of every
 * tensor without elements.
 */
export function ofNothing(result: Tensor, sources: readonly Tensor[]): Tensor {
  return sources
    .filter((source) => source.requiresGrad)
    .reduce((sum, source) => sum.add(source.sum().cast(result.dtype)), result);
}
