/** The Pareto front of what was tried. */
import { aNumber, check, listOf, type Rule } from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';

/** A point with a quality (more is better) and a cost (less is better). */
export interface Tradeoff {
  readonly quality: number;
  readonly cost: number;
}

const aTradeoff: Rule<Tradeoff> = partsOf<Tradeoff>('a point { quality, cost }', { quality: aNumber, cost: aNumber });

/** The points that no other point beats in one respect without losing in the other, cheapest first. Of equal points, the first. What
 * is NaN is on no front. */
export function paretoFront<T extends Tradeoff>(points: readonly T[]): T[] {
  check('paretoFront', 'points', points, listOf(aTradeoff));
  const known = points.filter(({ quality, cost }) => !Number.isNaN(quality) && !Number.isNaN(cost));
  const ordered = known.toSorted((a, b) => a.cost - b.cost || b.quality - a.quality);
  const front: T[] = [];
  for (const point of ordered) if (point.quality > (front.at(-1)?.quality ?? -Infinity)) front.push(point);
  return front;
}
