/** Which units of which width go. */
import { chooseDropped, dropCount } from '../prune/allocate.ts';
import { markLowest } from '../prune/exact-rank.ts';
import type { Width } from './widths.ts';

/**
 * Whether each width loses the ratio (`local`), or all together, ranked among all of them (`global`), or among those that are
 * cut out of the same kinds of layers alone (`isomorphic`). Source of the last: G. Fang et al., "Isomorphic pruning for vision
 * models", ECCV 2024.
 */
export type ShrinkScope = 'local' | 'global' | 'isomorphic';

/** How many go. */
export interface UnitChoice {
  readonly ratio: number;
  readonly scope: ShrinkScope;
  /** The least and the most that a width loses of itself where it is ranked with others. */
  readonly minimum: number;
  readonly maximum: number;
  /** What the number of those that are kept is to be a multiple of. */
  readonly roundTo: number;
}

/** A width with a score for each unit. */
export interface ScoredWidth {
  readonly width: Width;
  readonly scores: Float32Array;
  /** The same for widths that may be ranked together under isomorphic scope. */
  readonly structure: string;
}

/**
 * The units that are kept, in order, for each width. Of each width at least one is, and the number is rounded up to a
 * multiple of `roundTo`; the best of those that were to go stay then.
 * @throws {ArgumentError} where the bounds leave no such choice.
 */
export function chooseUnits(all: readonly ScoredWidth[], choice: UnitChoice): Map<string, number[]> {
  const { ratio, scope, minimum, maximum, roundTo } = choice;
  const counts = new Map<string, number>();
  if (scope === 'local') for (const { width } of all) counts.set(width.name, dropCount(ratio, width.size));
  else
    for (const ranked of rankings(all, scope)) {
      const scores = ranked.map((each) => relative(each.scores));
      const dropped = chooseDropped(scores, ratio, 'global', { minimum, maximum });
      for (const [index, { width }] of ranked.entries())
        counts.set(width.name, dropped[index]?.reduce((sum, mark) => sum + mark, 0) ?? 0);
    }
  return new Map(
    all.map(({ width: { name, size }, scores }) => {
      const left = Math.max(1, size - (counts.get(name) as number));
      const rounded = Math.min(size, Math.ceil(left / roundTo) * roundTo);
      const marks = markLowest(scores, size - rounded);
      return [name, [...marks.keys()].filter((unit) => marks[unit] === 0)];
    }),
  );
}

/** What is ranked together. */
function rankings(all: readonly ScoredWidth[], scope: ShrinkScope): readonly (readonly ScoredWidth[])[] {
  if (scope === 'global') return [all];
  const structures = [...new Set(all.map(({ structure }) => structure))];
  return structures.map((structure) => all.filter((each) => each.structure === structure));
}

/** Scores as multiples of their mean: norms of units grow with what they are made of. */
function relative(scores: Float32Array): Float32Array {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return mean > 0 ? scores.map((score) => score / mean) : scores;
}
