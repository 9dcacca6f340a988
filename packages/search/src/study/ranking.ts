/** Which trials are better: constrained domination, fronts and crowding, kept in order while a study grows. */
import { own } from '../json.ts';
import { violation, type Constraint, type Objective } from './objective.ts';
import type { TrialRecord } from './trial-record.ts';

/** What trials are compared by. */
export interface Criteria {
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
}

/** A complete trial's objectives, turned so that less is better. */
export function losses({ metrics }: TrialRecord, { objectives }: Criteria): readonly number[] {
  return objectives.map((objective) => lossOf(objective, metrics));
}

function lossOf({ direction, metric }: Objective, metrics: TrialRecord['metrics']): number {
  const value = own(metrics, metric) ?? Number.NaN;
  return direction === 'minimize' ? value : -value;
}

/** By how much a trial breaks the constraints, summed: 0 when it is feasible. */
export function totalViolation({ metrics }: TrialRecord, { constraints }: Criteria): number {
  return constraints.reduce((sum, constraint) => sum + violation(constraint, metrics), 0);
}

/** Whether losses `a` dominate `b`: nowhere worse, somewhere better. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false;
  for (let index = 0; index < a.length; index += 1) {
    const [value, other] = [a[index] ?? Number.NaN, b[index] ?? Number.NaN];
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
  if (brokenA > 0) return false;
  const [only, ...others] = criteria.objectives;
  if (only !== undefined && others.length === 0) return lossOf(only, a.metrics) < lossOf(only, b.metrics);
  return dominates(losses(a, criteria), losses(b, criteria));
}

/**
 * The front each point lies on: 0 for those that no other dominates, 1 for those that only front 0 dominates, and so
 * on. Sorting first means that a point can only be dominated by one before it, and then by one of every front before
 * its own; of two losses, by the front's latest.
 *
 * Source: Zhang et al., "An efficient approach to nondominated sorting", IEEE TEC 2015 (binary search).
 */
export function nonDominatedSort(points: readonly (readonly number[])[]): readonly number[] {
  const order = points.map((point, index) => ({ point, index })).toSorted((a, b) => lexical(a.point, b.point));
  const plane = (points[0]?.length ?? 0) <= 2;
  const fronts: (readonly number[])[][] = [];
  const ranks = points.map(() => 0);
  for (const { point, index } of order) {
    let [rank, end] = [0, fronts.length];
    while (rank < end) {
      const middle = (rank + end) >>> 1;
      const front = fronts[middle] ?? [];
      const dominated = plane ? dominates(front.at(-1) ?? [], point) : front.some((other) => dominates(other, point));
      if (dominated) rank = middle + 1;
      else end = middle;
    }
    (fronts[rank] ??= []).push(point);
    ranks[index] = rank;
  }
  return ranks;
}

/** Compares by size; unlike a difference, it takes infinities. */
export function ascending(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function lexical(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < a.length; index += 1) {
    const order = ascending(a[index] ?? 0, b[index] ?? 0);
    if (order !== 0) return order;
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
    const values = Float64Array.from(points, (point) => point[dimension] ?? 0);
    const value = (index = 0): number => values[index] ?? 0;
    const order = points.map((_, index) => index).toSorted((a, b) => ascending(value(a), value(b)));
    const extent = value(order.at(-1)) - value(order[0]);
    for (let place = 0; place < order.length; place += 1) {
      const [index = 0, before, after] = [order[place], order[place - 1], order[place + 1]];
      if (before === undefined || after === undefined) distances[index] = Infinity;
      // Where a loss is infinite, gaps are no parts of the extent.
      else if (extent > 0 && extent < Infinity)
        distances[index] = (distances[index] ?? 0) + (value(after) - value(before)) / extent;
    }
  }
  return distances;
}

/**
 * Which of two complete trials comes first with one objective: the lesser violation, then the lesser loss, then the
 * lesser number. Negative when it is `a`.
 */
export function compareSingle(a: TrialRecord, b: TrialRecord, criteria: Criteria): number {
  const [objective] = criteria.objectives;
  return (
    ascending(totalViolation(a, criteria), totalViolation(b, criteria)) ||
    (objective === undefined ? 0 : ascending(lossOf(objective, a.metrics), lossOf(objective, b.metrics))) ||
    a.number - b.number
  );
}

/** A complete trial on its front. */
interface Entry {
  readonly trial: TrialRecord;
  readonly point: readonly number[];
}

/** One front, what has yet to find its place there or behind, and the front's trials by how alone they stand once asked. */
interface Level {
  readonly entries: readonly Entry[];
  waiting: Entry[];
  order?: readonly TrialRecord[];
}

/** The trials of a front, those that stand alone first: the same for any order of the entries, equals among them too. */
function byCrowding(unordered: readonly Entry[]): readonly TrialRecord[] {
  const entries = unordered.toSorted((a, b) => a.trial.number - b.trial.number);
  const distances = crowdingDistance(entries.map(({ point }) => point));
  return entries
    .map(({ trial }, index) => ({ trial, crowding: distances[index] ?? 0 }))
    .toSorted((a, b) => ascending(b.crowding, a.crowding) || a.trial.number - b.trial.number)
    .map(({ trial }) => trial);
}

/** Of more that wait for a place, all behind it are sorted anew. */
const mostWaiting = 64;

/**
 * Trials sorted into fronts as they come, so that a long study is not sorted anew for each; a front is brought up to
 * date when it is asked for, the first of many for the most part.
 *
 * Source: Li et al., "Efficient nondomination level update method for steady-state evolutionary multiobjective
 * optimization", IEEE Transactions on Cybernetics 2017.
 */
class Levels {
  readonly #criteria: Criteria;
  readonly #levels: Level[] = [];
  readonly #infeasible: { readonly trial: TrialRecord; readonly broken: number }[] = [];
  /** The trials taken into account. */
  readonly seen: TrialRecord[] = [];

  constructor(criteria: Criteria) {
    this.#criteria = criteria;
  }

  /** Takes the trials after those seen into account. */
  extend(trials: readonly TrialRecord[]): void {
    const fresh: Entry[] = [];
    for (let index = this.seen.length; index < trials.length; index += 1) {
      const trial = trials[index];
      if (trial === undefined) continue;
      this.seen.push(trial);
      if (trial.state !== 'complete') continue;
      const broken = totalViolation(trial, this.#criteria);
      if (broken > 0) this.#infeasible.push({ trial, broken });
      else fresh.push({ trial, point: losses(trial, this.#criteria) });
    }
    const [first] = this.#levels;
    if (first === undefined) this.#sort(fresh);
    else first.waiting.push(...fresh);
  }

  /** The first fronts of so many feasible ones, each by how alone they stand; while a front is the same, so is its list. */
  fronts(count: number): readonly (readonly TrialRecord[])[] {
    const fronts: (readonly TrialRecord[])[] = [];
    for (let [rank, left] = [0, count]; left > 0 && rank < this.#levels.length; rank += 1) {
      const level = this.#settled(rank);
      fronts.push((level.order ??= byCrowding(level.entries)));
      left -= level.entries.length;
    }
    return fronts;
  }

  /** The best of them, best first: so many, and at times a few more. */
  ranked(count: number): readonly TrialRecord[] {
    const feasible = this.fronts(count).flat();
    if (feasible.length >= count) return feasible;
    const broken = this.#infeasible.toSorted(
      (a, b) => ascending(a.broken, b.broken) || a.trial.number - b.trial.number,
    );
    return [...feasible, ...broken.map(({ trial }) => trial)];
  }

  /** Makes levels behind those there are. */
  #sort(entries: readonly Entry[]): void {
    const levels: { entries: Entry[]; waiting: Entry[] }[] = [];
    const ranks = nonDominatedSort(entries.map(({ point }) => point));
    for (const [index, entry] of entries.entries()) {
      (levels[ranks[index] ?? 0] ??= { entries: [], waiting: [] }).entries.push(entry);
    }
    this.#levels.push(...levels);
  }

  /** A level with all that belongs there; what it leaves behind waits for the next. Those before it are settled. */
  #settled(rank: number): Level {
    const level = this.#levels[rank] ?? { entries: [], waiting: [] };
    const { entries, waiting } = level;
    if (waiting.length === 0) return level;
    if (waiting.length > mostWaiting) {
      this.#sort(this.#levels.splice(rank).flatMap((rest) => [...rest.entries, ...rest.waiting]));
      return this.#settled(rank);
    }
    const isFree = ({ point }: Entry, others: readonly Entry[]): boolean =>
      !others.some((other) => dominates(other.point, point));
    const joins = waiting.filter((entry) => isFree(entry, entries) && isFree(entry, waiting));
    const stay = joins.length === 0 ? entries : entries.filter((entry) => isFree(entry, joins));
    const here = new Set([...stay, ...joins]);
    const next = [...entries, ...waiting].filter((entry) => !here.has(entry));
    if (next.length > 0) (this.#levels[rank + 1] ??= { entries: [], waiting: [] }).waiting.push(...next);
    level.waiting = [];
    if (joins.length === 0) return level;
    return (this.#levels[rank] = { entries: [...here], waiting: [] });
  }
}

/**
 * Complete trials from best to worst: feasible ones first, by front and then by how alone they stand on it; then the
 * infeasible by violation. Equals keep the order of their numbers. With one objective this is the order of its values.
 */
export function rankTrials(trials: readonly TrialRecord[], criteria: Criteria): readonly TrialRecord[] {
  if (criteria.objectives.length === 1) {
    return trials.filter(({ state }) => state === 'complete').toSorted((a, b) => compareSingle(a, b, criteria));
  }
  const levels = new Levels(criteria);
  levels.extend(trials);
  return levels.ranked(Infinity);
}

const growing = new WeakMap<Criteria, Levels>();

/** The levels of a list that grows from call to call: what it began with last time is not sorted anew. */
function levelsOf(trials: readonly TrialRecord[], criteria: Criteria): Levels {
  let levels = growing.get(criteria);
  if (levels === undefined || !levels.seen.every((trial, index) => trial === trials[index])) {
    levels = new Levels(criteria);
    growing.set(criteria, levels);
  }
  levels.extend(trials);
  return levels;
}

/** As {@link rankTrials}, for a list that grows from call to call. The first so many. */
export function rankGrowing(
  trials: readonly TrialRecord[],
  criteria: Criteria,
  count: number = Infinity,
): readonly TrialRecord[] {
  return levelsOf(trials, criteria).ranked(count).slice(0, count);
}

/**
 * The first fronts of a list that grows from call to call, until they hold so many feasible trials. Each is in the order
 * of {@link rankTrials}, and the same list for as long as nothing about that front has changed.
 */
export function frontsGrowing(
  trials: readonly TrialRecord[],
  criteria: Criteria,
  count: number,
): readonly (readonly TrialRecord[])[] {
  return levelsOf(trials, criteria).fronts(count);
}
