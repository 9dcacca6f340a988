/** How sure a comparison of two models on the same examples is. */
import { atLeastHits } from './binomial.ts';
import { normalQuantile, studentQuantile } from './quantile.ts';

/** A value, and the interval that the true one lies in. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Where a function that rises crosses a level, by bisection. */
function crossing(rising: (at: number) => number, level: number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (rising(middle) < level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * A share, with its exact interval: for few examples, too, it misses no more often than it says. Source: C. Clopper and E. Pearson,
 * "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934).
 * @param miss the most that the probability is that the true share lies below the interval, and that it lies above.
 */
export function share(hits: number, total: number, miss: number): Estimate {
  const value = hits / total;
  return {
    value,
    low: hits === 0 ? 0 : crossing((at) => atLeastHits(hits, total, at), miss, 0, value),
    high: hits === total ? 1 : crossing((at) => atLeastHits(hits + 1, total, at), 1 - miss, value, 1),
  };
}

/**
 * By how much the share of hits rose between two models on the same examples: `gained` became hits and `lost` are none any
 * more, of `total`. Only these say anything; the rest are the same for both. The interval has the stated probability on each
 * side, and holds for few examples and for none that changed, where the usual one, of the difference and its standard error,
 * has no width. Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
 * design", Statistics in Medicine 17 (1998).
 * @param miss the probability that the true difference lies below the interval, and that it lies above.
 */
export function pairedDifference(gained: number, lost: number, total: number, miss: number): Estimate {
  const z = normalQuantile(1 - miss);
  const value = (gained - lost) / total;
  /** How far the counts are from a true difference, in standard errors; falls as the difference rises. */
  const distance = (difference: number): number => {
    const p = 2 * total;
    const q = -gained - lost + (2 * total - gained + lost) * difference;
    const r = -lost * difference * (1 - difference);
    const lostShare = (Math.sqrt(Math.max(0, q * q - 4 * p * r)) - q) / (2 * p);
    const variance = total * (2 * lostShare + difference * (1 - difference));
    const shift = gained - lost - total * difference;
    if (variance <= 0) return shift === 0 ? 0 : shift * Infinity;
    return shift / Math.sqrt(variance);
  };
  const cross = (level: number, from: number, to: number): number =>
    crossing((difference) => -distance(difference), -level, from, to);
  return {
    value,
    low: value <= -1 ? -1 : cross(z, -1, value),
    high: value >= 1 ? 1 : cross(-z, value, 1),
  };
}

/**
 * How many standard errors an interval reaches to the side to which values are skewed: losses have a long tail, of which few examples
 * show little. To the other side it is no shorter than without. Source: B. Efron, "Better bootstrap confidence intervals", J. Am.
 * Stat. Assoc. 82 (1987), with the bias that a mean has.
 */
function reach(t: number, skew: number): number {
  const left = 1 - skew * (skew + t);
  return left > 0 ? Math.max(t, skew + (skew + t) / left) : Infinity;
}

/**
 * Something computed from all blocks of examples, with its interval by leaving out each block once: for means, and for whatever
 * else is smooth in sums over examples, of one model or of two on the same ones. Source: B. Efron, "The Jackknife, the Bootstrap
 * and Other Resampling Plans", 1982.
 * @param miss the probability that the true value lies below the interval, and that it lies above.
 */
export function jackknife<Block>(
  blocks: readonly Block[],
  estimate: (blocks: readonly Block[]) => number,
  miss: number,
): Estimate {
  const value = estimate(blocks);
  const count = blocks.length;
  if (count < 2) return { value, low: -Infinity, high: Infinity };
  const without = blocks.map((_, left) => estimate(blocks.filter((__, index) => index !== left)));
  const mean = without.reduce((sum, each) => sum + each, 0) / count;
  const squares = without.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const error = Math.sqrt((squares * (count - 1)) / count);
  const t = studentQuantile(1 - miss, count - 1);
  const cubes = without.reduce((sum, each) => sum + (mean - each) ** 3, 0);
  const skew = squares > 0 ? cubes / squares ** 1.5 / 6 : 0;
  return { value, low: value - error * reach(t, -skew), high: value + error * reach(t, skew) };
}
