/** Where a Gaussian process expects to improve most: the logarithm of expected improvement, and a climb on it. */
import { at } from '../../numeric/matrix.ts';
import { minimize } from '../../numeric/minimize.ts';
import { logImprovement, logNormalCdf, logNormalDensity } from '../../numeric/normal.ts';
import type { Posterior } from './process.ts';

/** The logarithm of the improvement to be expected at a point on the best value so far. */
export function logExpectedImprovement(posterior: Posterior, best: number, point: Float64Array): number {
  const { mean, deviation } = posterior.at(point);
  return logImprovement((best - mean) / deviation) + Math.log(deviation);
}

/** The same, writing its gradient by the point. */
export function logExpectedImprovementGradient(
  posterior: Posterior,
  best: number,
  point: Float64Array,
  gradient: Float64Array,
): number {
  const { mean, deviation, meanGradient, deviationGradient } = posterior.withGradient(point);
  const z = (best - mean) / deviation;
  const log = logImprovement(z);
  const byMean = -Math.exp(logNormalCdf(z) - log) / deviation;
  const byDeviation = Math.exp(logNormalDensity(z) - log) / deviation;
  for (let index = 0; index < gradient.length; index += 1) {
    gradient[index] = byMean * at(meanGradient, index) + byDeviation * at(deviationGradient, index);
  }
  return log + Math.log(deviation);
}

/** The best point near another, moving along some coordinates only. */
export function climb(
  posterior: Posterior,
  best: number,
  from: Float64Array,
  moving: readonly number[],
): { readonly point: Float64Array; readonly gain: number } {
  const whole = from.slice();
  const wholeGradient = new Float64Array(from.length);
  const { x, value } = minimize(
    (part, gradient) => {
      for (const [index, coordinate] of moving.entries()) whole[coordinate] = at(part, index);
      const gain = logExpectedImprovementGradient(posterior, best, whole, wholeGradient);
      for (const [index, coordinate] of moving.entries()) gradient[index] = -at(wholeGradient, coordinate);
      return -gain;
    },
    Float64Array.from(moving, (coordinate) => at(from, coordinate)),
    { low: 0, high: 1, iterations: 40 },
  );
  for (const [index, coordinate] of moving.entries()) whole[coordinate] = at(x, index);
  return { point: whole, gain: -value };
}
