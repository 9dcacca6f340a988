import type { Constraint, Objective } from './objective.ts';
import { violation } from './objective.ts';
import type { TrialRecord } from './trial-record.ts';

/** What trials are compared by. */
export interface Criteria {
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
}

/** A complete trial's objectives, turned so that less is better. */
export function losses({ metrics }: TrialRecord, { objectives }: Criteria): readonly number[] {
  return objectives.map(({ direction, metric }) => {
    const value = metrics[metric] ?? Number.NaN;
    return direction === 'minimize' ? value : -value;
  });
}

/** By how much a trial breaks the constraints, summed: 0 when it is feasible. */
export function totalViolation({ metrics }: TrialRecord, { constraints }: Criteria): number {
  return constraints.reduce((sum, constraint) => sum + violation(constraint, metrics), 0);
}

/** Whether losses `a` dominate `b`: nowhere worse, somewhere better. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false;
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? Number.NaN;
    if (!(value <= other)) return false;
    if (value < other) better = true;
  }
  return better;
}

/**
 * Whether one complete trial is better than another: a feasible one beats an infeasible one, of two infeasible ones
 * the lesser violation wins, and of two feasible ones the dominating.
 *
 * Source: the constrained domination of Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II",
 * IEEE TEC 2002.
 */
export function isBetter(a: TrialRecord, b: TrialRecord, criteria: Criteria): boolean {
  const [brokenA, brokenB] = [totalViolation(a, criteria), totalViolation(b, criteria)];
  if (brokenA !== brokenB) return brokenA < brokenB;
  return brokenA === 0 && dominates(losses(a, criteria), losses(b, criteria));
}

/**
 * The front each point lies on: 0 for those that no other dominates, 1 for those that only front 0 dominates, and so
 * on. Sorting first means that a point can only be dominated by one before it.
 *
 * Source: Zhang et al., "An efficient approach to nondominated sorting", IEEE TEC 2015 (sequential search).
 */
export function nonDominatedSort(points: readonly (readonly number[])[]): readonly number[] {
  const order = points.map((point, index) => ({ point, index })).toSorted((a, b) => lexical(a.point, b.point));
  const fronts: (readonly number[])[][] = [];
  const ranks = points.map(() => 0);
  for (const { point, index } of order) {
    let rank = fronts.findIndex((front) => !front.some((other) => dominates(other, point)));
    if (rank < 0) rank = fronts.length;
    (fronts[rank] ??= []).push(point);
    ranks[index] = rank;
  }
  return ranks;
}

/** Compares by size; unlike a difference, it takes infinities. */
function ascending(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function lexical(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? value;
    if (value !== other) return value - other;
  }
  return 0;
}

/**
 * How alone each point of one front stands: the sum over objectives of the gap between its neighbours, as a part of
 * the front's extent; Infinity at the ends.
 *
 * Source: Deb et al. 2002, section III-B.
 */
export function crowdingDistance(points: readonly (readonly number[])[]): readonly number[] {
  const distances = points.map(() => 0);
  const dimensions = points[0]?.length ?? 0;
  for (let dimension = 0; dimension < dimensions; dimension += 1) {
    const value = (index: number): number => points[index]?.[dimension] ?? 0;
    const order = points.map((_, index) => index).toSorted((a, b) => value(a) - value(b));
    const extent = value(order.at(-1) ?? 0) - value(order[0] ?? 0);
    for (const [place, index] of order.entries()) {
      const [before, after] = [order[place - 1], order[place + 1]];
      const gap =
        before === undefined || after === undefined
          ? Infinity
          : extent > 0
            ? (value(after) - value(before)) / extent
            : 0;
      distances[index] = (distances[index] ?? 0) + gap;
    }
  }
  return distances;
}

/**
 * Which of two complete trials comes first with one objective: the lesser violation, then the lesser loss, then the
 * lesser number. Negative when it is `a`.
 */
export function compareSingle(a: TrialRecord, b: TrialRecord, criteria: Criteria): number {
  return (
    ascending(totalViolation(a, criteria), totalViolation(b, criteria)) ||
    ascending(losses(a, criteria)[0] ?? Infinity, losses(b, criteria)[0] ?? Infinity) ||
    a.number - b.number
  );
}

/**
 * Complete trials from best to worst: feasible ones first, by front and then by how alone they stand on it; then the
 * infeasible by violation. Equals keep the order of their numbers. With one objective this is the order of its values.
 */
export function rankTrials(trials: readonly TrialRecord[], criteria: Criteria): readonly TrialRecord[] {
  const complete = trials.filter(({ state }) => state === 'complete');
  if (criteria.objectives.length === 1) return complete.toSorted((a, b) => compareSingle(a, b, criteria));
  const entries = complete.map((trial) => ({ trial, broken: totalViolation(trial, criteria), rank: 0, crowding: 0 }));
  const feasible = entries.filter(({ broken }) => broken === 0);
  const points = feasible.map(({ trial }) => losses(trial, criteria));
  const ranks = nonDominatedSort(points);
  for (const rank of new Set(ranks)) {
    const front = ranks.flatMap((other, index) => (other === rank ? index : []));
    const distances = crowdingDistance(front.map((index) => points[index] ?? []));
    for (const [place, index] of front.entries()) {
      const entry = feasible[index];
      if (entry !== undefined) Object.assign(entry, { rank, crowding: distances[place] });
    }
  }
  return entries
    .toSorted(
      (a, b) =>
        ascending(a.broken, b.broken) ||
        ascending(a.rank, b.rank) ||
        ascending(b.crowding, a.crowding) ||
        a.trial.number - b.trial.number,
    )
    .map(({ trial }) => trial);
}
