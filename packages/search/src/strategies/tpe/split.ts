/** Which trials TPE takes for good and which for bad. */
import { own } from '../../json.ts';
import type { History } from '../../study/history.ts';
import { frontsGrowing, losses, totalViolation, type Criteria } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { byAddedVolume } from './volume.ts';

/** The trials that the two densities are made of. */
export interface Split {
  /** Best first. */
  readonly good: readonly TrialRecord[];
  /** By number, those in hand last. */
  readonly bad: readonly TrialRecord[];
}

/** The first objective at a trial's last report, turned so that less is better. */
function lastValue({ reports }: TrialRecord, { objectives }: Criteria): number {
  const [objective] = objectives;
  const value = objective === undefined ? undefined : own(reports.at(-1)?.metrics ?? {}, objective.metric);
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

/** So many trials of a front, in the order of {@link byAddedVolume}. */
interface Chosen {
  readonly count: number;
  readonly trials: readonly TrialRecord[];
}

/** By the list of a front, what was chosen of it. */
const chosenOf = new WeakMap<readonly TrialRecord[], Chosen>();

/**
 * So many trials of a front, by the volume that they add; of a large one only the loneliest are looked at, fewer with
 * more than three objectives, where a volume costs more.
 */
function chosenFrom(front: readonly TrialRecord[], count: number, criteria: Criteria): readonly TrialRecord[] {
  const known = chosenOf.get(front);
  if (known?.count === count) return known.trials;
  const lonely = front.slice(0, (criteria.objectives.length > 3 ? 3 : 6) * count);
  const points = lonely.map((trial) => losses(trial, criteria));
  const reference = criteria.objectives.map((_, index) => {
    const finite = points.map((point) => point[index] ?? 0).filter(Number.isFinite);
    const worst = finite.reduce((most, value) => Math.max(most, value), -Infinity);
    return worst + 0.1 * Math.abs(worst);
  });
  const trials = byAddedVolume(points, reference, count).flatMap((index) => lonely[index] ?? []);
  chosenOf.set(front, { count, trials });
  return trials;
}

/** The best so many trials of several objectives: by front, and then by the volume that they add. */
function byVolume({ finished, criteria }: History, count: number): readonly TrialRecord[] {
  const chosen: TrialRecord[] = [];
  for (const front of frontsGrowing(finished, criteria, count)) {
    chosen.push(...chosenFrom(front, count - chosen.length, criteria));
  }
  return chosen;
}

/** How many of so many finished trials count as good. */
export type GoodCount = (finished: number) => number;

/**
 * The best trials and the others. Complete and feasible ones come before those that were pruned, and these before the
 * infeasible, which are ordered by how far they are off. Trials still in hand count as bad (the constant liar), so that
 * workers keep apart, and so do those that failed by what they tried. Of more than `most` trials, the bad ones are those
 * among a sample, and all in hand.
 */
export function splitTrials(history: History, goodCount: GoodCount, most: number = Infinity): Split {
  const { trials, finished, criteria } = history;
  const count = goodCount(finished.length);
  const good = new Set<TrialRecord>();
  for (const trial of criteria.objectives.length === 1 ? history.ranked : byVolume(history, count)) {
    if (good.size === count || totalViolation(trial, criteria) > 0) break;
    good.add(trial);
  }
  if (good.size < count) {
    const pruned = trials.filter(({ state }) => state === 'pruned' || state === 'paused');
    for (const trial of [...byProgress(pruned, criteria), ...history.ranked]) {
      if (good.size < count) good.add(trial);
    }
  }
  const finishedBad = thinned(trials, most).filter(
    (trial) => trial.state !== 'running' && tells(trial) && !good.has(trial),
  );
  return { good: [...good], bad: [...finishedBad, ...history.running] };
}

/** At most so many trials: the latest quarter of them, and an even sample of the others. */
function thinned(trials: readonly TrialRecord[], most: number): readonly TrialRecord[] {
  if (trials.length <= most) return trials;
  const latest = most >> 2;
  const every = (trials.length - latest) / (most - latest);
  const sample = Array.from({ length: most - latest }, (_, index) => trials[Math.floor(index * every)]);
  return [...sample, ...trials.slice(-latest)].filter((trial) => trial !== undefined);
}
