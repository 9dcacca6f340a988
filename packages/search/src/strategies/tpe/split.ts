import type { History } from '../../study/history.ts';
import { totalViolation } from '../../study/ranking.ts';
import type { Criteria } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';

/** The trials that a density is made of, each list by number. */
export interface Split {
  readonly good: readonly TrialRecord[];
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
  for (const trial of ranked) {
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
  return { good: [...good].toSorted((a, b) => a.number - b.number), bad };
}

/** At most so many trials: the latest quarter of them, among which are those in hand, and an even sample of the others. */
function thinned(trials: readonly TrialRecord[], most: number): readonly TrialRecord[] {
  if (trials.length <= most) return trials;
  const latest = most >> 2;
  const every = (trials.length - latest) / (most - latest);
  const sample = Array.from({ length: most - latest }, (_, index) => trials[Math.floor(index * every)]);
  return [...sample, ...trials.slice(-latest)].filter((trial) => trial !== undefined);
}
