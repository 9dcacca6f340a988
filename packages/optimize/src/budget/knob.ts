/** One knob, turned to find how far it goes: the decision, as a pure function of what was tried. */
import { aNumber, anObject, check, listOf, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { partsOf } from '../arguments.ts';
import { GoalError } from '../errors.ts';
import { quote } from '../quote.ts';

/** The values of a knob; larger ones save more and cost more quality. */
export interface KnobRange {
  readonly low: number;
  readonly high: number;
  /** Two values closer than this are the same. */
  readonly resolution: number;
  /** The first value to try. Default: `high`. */
  readonly start?: number;
}

/** What came of one value. */
export interface KnobOutcome {
  readonly knob: number;
  /** How far the quality lies above its floor; negative below it. */
  readonly margin: number;
}

const anOutcome: Rule<KnobOutcome> = partsOf<KnobOutcome>('an outcome { knob, margin }', {
  knob: aNumber,
  // JSON has null for NaN.
  margin: ruleOf('a number', (value) => value === null || aNumber.holds(value)),
});

/** The next value to try, or why there is none. */
export type KnobDecision =
  | { readonly next: number }
  /** `edge`: the highest value still holds; `narrowed`: the answer is known to the resolution; `infeasible`: even the lowest value fails. */
  | { readonly stop: 'edge' | 'narrowed' | 'infeasible' };

/**
 * Looks for the largest value whose quality holds, taking quality to fall as the knob rises. Brackets it between the largest
 * value that held and the smallest above it that failed, then goes where the straight line through their margins crosses
 * zero (false position), but never closer to an end than a quarter of the bracket, so that it narrows as surely as bisection.
 * A pure function: from the same outcomes it decides the same, so a search that was cut off goes on where it was.
 */
export function nextKnob(range: KnobRange, tried: readonly KnobOutcome[]): KnobDecision {
  check<object>('nextKnob', 'range', range, anObject);
  check('nextKnob', 'tried', tried, listOf(anOutcome));
  const { low, high, resolution, start = high } = range;
  checkRange(range);
  if (tried.length === 0) return { next: start };
  const held = best(tried.filter(({ margin }) => margin >= 0));
  // A quality of NaN holds no floor.
  const failed = worst(tried.filter(({ knob, margin }) => !(margin >= 0) && knob > (held?.knob ?? -Infinity)));
  if (held && !failed) return high - held.knob < resolution ? { stop: 'edge' } : { next: between(held.knob, high) };
  if (!failed) return { next: start };
  if (!held) {
    if (failed.knob - low < resolution / 2) return { stop: 'infeasible' };
    return { next: failed.knob - low <= resolution ? low : between(failed.knob, low) };
  }
  const width = failed.knob - held.knob;
  // A hair above, since a difference of decimals is seldom exact.
  if (width <= resolution * (1 + 1e-9)) return { stop: 'narrowed' };
  const crossing = held.margin / (held.margin - failed.margin);
  const share = Number.isNaN(crossing) ? 0.5 : Math.min(0.75, Math.max(0.25, crossing));
  return { next: held.knob + share * width };

  /** Half of the way to the end, and the end itself when that is near. */
  function between(from: number, end: number): number {
    return Math.abs(end - from) <= 2 * resolution ? end : (from + end) / 2;
  }
}

/** @throws {GoalError} for a range that cannot be. */
export function checkRange({ low, high, resolution, start = high }: KnobRange): void {
  for (const [name, value] of Object.entries({ low, high, resolution, start }))
    if (!Number.isFinite(value)) throw new GoalError('knob', `${name} is ${quote(value)}; it must be a finite number`);
  if (!(low <= start && start <= high)) throw new GoalError('knob', `it starts at ${start}, outside ${low} to ${high}`);
  if (!(resolution > 0)) throw new GoalError('knob', `the resolution is ${resolution}; it must be above 0`);
}

function best(outcomes: readonly KnobOutcome[]): KnobOutcome | undefined {
  return outcomes.toSorted((a, b) => b.knob - a.knob)[0];
}

function worst(outcomes: readonly KnobOutcome[]): KnobOutcome | undefined {
  return outcomes.toSorted((a, b) => a.knob - b.knob)[0];
}
