/** Reductions. `axis` is one axis, several, or all when left out; reduced axes vanish unless `keepDims`. */
import { describe } from '../arguments/describe.ts';
import { aBoolean, aNonNegativeNumber, checkOptions, type OptionRules } from '../arguments/rules.ts';
import { isFloat, type DType } from '../dtype/dtype.ts';
import { toFloat } from '../dtype/promote.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { boundedBy, constantNode, indexNode, movementNode, reductionNode } from '../graph/build.ts';
import { movementOps } from '../ops/movement.ts';
import { reductionOps } from '../ops/reduction.ts';
import { normalizeAxes, normalizeAxis, showShape, sizeOf, type Axes } from '../shape/shape.ts';
import { ElementwiseMethods } from './elementwise-methods.ts';
import { asTensor } from './handle.ts';
import { moments } from './moments.ts';
import type { Tensor } from './tensor.ts';
import { floatSum, widened } from './widened.ts';
import { accumulationDType, castNode, expandNode, inDType, wrap } from './wrap.ts';

/** Options of a reduction. */
export interface ReductionOptions {
  /** Keeps reduced axes with size 1. */
  readonly keepDims?: boolean;
}

/** Options of variance and standard deviation. */
export interface VarianceOptions extends ReductionOptions {
  /** Subtracted from the count: 1 (the default) for a sample, 0 for a whole population. */
  readonly correction?: number;
}

const reductionOptions: OptionRules<ReductionOptions> = { keepDims: aBoolean };
const varianceOptions: OptionRules<VarianceOptions> = { keepDims: aBoolean, correction: aNonNegativeNumber };

/** Adds reductions to a tensor. */
export abstract class ReductionMethods extends ElementwiseMethods {
  /** Sum; small integers and bool are counted in 32 bits. 0 over nothing. */
  sum(axis?: Axes, options: ReductionOptions = {}): Tensor {
    return fold('sum', wrap(castNode(this.node, accumulationDType(this.dtype))), axis, options);
  }

  /** Product. 1 over nothing. */
  prod(axis?: Axes, options: ReductionOptions = {}): Tensor {
    return fold('prod', wrap(castNode(this.node, accumulationDType(this.dtype))), axis, options);
  }

  /**
   * Largest element; NaN if any is.
   * @throws {ShapeError} over nothing.
   */
  max(axis?: Axes, options: ReductionOptions = {}): Tensor {
    return fold('max', asTensor(this), axis, options);
  }

  /**
   * Smallest element; NaN if any is.
   * @throws {ShapeError} over nothing.
   */
  min(axis?: Axes, options: ReductionOptions = {}): Tensor {
    return fold('min', asTensor(this), axis, options);
  }

  /**
   * Arithmetic mean, as a float; counted in f32 for narrower dtypes. Of integers it is exact up to the rounding of the
   * result (on webgpu of up to 2^22 of 32 bits). NaN over nothing.
   */
  mean(axis?: Axes, options: ReductionOptions = {}): Tensor {
    checkOptions('mean', options, reductionOptions);
    const along = normalizeAxes('mean', axis, this.rank);
    const count = sizeOf(along.map((a) => this.shape[a] as number));
    const lengths = along.flatMap((a) => this.node.lengths?.[a] ?? []);
    const sum = floatSum(asTensor(this), axis);
    const kept =
      lengths.length > 0
        ? sum.div(presentAlong(asTensor(this), along).cast(sum.dtype))
        : sum.mul(count === 0 ? Number.NaN : 1 / count);
    return dropReduced(this, kept, axis, options);
  }

  /** Whether any element is not 0. */
  any(axis?: Axes, options: ReductionOptions = {}): Tensor {
    return this.ne(0).cast('i32').sum(axis, options).gt(0);
  }

  /** Whether every element is not 0. */
  all(axis?: Axes, options: ReductionOptions = {}): Tensor {
    return this.eq(0).cast('i32').sum(axis, options).eq(0);
  }

  /**
   * Variance, of deviations from the mean so that nothing cancels. NaN if there are no more elements than `correction`.
   * @throws {ArgumentError} along an axis that has a length.
   */
  var(axis?: Axes, options: VarianceOptions = {}): Tensor {
    const { correction = 1 } = checkOptions('var', options, varianceOptions);
    const along = normalizeAxes('var', axis, this.rank);
    const { variance } = moments(widened(asTensor(this)), axis);
    return dropReduced(this, variance.mul(sampleFactor(this, along, correction, variance.dtype)), axis, options);
  }

  /** Standard deviation: the root of the variance. Its gradient is 0 where all elements are equal. */
  std(axis?: Axes, options: VarianceOptions = {}): Tensor {
    return powerFlatAtZero(this.var(axis, options), 0.5);
  }

  /** log Σ exp(a), safe for large and infinite elements. -Infinity over nothing. */
  logSumExp(axis?: Axes, options: ReductionOptions = {}): Tensor {
    checkOptions('logSumExp', options, reductionOptions);
    const values = widened(asTensor(this));
    const along = normalizeAxes('logSumExp', axis, this.rank);
    if (along.some((a) => this.shape[a] === 0))
      return dropReduced(this, values.sum(axis, { keepDims: true }).log(), axis, options);
    const top = values.detach().max(axis, { keepDims: true });
    const shift = top.where(top.isFinite(), 0);
    return dropReduced(this, values.sub(shift).exp().sum(axis, { keepDims: true }).log().add(shift), axis, options);
  }

  /**
   * The p-norm (Σ |a|^p)^(1/p). `Infinity` and `-Infinity` give the largest and the smallest magnitude, 0 how many
   * elements are not 0. The gradient is 0 where all elements are.
   * @throws {ArgumentError} if p is NaN.
   */
  norm(p = 2, axis?: Axes, options: ReductionOptions = {}): Tensor {
    if (typeof p !== 'number' || Number.isNaN(p))
      throw new ArgumentError('norm', `p is ${describe(p)}; it must be a number, or Infinity`);
    checkOptions('norm', options, reductionOptions);
    return inDType(normOf(widened(asTensor(this)), p, axis, options), toFloat(this.dtype));
  }

  /**
   * i32 position of the first largest element along an axis (over all elements when left out); NaN counts as largest. Where a
   * length leaves none, the size of the axis.
   */
  argmax(axis?: number, options: ReductionOptions = {}): Tensor {
    return firstExtremum(this, 'max', axis, options);
  }

  /**
   * i32 position of the first smallest element along an axis (over all elements when left out); NaN counts as smallest. Where
   * a length leaves none, the size of the axis.
   */
  argmin(axis?: number, options: ReductionOptions = {}): Tensor {
    return firstExtremum(this, 'min', axis, options);
  }
}

/** What makes the mean of squared deviations one of a sample: n / (n - correction), NaN if there are no more elements. */
function sampleFactor(
  tensor: ReductionMethods,
  along: readonly number[],
  correction: number,
  dtype: DType,
): Tensor | number {
  if (along.some((axis) => tensor.node.lengths?.[axis])) {
    const count = presentAlong(asTensor(tensor), along).cast(dtype);
    return count.div(count.sub(correction)).where(count.gt(correction), Number.NaN);
  }
  const count = sizeOf(along.map((axis) => tensor.shape[axis] as number));
  return count > correction ? count / (count - correction) : Number.NaN;
}

/** A positive power of what is not negative, with gradient 0 at 0, where the derivative is infinite or meets a kink. */
function powerFlatAtZero(x: Tensor, p: number): Tensor {
  const positive = x.ne(0);
  const base = x.where(positive, 1);
  return (p === 0.5 ? base.sqrt() : base.pow(p)).where(positive, 0);
}

/** How many elements there are along axes of which some have a length: an i32 scalar. */
export function presentAlong({ node, shape, device }: Tensor, axes: readonly number[]): Tensor {
  const { lengths = [] } = node;
  const whole = sizeOf(axes.map((axis) => (lengths[axis] ? 1 : (shape[axis] as number))));
  return axes.reduce(
    (product, axis) => {
      const length = lengths[axis];
      return length ? product.mul(wrap(length).clamp(0, shape[axis])) : product;
    },
    wrap(constantNode(whole, 'i32', device)),
  );
}

function normOf(x: Tensor, p: number, axis: Axes | undefined, options: ReductionOptions): Tensor {
  // The sign of what is not NaN: it has a gradient, which is 0.
  if (p === 0) return x.where(x.isNaN().logicalNot(), 1).sign().square().sum(axis, options);
  if (p === 2) return powerFlatAtZero(x.square().sum(axis, options), 0.5);
  const magnitudes = x.abs();
  if (p === Number.POSITIVE_INFINITY) return magnitudes.max(axis, options);
  if (p === Number.NEGATIVE_INFINITY) return magnitudes.min(axis, options);
  if (p === 1) return magnitudes.sum(axis, options);
  if (p > 0) return powerFlatAtZero(powerFlatAtZero(magnitudes, p).sum(axis, options), 1 / p);
  return magnitudes
    .pow(p)
    .sum(axis, options)
    .pow(1 / p);
}

function fold(
  name: keyof typeof reductionOps,
  input: Tensor,
  axis: Axes | undefined,
  options: ReductionOptions,
): Tensor {
  const { keepDims = false } = checkOptions(name, options, reductionOptions);
  const axes = normalizeAxes(name, axis, input.rank);
  if ((name === 'max' || name === 'min') && axes.some((a) => input.shape[a] === 0))
    throw new ShapeError(
      name,
      `${showShape(input.shape)} has no elements along a reduced axis, so there is no ${name === 'max' ? 'largest' : 'smallest'}`,
    );
  const kept = wrap(reductionNode(reductionOps[name], input.node, axes));
  return keepDims ? kept : kept.squeeze(axes);
}

/**
 * Row values are finished with their axes still there, so that they fuse with what reduced them; then the axes go. The
 * result is the float dtype of this tensor.
 */
function dropReduced(
  tensor: ReductionMethods,
  kept: Tensor,
  axis: Axes | undefined,
  options: ReductionOptions,
): Tensor {
  const result = inDType(kept, toFloat(tensor.dtype));
  return options.keepDims ? result : result.squeeze(normalizeAxes('reduce', axis, tensor.rank));
}

function firstExtremum(
  tensor: ReductionMethods,
  name: 'max' | 'min',
  axis: number | undefined,
  options: ReductionOptions,
): Tensor {
  const { keepDims = false } = checkOptions(`arg${name}`, options, reductionOptions);
  const values = axis === undefined ? asTensor(tensor).flatten().detach() : asTensor(tensor).detach();
  const along = normalizeAxis(`arg${name}`, axis === undefined ? 0 : axis, values.rank);
  const length = values.shape[along] as number;
  if (length === 0)
    throw new ShapeError(
      `arg${name}`,
      `${showShape(tensor.shape)} has no elements along axis ${along}, so that no position is the first`,
    );
  const extremum = values[name](along, { keepDims: true });
  const positions = expandNode(
    movementNode(movementOps.reshape, indexNode(length, 'i32', tensor.device), {
      kind: 'reshape',
      shape: values.shape.map((_, a) => (a === along ? length : 1)),
    }),
    values.shape,
  );
  const reached = isFloat(tensor.dtype) ? values.eq(extremum).logicalOr(values.isNaN()) : values.eq(extremum);
  // Where there is nothing along a length, the position is that behind the last there can be.
  const there = wrap(boundedBy(positions, values.node.lengths)).where(reached, length).min(along, { keepDims: true });
  const first = values.node.lengths?.[along] ? there.minimum(length) : there;
  if (keepDims && axis === undefined) return first.reshape(tensor.shape.map(() => 1));
  return keepDims ? first : first.squeeze([along]);
}
