/** Normalisations as methods; they are compositions that the planner runs as one row kernel. */
import { toFloat } from '../dtype/promote.ts';
import { normalizeAxis } from '../shape/shape.ts';
import { IndexingMethods } from './indexing-methods.ts';
import type { Tensor } from './tensor.ts';

/** Adds softmax and its logarithm to a tensor. */
export abstract class CompositeMethods extends IndexingMethods {
  /** exp(a) / Σ exp(a) along an axis. */
  softmax(axis = -1): Tensor {
    const along = normalizeAxis('softmax', axis, this.rank);
    const values = this.cast(toFloat(this.dtype));
    if (values.size === 0) return values;
    const powers = values.sub(values.detach().max(along, { keepDims: true })).exp();
    return powers.div(powers.sum(along, { keepDims: true }));
  }

  /** log softmax along an axis, without the cancellation of taking the logarithm afterwards. */
  logSoftmax(axis = -1): Tensor {
    const along = normalizeAxis('logSoftmax', axis, this.rank);
    const values = this.cast(toFloat(this.dtype));
    if (values.size === 0) return values;
    const shifted = values.sub(values.detach().max(along, { keepDims: true }));
    return shifted.sub(shifted.exp().sum(along, { keepDims: true }).log());
  }
}
