/** How a study stands, as data: for terminals, for JSON, and for comparisons. */
import {
  own,
  shownUrl,
  type Failure,
  type NamedVerdict,
  type StopCondition,
  type Study,
  type TrialRecord,
  type TrialState,
} from '@espalier/search';

/** A worker and what it has in hand. */
export interface WorkerStatus {
  readonly worker: string;
  readonly trial: number;
  /** The last step it reported, and the metrics there. */
  readonly step?: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Seconds since it took the trial. */
  readonly seconds: number;
}

/** How a study stands. */
export interface StudyStatus {
  readonly study: string;
  readonly storage: string;
  readonly strategy: string;
  readonly seed: number;
  readonly objectives: readonly string[];
  readonly counts: Readonly<Record<TrialState, number>>;
  /** The best trial of a study with one objective. */
  readonly best?: { readonly number: number; readonly value: number; readonly gain?: number; readonly config: unknown };
  /** With several objectives, the trials that no other dominates. */
  readonly front?: readonly number[];
  /** The stop condition that is nearest. */
  readonly nearest?: NamedVerdict;
  /** Seconds until then, if it goes on as it went since this process looks on. */
  readonly secondsLeft?: number;
  readonly workers: readonly WorkerStatus[];
  /** The trial that failed last, and why. */
  readonly lastFailure?: Failure & { readonly number: number };
  /** The best value after each finished trial. */
  readonly history: readonly number[];
  /** Seconds that early stopping saved, if pruned trials would have lasted as long as complete ones. */
  readonly savedSeconds: number;
}

const seconds = (milliseconds: number): number => milliseconds / 1000;

/** The best value so far after each complete trial. */
function bestSoFar(trials: readonly TrialRecord[], metric: string, maximize: boolean): number[] {
  const found: number[] = [];
  for (const { state, metrics } of trials) {
    const value = own(metrics, metric);
    if (state !== 'complete' || value === undefined) continue;
    const before = found.at(-1);
    const better = before === undefined || (maximize ? value > before : value < before);
    found.push(better ? value : before);
  }
  return found;
}

/** Where a run, or a look at one, began. */
export interface Start {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How near each stop condition was. */
  readonly progress: readonly number[];
}

/** The state from which progress is measured: that of now. */
export function startOf(study: Study, stops: readonly StopCondition[]): Start {
  const state = { history: study.history, space: study.space, elapsed: 0 };
  return { at: study.now(), progress: stops.map((stop) => stop.check(state).progress) };
}

/** Takes the state of a study, as last read; `start` is where this run, or the look at it, began. */
export function statusOf(study: Study, stops: readonly StopCondition[], start: Start): StudyStatus {
  const now = study.now();
  const elapsed = seconds(now - start.at);
  const { history, criteria, trials } = study;
  const counts: Record<TrialState, number> = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 };
  for (const { state } of trials) counts[state] += 1;
  const state = { history, space: study.space, elapsed };
  const verdicts = stops.map((stop, index) => {
    const verdict = { name: stop.name, ...stop.check(state) };
    const gained = verdict.progress - (start.progress[index] ?? 0);
    const moves = gained > 0 && verdict.progress < 1 && counts.running > 0;
    return { verdict, left: moves ? (elapsed * (1 - verdict.progress)) / gained : undefined };
  });
  const nearest = verdicts.toSorted((a, b) => b.verdict.progress - a.verdict.progress)[0];
  const failed = trials.reduce<TrialRecord | undefined>(
    (last, trial) => (trial.state === 'failed' && trial.revision >= (last?.revision ?? 0) ? trial : last),
    undefined,
  );
  const complete = trials.filter((trial) => trial.state === 'complete');
  const mean = complete.reduce((sum, { spent }) => sum + spent, 0) / Math.max(1, complete.length);
  const pruned = trials.filter((trial) => trial.state === 'pruned');
  const [objective, ...others] = criteria.objectives;
  const metric = objective?.metric ?? '';
  const values = others.length === 0 ? bestSoFar(history.finished, metric, objective?.direction === 'maximize') : [];
  const best = others.length === 0 ? study.best : undefined;
  const previous = values.findLast((value) => value !== values.at(-1));
  const value = best && own(best.metrics, metric);
  return {
    study: study.name,
    storage: shownUrl(study.storage.url),
    strategy: study.strategy.name,
    seed: study.seed,
    objectives: criteria.objectives.map((each) => `${each.direction} ${each.metric}`),
    counts,
    ...(best === undefined || value === undefined
      ? {}
      : {
          best: {
            number: best.number,
            value,
            config: best.config,
            ...(previous === undefined ? {} : { gain: Math.abs(value - previous) }),
          },
        }),
    ...(others.length === 0 ? {} : { front: study.front.map(({ number }) => number) }),
    ...(nearest === undefined ? {} : { nearest: nearest.verdict }),
    ...(nearest?.left === undefined ? {} : { secondsLeft: nearest.left }),
    workers: trials
      .filter((trial) => trial.state === 'running')
      .map(({ worker = '', number, reports, startedAt = now }) => {
        const last = reports.at(-1);
        return {
          worker,
          trial: number,
          ...(last === undefined ? {} : { step: last.step }),
          metrics: last?.metrics ?? {},
          seconds: seconds(now - startedAt),
        };
      }),
    ...(failed?.failure === undefined ? {} : { lastFailure: { number: failed.number, ...failed.failure } }),
    history: values,
    savedSeconds: seconds(pruned.reduce((sum, { spent }) => sum + Math.max(0, mean - spent), 0)),
  };
}
