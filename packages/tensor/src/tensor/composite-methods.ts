/** Normalisations as methods; they are compositions that the planner runs as one row kernel. */
import { toFloat, wideFloat } from '../dtype/promote.ts';
import { normalizeAxis } from '../shape/shape.ts';
import { IndexingMethods } from './indexing-methods.ts';
import type { Tensor } from './tensor.ts';
import { inDType } from './wrap.ts';

/** Adds softmax and its logarithm to a tensor. */
export abstract class CompositeMethods extends IndexingMethods {
  /** exp(a) / Σ exp(a) along an axis. */
  softmax(axis = -1): Tensor {
    const along = normalizeAxis('softmax', axis, this.rank);
    if (this.size === 0) return this.cast(toFloat(this.dtype));
    const values = inDType(this as unknown as Tensor, wideFloat(this.dtype));
    const powers = values.sub(values.detach().max(along, { keepDims: true })).exp();
    return inDType(powers.mul(powers.sum(along, { keepDims: true }).reciprocal()), toFloat(this.dtype));
  }

  /** log softmax along an axis, without the cancellation of taking the logarithm afterwards. */
  logSoftmax(axis = -1): Tensor {
    const along = normalizeAxis('logSoftmax', axis, this.rank);
    if (this.size === 0) return this.cast(toFloat(this.dtype));
    const values = inDType(this as unknown as Tensor, wideFloat(this.dtype));
    const shifted = values.sub(values.detach().max(along, { keepDims: true }));
    return inDType(shifted.sub(shifted.exp().sum(along, { keepDims: true }).log()), toFloat(this.dtype));
  }
}
