import type { History } from '../../study/history.ts';
import { losses, nonDominatedSort, totalViolation } from '../../study/ranking.ts';
import type { Criteria } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { byAddedVolume } from './volume.ts';

/** The trials that the two densities are made of. */
export interface Split {
  /** Best first. */
  readonly good: readonly TrialRecord[];
  /** By number. */
  readonly bad: readonly TrialRecord[];
}

/** The first objective at a trial's last report, turned so that less is better. */
function lastValue({ reports }: TrialRecord, { objectives }: Criteria): number {
  const [objective] = objectives;
  const value = objective === undefined ? undefined : reports.at(-1)?.metrics[objective.metric];
  if (value === undefined || Number.isNaN(value)) return Infinity;
  return objective?.direction === 'maximize' ? -value : value;
}

/** Trials that were not trained to their end, best first: those that came further, then by value. */
function byProgress(trials: readonly TrialRecord[], criteria: Criteria): readonly TrialRecord[] {
  const entries = trials.map((trial) => {
    return { trial, step: trial.reports.at(-1)?.step ?? -1, value: lastValue(trial, criteria) };
  });
  const order = entries.toSorted((a, b) => b.step - a.step || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  return order.map(({ trial }) => trial);
}

/** Whether a trial says something of its config: a failed one does, unless nothing came back at all. */
export function tells({ state, failure }: TrialRecord): boolean {
  return state === 'failed' ? failure?.kind !== 'lost' && failure?.kind !== 'invalid' : state !== 'waiting';
}

/** The best so many trials of several objectives: by front, and then by the volume that they add. */
function byVolume(history: History, count: number): readonly TrialRecord[] {
  const { criteria } = history;
  const feasible = history.best(6 * count).filter((trial) => totalViolation(trial, criteria) === 0);
  const points = feasible.map((trial) => losses(trial, criteria));
  const reference = criteria.objectives.map((_, index) => {
    const worst = Math.max(...points.map((point) => point[index] ?? 0));
    return worst + 0.1 * Math.abs(worst);
  });
  const ranks = nonDominatedSort(points);
  const chosen: TrialRecord[] = [];
  for (let rank = 0; chosen.length < Math.min(count, feasible.length); rank += 1) {
    const front = feasible.filter((_, index) => ranks[index] === rank);
    const own = points.filter((_, index) => ranks[index] === rank);
    const order = byAddedVolume(own, reference, count - chosen.length);
    chosen.push(...order.flatMap((index) => front[index] ?? []));
  }
  return chosen;
}

/** How many of so many finished trials count as good. */
export type GoodCount = (finished: number) => number;

/**
 * The best trials and the others. Complete and feasible ones come before those that were pruned, and these before the
 * infeasible, which are ordered by how far they are off. Trials still in hand count as bad (the constant liar), so that
 * workers keep apart, and so do those that failed by what they tried. Of more than `most` trials, the bad ones are those
 * among a sample.
 */
export function splitTrials(history: History, goodCount: GoodCount, most: number = Infinity): Split {
  const { trials, finished, ranked, criteria } = history;
  const count = goodCount(finished.length);
  const good = new Set<TrialRecord>();
  for (const trial of criteria.objectives.length === 1 ? ranked : byVolume(history, count)) {
    if (good.size === count || totalViolation(trial, criteria) > 0) break;
    good.add(trial);
  }
  if (good.size < count) {
    const pruned = trials.filter(({ state }) => state === 'pruned' || state === 'paused');
    for (const trial of [...byProgress(pruned, criteria), ...ranked]) {
      if (good.size < count) good.add(trial);
    }
  }
  const bad = thinned(trials, most).filter((trial) => tells(trial) && !good.has(trial));
  return { good: [...good], bad };
}

/** At most so many trials: the latest quarter of them, among which are those in hand, and an even sample of the others. */
function thinned(trials: readonly TrialRecord[], most: number): readonly TrialRecord[] {
  if (trials.length <= most) return trials;
  const latest = most >> 2;
  const every = (trials.length - latest) / (most - latest);
  const sample = Array.from({ length: most - latest }, (_, index) => trials[Math.floor(index * every)]);
  return [...sample, ...trials.slice(-latest)].filter((trial) => trial !== undefined);
}
