/** What numbers of a column come to: in doubles, from deviations, so that values far from zero keep their digits. */
import type { NumberColumn } from '../table/column.ts';

/** Of the values that are there. Of none all are NaN, and the count is 0. */
export interface NumberSummary {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the population: the root of the mean squared deviation. */
  readonly std: number;
}

/** The values of a column that are there. */
export function presentNumbers({ values, missing }: NumberColumn): Float64Array {
  if (!missing) return Float64Array.from(values);
  return Float64Array.from(values).filter((_, row) => missing[row] !== 1);
}

/** Mean, spread and bounds. */
export function summarize(values: Float64Array): NumberSummary {
  const count = values.length;
  if (count === 0) return noNumbers;
  const first = values[0] as number;
  let [min, max, sum] = [first, first, 0];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value - first;
  }
  const mean = first + sum / count;
  let [squares, rest] = [0, 0];
  for (const value of values) {
    squares += (value - mean) ** 2;
    rest += value - mean;
  }
  return { count, min, max, mean, std: Math.sqrt(Math.max(0, (squares - rest ** 2 / count) / count)) };
}

/** Of no value. */
export const noNumbers: NumberSummary = { count: 0, min: NaN, max: NaN, mean: NaN, std: NaN };

/**
 * What two lots of values come to together. Source: T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for
 * computing sample variances", 1979.
 */
export function joinSummaries(one: NumberSummary, other: NumberSummary): NumberSummary {
  if (one.count === 0) return other;
  if (other.count === 0) return one;
  const count = one.count + other.count;
  const apart = other.mean - one.mean;
  const variance =
    (one.std ** 2 * one.count + other.std ** 2 * other.count + (apart ** 2 * one.count * other.count) / count) / count;
  return {
    count,
    min: Math.min(one.min, other.min),
    max: Math.max(one.max, other.max),
    mean: one.mean + (apart * other.count) / count,
    std: Math.sqrt(variance),
  };
}

/** The middle of values: of two middle ones their mean; NaN of none. */
export function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
