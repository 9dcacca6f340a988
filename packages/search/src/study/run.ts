/** The loop around ask and tell: workers, stop conditions, interruptions, and waiting for other processes. */
import { quote } from '../checked/quote.ts';
import { ExhaustedError, ObjectiveError, PendingError, StaleClaimError, StudyError, ValueError } from '../errors.ts';
import { elapsedClock, sleep } from '../timers.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { ConfigObject } from '../space/node.ts';
import type { Space } from '../space/space.ts';
import type { StopState } from '../stop/stop-condition.ts';
import type { DuplicatePolicy } from '../storage/events.ts';
import type { Storage } from '../storage/storage.ts';
import { attemptWithin } from './attempt.ts';
import { ParetoFront } from './front.ts';
import type { History } from './history.ts';
import { keepClaims } from './keep-claims.ts';
import { TrialFailure, type Outcome } from './outcome.ts';
import type { Criteria } from './ranking.ts';
import { ifGivenBack, runningElsewhere } from './run-elsewhere.ts';
import type { AskOptions, NamedVerdict, ObjectiveFunction, RunOptions, RunResult, Stopped } from './run-options.ts';
import type { Trial } from './trial.ts';
import type { TrialRecord, TrialState } from './trial-record.ts';

/** What a run needs of a study. */
interface RunnableStudy<Config extends ConfigObject, Metric extends string> {
  readonly name: string;
  readonly space: Space<Config>;
  readonly criteria: Criteria;
  readonly duplicates: DuplicatePolicy;
  readonly storage: Storage;
  readonly elapsed: () => number;
  readonly trials: readonly TrialRecord<Config>[];
  readonly front: readonly TrialRecord<Config>[];
  readonly history: History;
  readonly passingHistory: History;
  sync(): Promise<void>;
  ask(options: AskOptions<Config>): Promise<Trial<Config>>;
  askWaiting(options: AskOptions<Config>): Promise<Trial<Config> | undefined>;
  tell(trial: Trial<Config>, outcome: Outcome<Metric>): Promise<TrialRecord<Config>>;
}

/** Milliseconds after which a worker that waits looks whether another process has told something. */
const pollEvery = 200;
/** Milliseconds after which it asks all the same: asking also finds trials whose workers have vanished. */
const askAgainAfter = 2000;

/** Milliseconds after which other things get a turn, even when no objective ever waits: signals, timers, a display. */
const yieldEvery = 50;

/** The revision at which a trial last changed; claims that came to nothing change none. */
function latestChange({ trials }: History): number {
  return trials.reduce((latest, { revision }) => Math.max(latest, revision), 0);
}

/**
 * Runs a study: the loop around ask and tell.
 * @throws {ValueError} when a number is out of range.
 * @throws {StudyError} of code `endless` when nothing could ever stop it.
 * @throws {Error} what the storage or `onEvent` throws.
 */
export async function runStudy<Config extends ConfigObject, Metric extends string>(
  study: RunnableStudy<Config, Metric>,
  objective: ObjectiveFunction<Config, Metric>,
  options: RunOptions<Config>,
): Promise<RunResult<Config>> {
  const { stop = [], workers = 1, name = 'worker', lease, timeout, onEvent = () => undefined, signal } = options;
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new ValueError(`run: workers is ${quote(workers)}: give a whole number from 1`);
  }
  const endless = study.space.size === Infinity || study.duplicates === 'repeat';
  if (stop.length === 0 && signal === undefined && endless) {
    throw new StudyError('endless', study.name, 'run would never end: give stop, such as [maxTrials(60)]');
  }
  await study.sync();
  const keeper = lease === undefined ? undefined : await keepClaims(study.storage, study.name, lease);
  const began = study.elapsed();
  const front = new ParetoFront(study.criteria, study.history.finished);
  const inTurn = oneAtATime();
  let stopped: Stopped | undefined;

  const verdicts = (history: History = study.passingHistory): readonly NamedVerdict[] => {
    const state: StopState = { history, space: study.space, elapsed: (study.elapsed() - began) / 1000 };
    return stop.map((condition) => ({ name: condition.name, ...condition.check(state) }));
  };

  const inHand = new Set<number>();
  let wake: () => void = () => undefined;
  let woken = new Promise<void>((resolve) => (wake = resolve));
  /** Lets the workers that wait look again. */
  const told = (): void => {
    wake();
    woken = new Promise((resolve) => (wake = resolve));
  };

  const askOptions = (worker: number): AskOptions<Config> => ({
    worker: `${name} ${worker}`,
    ...(lease === undefined ? {} : { lease }),
    onReport: (step, metrics, trial) => onEvent({ type: 'report', worker, trial, step, metrics }),
  });
  const taken = (trial: Trial<Config>): Trial<Config> => {
    keeper?.hold(trial);
    inHand.add(trial.number);
    return trial;
  };

  let lookedAt = -Infinity;
  /**
   * What to do when there is nothing more to start: to end, unless others have trials that they may yet lose. Claims
   * that ran out are given back when somebody claims, which is worth trying once per lease.
   */
  const rest = async (reason: Stopped, worker: number): Promise<Trial<Config> | 'end' | 'wait'> => {
    if (lease !== undefined && study.storage.shared === true) {
      if (elapsedClock() - lookedAt >= lease) {
        lookedAt = elapsedClock();
        const trial = await study.askWaiting(askOptions(worker));
        if (trial !== undefined) return taken(trial);
      } else await study.sync();
      if (runningElsewhere(study.passingHistory, inHand).length > 0) return 'wait';
    }
    stopped = reason;
    return 'end';
  };
  /** What a run ends by. It is not the number of trials if some of them may yet wait again. */
  const firing = (): { readonly by: NamedVerdict; readonly surely: boolean } | undefined => {
    const fired = verdicts().find((verdict) => verdict.fired);
    if (fired === undefined) return undefined;
    const history = study.passingHistory;
    const others = runningElsewhere(history, inHand);
    const sure = others.length === 0 ? fired : verdicts(ifGivenBack(history, others)).find((verdict) => verdict.fired);
    return { by: sure ?? fired, surely: sure !== undefined };
  };

  /** The last time that the strategy had to wait, and the revision it waits to see changed. */
  let pending = { since: -Infinity, revision: -1 };
  /** Whether asking would only make the strategy wait again: it knows no more than before. */
  const stillPending = async (): Promise<boolean> => {
    if (elapsedClock() - pending.since >= askAgainAfter) return false;
    await study.sync();
    return latestChange(study.passingHistory) === pending.revision;
  };

  /** The next trial, or what to do instead. In turn, so that no worker starts a trial too many. */
  const next = (worker: number): Promise<Trial<Config> | 'end' | 'wait'> =>
    inTurn(async () => {
      if (signal?.aborted === true) stopped ??= { by: 'aborted', message: 'the run was aborted' };
      if (stopped !== undefined) return 'end';
      const fired = firing();
      if (fired !== undefined) {
        const reason = { by: fired.by.name, message: fired.by.message };
        if (!fired.surely) return rest(reason, worker);
        stopped = reason;
        return 'end';
      }
      if (await stillPending()) return 'wait';
      try {
        return taken(await study.ask(askOptions(worker)));
      } catch (error) {
        if (error instanceof ExhaustedError) return rest({ by: 'exhausted', message: error.reason }, worker);
        if (!(error instanceof PendingError)) throw error;
        if (inHand.size > 0 || study.passingHistory.running.length > 0) {
          pending = { since: elapsedClock(), revision: latestChange(study.passingHistory) };
          return 'wait';
        }
        stopped = { by: 'stalled', message: `the strategy waits although no trial is running: ${error.reason}` };
        return 'end';
      }
    });

  const finish = async (trial: Trial<Config>, outcome: Outcome<Metric>, worker: number): Promise<void> => {
    try {
      const record = await study.tell(trial, outcome);
      onEvent({ type: 'tell', worker, trial: record, improved: front.add(record), verdicts: verdicts() });
    } catch (error) {
      if (error instanceof StaleClaimError) onEvent({ type: 'lost', worker, number: trial.number });
      else {
        // The objective is wrong for every config: say so at once, rather than after all trials.
        if (error instanceof ObjectiveError) await study.tell(trial, new TrialFailure('invalid', error.message));
        throw error;
      }
    }
  };

  let yieldedAt = elapsedClock();
  const work = async (worker: number): Promise<void> => {
    try {
      for (;;) {
        if (elapsedClock() - yieldedAt >= yieldEvery) {
          await sleep(0);
          yieldedAt = elapsedClock();
        }
        const trial = await next(worker);
        if (trial === 'end') return;
        if (trial === 'wait') await Promise.race([woken, sleep(pollEvery)]);
        else {
          try {
            onEvent({ type: 'ask', worker, trial });
            await finish(trial, await attemptWithin(objective, trial, timeout), worker);
          } finally {
            keeper?.drop(trial);
            inHand.delete(trial.number);
            told();
          }
        }
      }
    } catch (error) {
      stopped ??= { by: 'error', message: String(error) };
      throw error;
    }
  };

  const ends = await Promise.allSettled(Array.from({ length: workers }, (_, worker) => work(worker)));
  await keeper?.close();
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const reason = stopped ?? { by: 'exhausted', message: 'there was nothing to do' };
  onEvent({ type: 'stop', stopped: reason });
  return summary(study, reason, (study.elapsed() - began) / 1000);
}

function summary<Config extends ConfigObject, Metric extends string>(
  study: RunnableStudy<Config, Metric>,
  stopped: Stopped,
  elapsed: number,
): RunResult<Config> {
  const counts: Record<TrialState, number> = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 };
  for (const { state } of study.trials) counts[state] += 1;
  const { front } = study;
  const best = study.criteria.objectives.length === 1 ? front[0] : undefined;
  return { stopped, counts, front, ...(best === undefined ? {} : { best }), elapsed };
}
