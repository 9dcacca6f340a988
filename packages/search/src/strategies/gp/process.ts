/** The Gaussian process: kernel, posterior, and the fit of its hyperparameters with exact gradients. */
import { at, cholesky, inverseOf, solveLower, solveUpper, type SquareMatrix } from '../../numeric/matrix.ts';
import { minimize } from '../../numeric/minimize.ts';

/** Some points and what was found there, less is better, on a scale of mean 0 and deviation 1. */
export interface Data {
  readonly points: readonly Float64Array[];
  readonly values: Float64Array;
}

/** Which coordinates are choices: two of them are apart or not, however far their codes. */
export type Kinds = readonly ('number' | 'choice')[];

/**
 * The logarithms of what a Gaussian process takes for granted: by coordinate the inverse of the squared length over
 * which the function changes, then its variance, then that of the noise.
 */
export type Hyperparameters = Float64Array;

const root5 = Math.sqrt(5);

/** The squared distance of two points along one coordinate. */
function apart(a: number, b: number, kind: 'number' | 'choice' | undefined): number {
  return kind === 'choice' ? (a === b ? 0 : 1) : (a - b) * (a - b);
}

function squaredDistance(a: Float64Array, b: Float64Array, scales: Float64Array, kinds: Kinds): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) {
    sum += at(scales, index) * apart(at(a, index), at(b, index), kinds[index]);
  }
  return sum;
}

/** Matérn's kernel of smoothness 5/2, of variance 1, by squared distance. */
function matern(squared: number): number {
  const r = root5 * Math.sqrt(squared);
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** The derivative of {@link matern} by the squared distance. */
function maternSlope(squared: number): number {
  const r = root5 * Math.sqrt(squared);
  return (-5 / 6) * (1 + r) * Math.exp(-r);
}

/** A Gaussian process that has seen some data. */
export interface Posterior {
  /** The mean and the standard deviation at a point. */
  at(point: Float64Array): { readonly mean: number; readonly deviation: number };
  /** The same, with their gradients by the point; those by a choice are 0. */
  withGradient(point: Float64Array): {
    readonly mean: number;
    readonly deviation: number;
    readonly meanGradient: Float64Array;
    readonly deviationGradient: Float64Array;
  };
}

function covarianceOf(points: readonly Float64Array[], hyper: Hyperparameters, kinds: Kinds): SquareMatrix {
  const size = points.length;
  const dimensions = kinds.length;
  const scales = hyper.slice(0, dimensions).map(Math.exp);
  const [variance, noise] = [Math.exp(at(hyper, dimensions)), Math.exp(at(hyper, dimensions + 1))];
  const matrix = new Float64Array(size * size);
  for (const [row, a] of points.entries()) {
    for (let column = 0; column <= row; column += 1) {
      const b = points[column];
      const value = b === undefined ? 0 : variance * matern(squaredDistance(a, b, scales, kinds));
      matrix[row * size + column] = row === column ? value + noise : value;
    }
  }
  return matrix;
}

/** What a process makes of data. */
export function posteriorOf({ points, values }: Data, hyper: Hyperparameters, kinds: Kinds): Posterior {
  const size = points.length;
  const dimensions = kinds.length;
  const scales = hyper.slice(0, dimensions).map(Math.exp);
  const variance = Math.exp(at(hyper, dimensions));
  const factor = covarianceOf(points, hyper, kinds);
  cholesky(factor, size);
  const weights = solveUpper(factor, size, solveLower(factor, size, values.slice()));
  const crossOf = (point: Float64Array): Float64Array =>
    Float64Array.from(points, (own) => variance * matern(squaredDistance(point, own, scales, kinds)));
  const dot = (a: Float64Array, b: Float64Array): number => {
    let sum = 0;
    for (let index = 0; index < a.length; index += 1) sum += at(a, index) * at(b, index);
    return sum;
  };
  const momentsOf = (cross: Float64Array): readonly [number, number, Float64Array] => {
    const half = solveLower(factor, size, cross.slice());
    return [dot(cross, weights), Math.sqrt(Math.max(1e-12, variance - dot(half, half))), half];
  };
  return {
    at: (point) => {
      const [mean, deviation] = momentsOf(crossOf(point));
      return { mean, deviation };
    },
    withGradient: (point) => {
      const [mean, deviation, half] = momentsOf(crossOf(point));
      const solved = solveUpper(factor, size, half);
      const meanGradient = new Float64Array(dimensions);
      const deviationGradient = new Float64Array(dimensions);
      for (const [index, own] of points.entries()) {
        const slope = 2 * variance * maternSlope(squaredDistance(point, own, scales, kinds));
        for (let k = 0; k < dimensions; k += 1) {
          if (kinds[k] === 'choice') continue;
          const change = slope * at(scales, k) * (at(point, k) - at(own, k));
          meanGradient[k] = at(meanGradient, k) + change * at(weights, index);
          deviationGradient[k] = at(deviationGradient, k) - (change * at(solved, index)) / deviation;
        }
      }
      return { mean, deviation, meanGradient, deviationGradient };
    },
  };
}

/**
 * Minus the log posterior of hyperparameters, up to a constant, and its gradient. Priors: the variance is Gamma(2, 1),
 * the noise Gamma(1.1, 30), and inverse squared lengths ρ have density exp(-0.1 (ρ + 1/ρ)).
 */
export function lossOf({ points, values }: Data, hyper: Hyperparameters, kinds: Kinds, gradient: Float64Array): number {
  const size = points.length;
  const dimensions = kinds.length;
  const scales = hyper.slice(0, dimensions).map(Math.exp);
  const [variance, noise] = [Math.exp(at(hyper, dimensions)), Math.exp(at(hyper, dimensions + 1))];
  gradient.fill(0);
  const factor = covarianceOf(points, hyper, kinds);
  if (!cholesky(factor, size)) return Infinity;
  const weights = solveUpper(factor, size, solveLower(factor, size, values.slice()));
  const inverse = inverseOf(factor, size);
  let loss = 0;
  for (let row = 0; row < size; row += 1) {
    loss += 0.5 * at(values, row) * at(weights, row) + Math.log(at(factor, row * size + row));
    const [a, own] = [points[row], at(weights, row)];
    gradient[dimensions + 1] = at(gradient, dimensions + 1) + 0.5 * noise * (at(inverse, row * size + row) - own * own);
    gradient[dimensions] = at(gradient, dimensions) + 0.5 * variance * (at(inverse, row * size + row) - own * own);
    for (let column = 0; column < row; column += 1) {
      const b = points[column];
      if (a === undefined || b === undefined) continue;
      const pull = at(inverse, row * size + column) - own * at(weights, column);
      const squared = squaredDistance(a, b, scales, kinds);
      gradient[dimensions] = at(gradient, dimensions) + pull * variance * matern(squared);
      const slope = pull * variance * maternSlope(squared);
      for (let k = 0; k < dimensions; k += 1) {
        gradient[k] = at(gradient, k) + slope * at(scales, k) * apart(at(a, k), at(b, k), kinds[k]);
      }
    }
  }
  for (const [k, scale] of scales.entries()) {
    loss += 0.1 * (scale + 1 / scale);
    gradient[k] = at(gradient, k) + 0.1 * (scale - 1 / scale);
  }
  loss += variance - Math.log(variance) + 30 * noise - 0.1 * Math.log(noise);
  gradient[dimensions] = at(gradient, dimensions) + variance - 1;
  gradient[dimensions + 1] = at(gradient, dimensions + 1) + 30 * noise - 0.1;
  return loss;
}

/** The likeliest hyperparameters for some data. */
export function fit(data: Data, kinds: Kinds): Hyperparameters {
  const start = new Float64Array(kinds.length + 2);
  start[kinds.length + 1] = Math.log(1e-3);
  const search = { low: Math.log(1e-6), high: Math.log(1e4), iterations: 60 };
  return minimize((hyper, gradient) => lossOf(data, hyper, kinds, gradient), start, search).x;
}
