/** Losses bent towards a normal law, which is what a Gaussian process takes them for. */
import { at } from '../../numeric/matrix.ts';

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOf(values: Float64Array): number {
  const mean = meanOf(values);
  return meanOf(values.map((value) => (value - mean) ** 2));
}

function standardized(values: Float64Array): Float64Array {
  const mean = meanOf(values);
  const deviation = Math.sqrt(varianceOf(values)) || 1;
  return values.map((value) => (value - mean) / deviation);
}

/** Stretches or squeezes what is above 0 by a power, and what is below by 2 less that power; 1 changes nothing. */
function bent(value: number, power: number): number {
  if (value < 0) return -bent(-value, 2 - power);
  return Math.abs(power) < 1e-9 ? Math.log1p(value) : Math.expm1(power * Math.log1p(value)) / power;
}

/** The power in [-2, 4] that makes values likeliest to be of a normal law, by golden section. */
function likeliestPower(values: Float64Array): number {
  const slope = values.reduce((sum, value) => sum + Math.sign(value) * Math.log1p(Math.abs(value)), 0);
  const likelihood = (power: number): number =>
    (power - 1) * slope - (values.length / 2) * Math.log(varianceOf(values.map((value) => bent(value, power))));
  const part = (Math.sqrt(5) - 1) / 2;
  const ends = Float64Array.of(-2, 4);
  for (let round = 0; round < 30; round += 1) {
    const [low, high] = [at(ends, 0), at(ends, 1)];
    const [lower, upper] = [high - part * (high - low), low + part * (high - low)];
    if (likelihood(lower) > likelihood(upper)) ends[1] = upper;
    else ends[0] = lower;
  }
  return meanOf(ends);
}

/**
 * Values in units of what lies between the best and the median of the others, from that median. Beyond three units they
 * grow like a logarithm, and in the end not at all: however large an outlier, it leaves the others apart.
 */
function tamed(values: readonly number[]): readonly number[] {
  const best = values.reduce((least, value) => Math.min(least, value), Infinity);
  const others = values.filter((value) => value > best).toSorted((a, b) => a - b);
  const middle = others[others.length >> 1] ?? best;
  return values.map((value) => {
    const units = (value - middle) / (middle - best || 1);
    return units > 3 ? 3 + Math.min(10, Math.log1p(units - 3)) : units;
  });
}

/**
 * Values bent so that they are as near to a normal law as a power makes them, in the same order, with mean 0 and
 * deviation 1. A process takes for granted that they have such a law; the losses of a search seldom do, and a few huge
 * ones would hide what is between the others.
 *
 * Source: Yeo and Johnson, "A new family of power transformations to improve normality or symmetry", Biometrika 2000;
 * its use is that of Cowen-Rivers et al., "HEBO: pushing the limits of sample-efficient hyperparameter optimisation",
 * JAIR 2022.
 */
export function scoresOf(values: readonly number[]): Float64Array {
  const plain = standardized(Float64Array.from(tamed(values)));
  const power = likeliestPower(plain);
  return standardized(plain.map((value) => bent(value, power)));
}
