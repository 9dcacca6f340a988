/**
 * Mean and deviations of values that may lie far from zero, in two walks over them.
 *
 * The mean of values near 10^8 rounds to a multiple of 8, and the squares of deviations from it would show that. So the
 * rounded mean is only a shift: what it missed is the mean of the deviations, and is taken off again. Source: T. Chan,
 * G. Golub and R. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37 (1983).
 */
import type { Axes } from '../shape/shape.ts';
import type { Tensor } from './tensor.ts';

/** Moments over some axes, which keep size 1. */
export interface Moments {
  readonly mean: Tensor;
  /** The values less their mean. */
  readonly centred: Tensor;
  /** The mean of the squared deviations; exactly 0 where all values are equal. */
  readonly variance: Tensor;
}

/** Below this share of the squared shift error, a variance is what rounding left of values that are all equal. */
const noise = 2 ** -15;

/** The moments of f32 or f64 values. Gradients pass through all three. */
export function moments(values: Tensor, axes: Axes | undefined): Moments {
  // Moments move with the values, or not at all: the shift itself needs no gradient.
  const shift = values.detach().mean(axes, { keepDims: true });
  const near = values.sub(shift);
  const missed = near.mean(axes, { keepDims: true });
  const variance = near.square().mean(axes, { keepDims: true }).sub(missed.square());
  // What rounding left is taken off as a constant: derivatives, the second ones for instance, are not 0 there.
  const left = variance.detach();
  const rounding = left.where(left.le(missed.detach().square().mul(noise)), 0);
  return { mean: shift.add(missed), centred: near.sub(missed), variance: variance.sub(rounding) };
}
