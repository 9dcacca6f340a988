/**
 * The rungs of successive halving and the brackets of Hyperband, of which strategies and early stoppings make use
 * alike.
 */
import { countFrom, wholeFrom, type Limit } from '../limits.ts';

/** The steps at which a bracket compares its trials, and how many come so far. */
export interface Bracket {
  readonly steps: readonly number[];
  readonly counts: readonly number[];
}

/** What spans the rungs. */
export interface RungOptions {
  /** The step of the first rung. */
  readonly min: number;
  /** The step of the last rung. */
  readonly max: number;
  /** One of so many trials goes on at each rung. */
  readonly eta: number;
}

/** How often `max` can be divided by `eta` before it falls below `min`; whole numbers only, so that 243 / 3 counts 5. */
function rungCount({ min, max, eta }: RungOptions): number {
  let count = 0;
  for (let step = min; step * eta <= max; step *= eta) count += 1;
  return count;
}

/** The steps of the rungs from `min` up, each `eta` times the last; the last is `max`. */
export function rungSteps(options: RungOptions): readonly number[] {
  const { min, max, eta } = options;
  const steps = Array.from({ length: rungCount(options) }, (_, rung) => min * eta ** rung);
  return [...steps, max];
}

/**
 * The brackets of Hyperband, the one that begins with most trials first. Bracket s begins with ceil((S + 1) eta^s /
 * (s + 1)) trials, S being the highest: with steps 1 to 81 and eta 3 that is 81, 34, 15, 8, 5, by the paper's algorithm
 * (its table 1 has 81, 27, 9, 6, 5). Of n trials floor(n / eta) go on.
 *
 * Source: Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 2018.
 */
export function hyperbandBrackets(options: RungOptions): readonly Bracket[] {
  const { max, eta } = options;
  const top = rungCount(options);
  return Array.from({ length: top + 1 }, (_, index) => {
    const s = top - index;
    const first = Math.floor(((top + 1) * eta ** s + s) / (s + 1));
    const rungs = Array.from({ length: s + 1 }, (__, rung) => rung);
    return {
      steps: rungs.map((rung) => Math.floor(max / eta ** (s - rung))),
      counts: rungs.map((rung) => Math.floor(first / eta ** rung)),
    };
  });
}

/** What spans rungs has to be. */
export const rungLimits: Readonly<Record<keyof RungOptions, Limit>> = {
  min: countFrom(1),
  max: countFrom(1),
  eta: wholeFrom(2),
};

/** Complains of options that span no rungs. */
export function checkRungs({ min, max }: RungOptions): string | undefined {
  return max < min ? `max is ${max}: give a whole number from min, ${min}` : undefined;
}
