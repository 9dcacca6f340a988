/** Directions spread evenly over the simplex of objectives, to which NSGA-III assigns what survives. */
import { quote } from '../checked/quote.ts';
import { ValueError } from '../errors.ts';

/**
 * Evenly spread points of the unit simplex, their coordinates multiples of 1 / `divisions`: in `dimensions` = 3 with 12
 * divisions there are 91.
 *
 * Source: Das and Dennis, "Normal-boundary intersection", SIAM Journal on Optimization 1998.
 * @throws {ValueError} when a number is not whole and positive.
 */
export function dasDennis(dimensions: number, divisions: number): readonly (readonly number[])[] {
  for (const [name, value] of Object.entries({ dimensions, divisions })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ValueError(`dasDennis: ${name} is ${quote(value)}: give a whole number from 1`);
    }
  }
  const parts = (left: number, axes: number): readonly (readonly number[])[] =>
    axes === 1
      ? [[left]]
      : Array.from({ length: left + 1 }, (_, first) =>
          parts(left - first, axes - 1).map((rest) => [first, ...rest]),
        ).flat();
  return parts(divisions, dimensions).map((point) => point.map((part) => part / divisions));
}

/** The most divisions whose points are no more than `count`; at least 1. */
export function divisionsFor(dimensions: number, count: number): number {
  let [divisions, points] = [1, dimensions];
  for (;;) {
    // C(p + d, d - 1) from C(p + d - 1, d - 1): whole at each step.
    points = (points * (divisions + dimensions)) / (divisions + 1);
    if (dimensions < 2 || points > count) return divisions;
    divisions += 1;
  }
}
