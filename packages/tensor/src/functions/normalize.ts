/** Normalisations, losses and dropout, composed from ops; the planner runs each as one or two row kernels. */
import {
  aNonNegativeNumber,
  anInteger,
  aNumber,
  aProbability,
  check,
  checkOptions,
  either,
  listOf,
  oneOf,
  type OptionRules,
} from '../arguments/rules.ts';
import { aGenerator, aTensor } from '../arguments/types.ts';
import { isFloat } from '../dtype/dtype.ts';
import { promote, toFloat, wideFloat } from '../dtype/promote.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { indexNode } from '../graph/build.ts';
import { isTensor } from '../runtime/scope.ts';
import { checkIndexNode } from '../runtime/index-checks.ts';
import { sameShape, showShape, type Axes } from '../shape/shape.ts';
import { moments, type Moments } from '../tensor/moments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { inDType, wrap } from '../tensor/wrap.ts';
import { tensor } from './create.ts';
import { labelBounds } from './labels.ts';
import { bernoulli, type RandomOptions } from './random.ts';

/** Options of layer normalisation. */
export interface LayerNormOptions {
  /** Axes to normalise over. Default: the last one. */
  readonly axes?: Axes;
  /** Scale, broadcast against the input. */
  readonly weight?: Tensor;
  /** Shift, broadcast against the input. */
  readonly bias?: Tensor;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

const layerNormOptions: OptionRules<LayerNormOptions> = {
  axes: either(aNumber, listOf(aNumber)),
  weight: aTensor,
  bias: aTensor,
  epsilon: aNonNegativeNumber,
};

/**
 * (x - mean) / sqrt(variance + epsilon) over some axes, scaled and shifted. Computed in f32 (f64 for f64); the result is
 * of the dtype that x, weight and bias have in common.
 */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Tensor {
  check('layerNorm', 'x', x, aTensor);
  const { axes = -1, weight, bias, epsilon = 1e-5 } = checkOptions('layerNorm', options, layerNormOptions);
  const { centred, variance } = moments(inDType(x, wideFloat(x.dtype)), axes);
  return affine(x, centred.mul(variance.add(epsilon).rsqrt()), weight, bias);
}

/** `normal`, which was made of x, scaled and shifted, in the dtype that all have in common. */
function affine(x: Tensor, normal: Tensor, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const scaled = weight ? normal.mul(weight) : normal;
  const shifted = bias ? scaled.add(bias) : scaled;
  const given = [weight, bias].flatMap((parameter) => (parameter ? [parameter.dtype] : []));
  return inDType(
    shifted,
    given.reduce((common, dtype) => promote(common, dtype), toFloat(x.dtype)),
  );
}

/** Options of normalisation by the root of the mean square. */
export interface RmsNormOptions {
  /** Axes to normalise over. Default: the last one. */
  readonly axes?: Axes;
  /** Scale, broadcast against the input. */
  readonly weight?: Tensor;
  /** Added to the mean square. Default: 1e-5. */
  readonly epsilon?: number;
}

const rmsNormOptions: OptionRules<RmsNormOptions> = {
  axes: either(aNumber, listOf(aNumber)),
  weight: aTensor,
  epsilon: aNonNegativeNumber,
};

/**
 * x / sqrt(mean(x²) + epsilon) over some axes, scaled. Computed in f32 (f64 for f64); the result is of the dtype that x and
 * weight have in common. Source: B. Zhang and R. Sennrich, "Root mean square layer normalization", 2019, arXiv:1910.07467.
 */
export function rmsNorm(x: Tensor, options: RmsNormOptions = {}): Tensor {
  check('rmsNorm', 'x', x, aTensor);
  const { axes = -1, weight, epsilon = 1e-5 } = checkOptions('rmsNorm', options, rmsNormOptions);
  const values = inDType(x, wideFloat(x.dtype));
  const scale = values.square().mean(axes, { keepDims: true }).add(epsilon).rsqrt();
  return affine(x, values.mul(scale), weight, undefined);
}

/** Options of batch normalisation. */
export interface BatchNormOptions {
  /** Per channel. */
  readonly weight?: Tensor;
  /** Per channel. */
  readonly bias?: Tensor;
  /** Per channel: given, they are used instead of the batch's own moments, as in evaluation. */
  readonly mean?: Tensor;
  readonly variance?: Tensor;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

const batchNormOptions: OptionRules<BatchNormOptions> = {
  weight: aTensor,
  bias: aTensor,
  mean: aTensor,
  variance: aTensor,
  epsilon: aNonNegativeNumber,
};

/** What batch normalisation yields in training. */
export interface BatchNormResult {
  readonly output: Tensor;
  /** Mean per channel of this batch, in f32 (f64 for f64). */
  readonly mean: Tensor;
  /** Biased variance per channel of this batch, in f32 (f64 for f64). */
  readonly variance: Tensor;
}

/**
 * Normalisation per channel (axis 1) over the batch and all other axes.
 * @throws {ShapeError} below rank 2.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): BatchNormResult {
  check('batchNorm', 'x', x, aTensor);
  if (x.rank < 2) throw new ShapeError('batchNorm', `takes [batch, channels, ...], not ${showShape(x.shape)}`);
  const { weight, bias, epsilon = 1e-5 } = checkOptions('batchNorm', options, batchNormOptions);
  const channels = x.shape[1] as number;
  const perChannel = (values: Tensor): Tensor => values.reshape(x.shape.map((_, axis) => (axis === 1 ? channels : 1)));
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const values = inDType(x, wideFloat(x.dtype));
  const own = options.mean && options.variance ? undefined : moments(values, axes);
  const mean = options.mean ? perChannel(options.mean) : (own as Moments).mean;
  const centred = options.mean ? values.sub(mean) : (own as Moments).centred;
  const variance = options.variance ? perChannel(options.variance) : (own as Moments).variance;
  const normal = centred.mul(variance.add(epsilon).rsqrt());
  return {
    output: affine(x, normal, weight && perChannel(weight), bias && perChannel(bias)),
    mean: mean.reshape(channels),
    variance: variance.reshape(channels),
  };
}

/** How a loss per example becomes a number: `none` keeps one value per example. */
export type LossReduction = 'mean' | 'sum' | 'none';

const aReduction = oneOf('mean', 'sum', 'none');

/**
 * Reduces losses per example.
 * @throws {ArgumentError} for a reduction that does not exist.
 */
export function reduceLoss(losses: Tensor, reduction: LossReduction = 'mean'): Tensor {
  check('reduceLoss', 'losses', losses, aTensor);
  check('reduceLoss', 'reduction', reduction, aReduction);
  return reduction === 'none' ? losses : reduction === 'sum' ? losses.sum() : losses.mean();
}

/**
 * mass · value, where no mass makes nothing of whatever value: 0 · ∞ and 0 · NaN are 0, as 0 · log 0 is in entropies. The
 * gradient of the value is 0 there too.
 */
export function massTimes(mass: Tensor, value: Tensor): Tensor {
  check('massTimes', 'mass', mass, aTensor);
  check('massTimes', 'value', value, aTensor);
  return mass.mul(value.where(mass.ne(0).logicalOr(value.isFinite()), 0));
}

/** Options of cross-entropy. */
export interface CrossEntropyOptions {
  readonly reduction?: LossReduction;
  /** Share of the target mass that is spread evenly over all classes. Default: 0. */
  readonly labelSmoothing?: number;
  /** A class index whose examples do not count. */
  readonly ignoreIndex?: number;
  /**
   * How much each class counts: [classes]. The mean of class indices is over the weights of the targets, not over their
   * number. Default: 1 each.
   */
  readonly weight?: Tensor | readonly number[];
}

/** What a training loop gives to every loss in the place of options: the inputs of the batch. */
const lossContext: readonly string[] = ['x'];

const crossEntropyOptions: OptionRules<CrossEntropyOptions> = {
  reduction: aReduction,
  labelSmoothing: aProbability,
  ignoreIndex: anInteger,
  weight: either(aTensor, listOf(aNumber)),
};

/**
 * -Σ target · log softmax(logits) over the last axis; integer logits become f32. `targets` are class indices (an
 * integer dtype, one rank less) or probabilities (a float dtype, the shape of the logits). Logits of -∞ mask their
 * classes: they take no part, unless they are the target, where the loss is ∞. An index of no class is an ArgumentError
 * where JavaScript has the indices; where only a device has them it gives NaN, and no gradient.
 * @throws {ShapeError} if shapes do not fit.
 */
export function crossEntropy(scores: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const own = toFloat(check('crossEntropy', 'logits', scores, aTensor).dtype);
  check('crossEntropy', 'targets', targets, aTensor);
  // Of halves all is computed in f32: nothing is rounded on the way.
  const logits = inDType(scores, wideFloat(own));
  const {
    reduction = 'mean',
    labelSmoothing = 0,
    ignoreIndex,
  } = checkOptions('crossEntropy', options, crossEntropyOptions, lossContext);
  const classes = logits.shape.at(-1) ?? 0;
  const hard = !isFloat(targets.dtype);
  const reduced = (losses: Tensor): Tensor =>
    inDType(reduceLoss(losses, reduction), hard ? own : promote(own, targets.dtype));
  const expected = hard ? logits.shape.slice(0, -1) : logits.shape;
  if (!sameShape(targets.shape, expected))
    throw new ShapeError(
      'crossEntropy',
      `logits ${showShape(logits.shape)} need ${hard ? 'class indices' : 'probabilities'} of shape ${showShape(expected)}, not ${showShape(targets.shape)}`,
    );
  if (hard && targets.dtype !== 'bool') checkIndexNode(targets.node, labelBounds('crossEntropy', classes, ignoreIndex));
  const logarithms = logits.logSoftmax(-1);
  const indices = targets.cast('i32');
  const spread = labelSmoothing / classes;
  const weight = options.weight && classWeights(options.weight, logits);
  const weighted = (mass: Tensor): Tensor => (weight ? mass.mul(weight) : mass);
  const smoothed = (mass: Tensor): Tensor => (spread === 0 ? mass : mass.mul(1 - labelSmoothing).add(spread));
  const hot = (): Tensor => indices.unsqueeze(-1).eq(wrap(indexNode(classes, 'i32', logits.device)));
  const share = (): Tensor => {
    if (!hard) return massTimes(weighted(smoothed(targets)), logarithms);
    return spread === 0
      ? weighted(logarithms).where(hot(), 0)
      : logarithms.mul(weighted(smoothed(hot().cast(logits.dtype))));
  };
  const losses = share().sum(-1, { keepDims: true }).neg().squeeze(-1);
  if (!hard) return reduced(losses);
  // Added, not chosen by a condition: so the gradient stays the plain one, which shares a kernel with the loss.
  const known = losses.add(logits.filled([], NaN).where(indices.lt(0).logicalOr(indices.ge(classes)), 0));
  const counts = ignoreIndex === undefined ? undefined : targets.ne(ignoreIndex);
  const kept = counts ? known.where(counts, 0) : known;
  if (reduction !== 'mean' || !(weight || counts)) return reduced(kept);
  const labelled = counts ? hot().logicalAnd(counts.unsqueeze(-1)) : hot();
  const mass = weight ? weight.where(labelled, 0).sum() : labelled.sum().cast(logits.dtype);
  return inDType(kept.sum().div(mass), own);
}

/** One weight per class, like the logits. */
function classWeights(given: Tensor | readonly number[], logits: Tensor): Tensor {
  const { dtype, device } = logits;
  const weight = isTensor(given) ? given.cast(dtype) : tensor(given, { dtype, device });
  if (weight.rank !== 1 || weight.size !== (logits.shape.at(-1) ?? 0))
    throw new ShapeError(
      'crossEntropy',
      `the weight ${showShape(weight.shape)} must have one number for each of the ${logits.shape.at(-1) ?? 0} classes`,
    );
  return weight;
}

const dropoutOptions: OptionRules<Pick<RandomOptions, 'generator'>> = { generator: aGenerator };

/**
 * Each element 0 with probability `p`, the others scaled by 1 / (1 - p).
 * @throws {ArgumentError} unless 0 ≤ p < 1.
 */
export function dropout(x: Tensor, p: number, options: Pick<RandomOptions, 'generator'> = {}): Tensor {
  check('dropout', 'x', x, aTensor);
  const { generator } = checkOptions('dropout', options, dropoutOptions);
  check('dropout', 'p', p, aProbability);
  if (p === 1) throw new ArgumentError('dropout', `p is ${p}; it must be at least 0 and below 1`);
  if (p === 0) return x;
  return x.mul(
    bernoulli(1 - p, x.shape, { device: x.device, ...(generator && { generator }) })
      .cast(x.dtype)
      .mul(1 / (1 - p)),
  );
}
