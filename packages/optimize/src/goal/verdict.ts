/** Whether a model keeps a goal, and how sure that is. */
import type { LatencyComparison } from '../cost/compare-latency.ts';
import type { Cost } from '../cost/cost.ts';
import { jackknife, pairedDifference, share, type Estimate } from './interval.ts';
import type { GoalMetric } from './metric.ts';
import type { Scorer, Scores } from './score.ts';
import { printGoal, type Bound, type GoalClause } from './text.ts';
import { differenceUnitsOf, unitsOf, valueOf, type Quantity } from './unit.ts';

/** `unsure` where the interval reaches to both sides of the bound. */
export type Verdict = 'holds' | 'fails' | 'unsure';

/** One goal, and what one model makes of it. */
export interface GoalVerdict {
  /** As it was written. */
  readonly goal: string;
  readonly metric: string;
  readonly verdict: Verdict;
  readonly value: number;
  /** What it has to be at least, or at most. */
  readonly bound: number;
  /**
   * The interval of the value, taken beside that of the model as given: what both get right or wrong alike says nothing. Within
   * 0 and 1 for a share; null where it has no end.
   */
  readonly low: number | null;
  readonly high: number | null;
  /** How far the value is on the right side of the bound; below 0 on the wrong one; null for a value that is no number. */
  readonly margin: number | null;
  /** The end of the interval of the margin that is the worse one. */
  readonly worst: number | null;
  /** That of the model as given. */
  readonly base: number;
  /** The examples, or the blocks of latencies, that it was measured on. */
  readonly examples?: number;
}

/** How likely the interval of a verdict is to miss the true value, on each side. */
export const usualMiss = 0.025;

/** A goal's metric beside it. */
export interface Goal {
  readonly clause: GoalClause;
  readonly metric: GoalMetric;
}

/** A bound as a part of the base's value, and an amount more. */
export interface LinearBound {
  readonly factor: number;
  readonly offset: number;
}

/** What a bound is, given the base's value. */
export function linearBound(bound: Bound, quantity: Quantity): LinearBound {
  if (bound.of === 'amount') return { factor: 0, offset: valueOf(bound.amount, unitsOf[quantity]) };
  if (!('change' in bound)) return { factor: 1, offset: 0 };
  if ('factor' in bound) return { factor: bound.change === '*' ? bound.factor : 1 / bound.factor, offset: 0 };
  const offset = valueOf(bound.amount, differenceUnitsOf[quantity]);
  return { factor: 1, offset: bound.change === '-' ? -offset : offset };
}

/** Of an interval of how far a value is above its bound, or below where less is better. */
function verdictOf({ low, high }: Pick<Estimate, 'low' | 'high'>): Verdict {
  if (low >= 0) return 'holds';
  return high < 0 ? 'fails' : 'unsure';
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** An end of an interval, within what the quantity can be. */
const inside = (end: number, quantity: Quantity): number | null =>
  finite(quantity === 'share' ? Math.min(1, Math.max(0, end)) : end);

interface Measured {
  readonly value: number;
  readonly base: number;
  /** Of the value less its bound. */
  readonly above: Estimate;
  readonly examples?: number;
}

function judged(
  { clause, metric: { type, direction, quantity } }: Goal,
  { value, base, above, examples }: Measured,
): GoalVerdict {
  const { factor, offset } = linearBound(clause.bound, quantity);
  const bound = factor * base + offset;
  const right = direction === 'maximize' ? above : { value: 0 - above.value, low: 0 - above.high, high: 0 - above.low };
  return {
    goal: printGoal(clause),
    metric: type,
    verdict: Number.isNaN(right.value) ? 'fails' : verdictOf(right),
    value,
    bound,
    low: inside(bound + above.low, quantity),
    high: inside(bound + above.high, quantity),
    margin: finite(right.value),
    worst: finite(right.low),
    base,
    ...(examples !== undefined && { examples }),
  };
}

const count = (hits: Uint8Array): number => hits.reduce((sum, hit) => sum + hit, 0);

function difference(hits: Uint8Array, before: Uint8Array, miss: number): Estimate {
  let [gained, lost] = [0, 0];
  for (const [index, hit] of hits.entries()) {
    const was = before[index] as number;
    if (hit > was) gained++;
    else if (hit < was) lost++;
  }
  return pairedDifference(gained, lost, hits.length, miss);
}

/**
 * An interval that reaches at least so far to both sides. Few examples may happen to be all alike, and blocks of them then do not
 * differ: what none of them shows is as likely as for a share of hits of which none changed.
 */
function atLeast({ value, low, high }: Estimate, half: number): Estimate {
  return { value, low: Math.min(low, value - half), high: Math.max(high, value + half) };
}

/** Judges a quality by what a model, and the model as given, get out of the same examples. */
export function judgeQuality(
  goal: Goal,
  scorer: Scorer,
  { base, model }: { readonly base: Scores; readonly model: Scores },
  miss: number = usualMiss,
): GoalVerdict {
  const { type, quantity } = goal.metric;
  const { factor, offset } = linearBound(goal.clause.bound, quantity);
  const { examples } = model;
  const [hits, baseHits] = [model.hits.get(type), base.hits.get(type)];
  if (hits && baseHits) {
    const [right, was] = [count(hits), count(baseHits) / examples];
    const compared = factor === 0 ? share(right, examples, miss) : difference(hits, baseHits, miss);
    // How far the bound lies from what it is compared with: nothing, or the share of the base.
    const shift = factor === 0 ? offset : (factor - 1) * was + offset;
    const above = { value: compared.value - shift, low: compared.low - shift, high: compared.high - shift };
    return judged(goal, { value: right / examples, base: was, above, examples });
  }
  const pairs = (model.blocks.get(type) ?? []).map(
    (block, index) => [block, base.blocks.get(type)?.[index] as Float64Array] as const,
  );
  const of = (blocks: typeof pairs, which: 0 | 1): number =>
    scorer.value(
      type,
      blocks.map((pair) => pair[which]),
    );
  const estimate = jackknife(
    pairs,
    (some) => of(some as typeof pairs, 0) - factor * of(some as typeof pairs, 1) - offset,
    miss,
  );
  const above = quantity === 'share' ? atLeast(estimate, pairedDifference(0, 0, examples, miss).high) : estimate;
  return judged(goal, { value: of(pairs, 0), base: of(pairs, 1), above, examples });
}

/** Judges a cost that is known of a model alone: there is nothing to be unsure of. */
export function judgeCost(goal: Goal, base: Cost, model: Cost): GoalVerdict {
  const { cost, quantity } = goal.metric;
  const [value, was] = [cost?.(model) ?? NaN, cost?.(base) ?? NaN];
  const { factor, offset } = linearBound(goal.clause.bound, quantity);
  const above = value - (factor * was + offset);
  return judged(goal, { value, base: was, above: { value: above, low: above, high: above } });
}

/** Judges a latency by what both models took in turns. */
export function judgeLatency(
  goal: Goal,
  { baseline, latency, ratio, low, high, blocks }: LatencyComparison,
): GoalVerdict {
  const { factor, offset } = linearBound(goal.clause.bound, goal.metric.quantity);
  const base = baseline.medianMs;
  const above = (part: number): number => part * base - (factor * base + offset);
  const estimate = { value: above(ratio), low: above(low), high: high === null ? Infinity : above(high) };
  return judged(goal, { value: latency.medianMs, base, above: estimate, examples: blocks });
}

/** How all goals together do: they hold if each does, and fail if one does. */
export function together(verdicts: readonly GoalVerdict[]): Verdict {
  if (verdicts.some(({ verdict }) => verdict === 'fails')) return 'fails';
  return verdicts.every(({ verdict }) => verdict === 'holds') ? 'holds' : 'unsure';
}

/** How far goals are missed, as parts of their bounds, all added up. */
export function shortfall(verdicts: readonly GoalVerdict[]): number {
  return verdicts.reduce((sum, { margin, bound }) => {
    const missed = margin === null ? Infinity : Math.max(0, -margin);
    return sum + (missed === 0 ? 0 : missed / Math.max(Math.abs(bound), 1e-12));
  }, 0);
}
