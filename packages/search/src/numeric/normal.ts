/**
 * Normal distributions: densities, tails and quantiles that keep their digits far from the middle, where searches end
 * up.
 */
import { erf, erfc, erfcx } from './erf.ts';

const logRootTwoPi = 0.5 * Math.log(2 * Math.PI);

/** The probability that a standard normal number is below x; relatively exact in the lower tail. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2);
}

/** The logarithm of {@link normalCdf}, finite wherever x is. */
export function logNormalCdf(x: number): number {
  if (x > 0) return Math.log1p(-normalCdf(-x));
  if (x > -1) return Math.log(normalCdf(x));
  return Math.log(0.5 * erfcx(-x * Math.SQRT1_2)) - 0.5 * x * x;
}

/** The logarithm of the standard normal density. */
export function logNormalDensity(x: number): number {
  return -0.5 * x * x - logRootTwoPi;
}

const centralOver = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const centralUnder = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1,
];
const tailOver = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const tailUnder = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/**
 * The standard normal number that is above another with probability p; the inverse of {@link normalCdf}.
 *
 * Source: P. J. Acklam's rational approximation (2003), followed by one step of Halley's method.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : Number.NaN;
  if (p > 0.5) return -normalQuantile(1 - p);
  let x: number;
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    x = polynomial(tailOver, q) / polynomial(tailUnder, q);
  } else {
    const q = p - 0.5;
    x = (q * polynomial(centralOver, q * q)) / polynomial(centralUnder, q * q);
  }
  const error = (normalCdf(x) - p) * Math.exp(logRootTwoPi + 0.5 * x * x);
  return x - error / (1 + (x * error) / 2);
}

/** The probability that a standard normal number lies in [low, high]. */
export function normalMass(low: number, high: number): number {
  if (low > 0) return normalMass(-high, -low);
  if (high > 0 && low < 0) return 0.5 * (erf(high * Math.SQRT1_2) - erf(low * Math.SQRT1_2));
  return normalCdf(high) - normalCdf(low);
}

/** The quantile u of the normal law of mean and sigma, confined to [0, 1]. */
export function truncatedQuantile(u: number, mean: number, sigma: number): number {
  // The lower tail keeps digits that the upper one loses.
  if (mean < 0) return 1 - truncatedQuantile(1 - u, 1 - mean, sigma);
  const low = normalCdf(-mean / sigma);
  const mass = normalMass(-mean / sigma, (1 - mean) / sigma);
  return Math.min(1, Math.max(0, mean + sigma * normalQuantile(low + u * mass)));
}

/** The log density at x of the normal law of mean and sigma, confined to [0, 1]. */
export function truncatedLogDensity(x: number, mean: number, sigma: number): number {
  const mass = normalMass(-mean / sigma, (1 - mean) / sigma);
  return logNormalDensity((x - mean) / sigma) - Math.log(sigma * mass);
}

/** A standard normal number made of two uniform ones, the first above 0. Source: Box and Muller, 1958. */
export function boxMuller(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}

/**
 * log(φ(z) + z Φ(z)): the logarithm of the expected improvement of a standard normal number on z, finite where the
 * improvement itself vanishes.
 *
 * Source: Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization", NeurIPS 2023.
 */
export function logImprovement(z: number): number {
  if (z > -1) return Math.log(Math.exp(logNormalDensity(z)) + z * normalCdf(z));
  // φ(z) (1 + z Φ(z) / φ(z)), of which the second factor cancels to 1/z² far below.
  const scaled = z * Math.sqrt(Math.PI / 2) * erfcx(-z * Math.SQRT1_2);
  const rest = z < -50 ? Math.log((1 - 3 / (z * z) + 15 / z ** 4) / (z * z)) : Math.log1p(scaled);
  return logNormalDensity(z) + rest;
}
