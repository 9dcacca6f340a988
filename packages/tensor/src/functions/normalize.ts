/** Normalisations, losses and dropout, composed from ops; the planner runs each as one or two row kernels. */
import { isFloat } from '../dtype/dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { sameShape, showShape, type Axes } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
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

/** (x - mean) / sqrt(variance + epsilon) over some axes, scaled and shifted. */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Tensor {
  const { axes = -1, weight, bias, epsilon = 1e-5 } = options;
  const centred = x.sub(x.mean(axes, { keepDims: true }));
  const variance = centred.square().mean(axes, { keepDims: true });
  const normal = centred.mul(variance.add(epsilon).rsqrt());
  const scaled = weight ? normal.mul(weight) : normal;
  return bias ? scaled.add(bias) : scaled;
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

/** What batch normalisation yields in training. */
export interface BatchNormResult {
  readonly output: Tensor;
  /** Mean per channel of this batch. */
  readonly mean: Tensor;
  /** Biased variance per channel of this batch. */
  readonly variance: Tensor;
}

/** Normalisation per channel (axis 1) over the batch and all other axes. Throws ShapeError below rank 2. */
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): BatchNormResult {
  if (x.rank < 2) throw new ShapeError('batchNorm', `takes [batch, channels, ...], not ${showShape(x.shape)}`);
  const { weight, bias, epsilon = 1e-5 } = options;
  const channels = x.shape[1] as number;
  const perChannel = (values: Tensor): Tensor => values.reshape(x.shape.map((_, axis) => (axis === 1 ? channels : 1)));
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const mean = options.mean ? perChannel(options.mean) : x.mean(axes, { keepDims: true });
  const centred = x.sub(mean);
  const variance = options.variance ? perChannel(options.variance) : centred.square().mean(axes, { keepDims: true });
  const normal = centred.mul(variance.add(epsilon).rsqrt());
  const scaled = weight ? normal.mul(perChannel(weight)) : normal;
  return {
    output: bias ? scaled.add(perChannel(bias)) : scaled,
    mean: mean.reshape(channels),
    variance: variance.reshape(channels),
  };
}

/** How a loss per example becomes a number: `none` keeps one value per example. */
export type LossReduction = 'mean' | 'sum' | 'none';

/** Reduces losses per example. */
export function reduceLoss(losses: Tensor, reduction: LossReduction = 'mean'): Tensor {
  return reduction === 'none' ? losses : reduction === 'sum' ? losses.sum() : losses.mean();
}

/** Options of cross-entropy. */
export interface CrossEntropyOptions {
  readonly reduction?: LossReduction;
  /** Share of the target mass that is spread evenly over all classes. Default: 0. */
  readonly labelSmoothing?: number;
  /** A class index whose examples do not count. */
  readonly ignoreIndex?: number;
}

/**
 * -Σ target · log softmax(logits) over the last axis. `targets` are class indices (an integer dtype, one rank less) or
 * probabilities (a float dtype, the shape of the logits). Throws ShapeError if shapes do not fit.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { reduction = 'mean', labelSmoothing = 0, ignoreIndex } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new ArgumentError('crossEntropy', `labelSmoothing is ${labelSmoothing}; it must lie between 0 and 1`);
  const classes = logits.shape.at(-1) ?? 0;
  const hard = !isFloat(targets.dtype);
  const expected = hard ? logits.shape.slice(0, -1) : logits.shape;
  if (!sameShape(targets.shape, expected))
    throw new ShapeError(
      'crossEntropy',
      `logits ${showShape(logits.shape)} need ${hard ? 'class indices' : 'probabilities'} of shape ${showShape(expected)}, not ${showShape(targets.shape)}`,
    );
  const mass = hard ? targets.oneHot(classes).cast(logits.dtype) : targets;
  const smoothed = labelSmoothing === 0 ? mass : mass.mul(1 - labelSmoothing).add(labelSmoothing / classes);
  const losses = smoothed.mul(logits.logSoftmax(-1)).sum(-1, { keepDims: true }).neg().squeeze(-1);
  if (!hard || ignoreIndex === undefined) return reduceLoss(losses, reduction);
  const counts = targets.ne(ignoreIndex);
  const kept = losses.where(counts, 0);
  return reduction === 'mean' ? kept.sum().div(counts.sum().cast(logits.dtype)) : reduceLoss(kept, reduction);
}

/** Each element 0 with probability `p`, the others scaled by 1 / (1 - p). Throws ArgumentError unless 0 ≤ p < 1. */
export function dropout(x: Tensor, p: number, options: Pick<RandomOptions, 'generator'> = {}): Tensor {
  if (!(p >= 0 && p < 1)) throw new ArgumentError('dropout', `p is ${p}; it must be at least 0 and below 1`);
  if (p === 0) return x;
  return x.mul(
    bernoulli(1 - p, x.shape, { device: x.device, ...options })
      .cast(x.dtype)
      .mul(1 / (1 - p)),
  );
}
