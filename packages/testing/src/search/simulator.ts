/** Studies on a virtual clock: many workers over many hours, in milliseconds and the same each time. */
import {
  ExhaustedError,
  PendingError,
  TrialPruned,
  ValueError,
  type ConfigObject,
  type JsonValue,
  type Metrics,
  type Study,
  type Trial,
  type TrialRecord,
} from '@espalier/search';

/** A clock that only a simulation moves. */
export interface VirtualClock {
  /** Milliseconds; give it to `createStudy` as `now`. */
  readonly now: () => number;
  /** Sets the time, in seconds. */
  set(seconds: number): void;
}

/** A clock that stands at 0 until a simulation moves it. */
export function virtualClock(): VirtualClock {
  let time = 0;
  return { now: () => time * 1000, set: (seconds) => void (time = seconds) };
}

/** What one step of a simulated training gives. */
export interface SimulatedStep {
  readonly metrics: Metrics;
  /** The seconds it takes. */
  readonly cost: number;
  /** What the next step, of this trial or of a clone, goes on from. */
  readonly data?: JsonValue;
}

/** How a simulation runs. */
export interface SimulationOptions<Config extends ConfigObject> {
  readonly clock: VirtualClock;
  /** The n-th step of a trial, from 1, given what the step before left. Should be a pure function. */
  readonly step: (trial: Trial<Config>, step: number, data: JsonValue | undefined) => SimulatedStep;
  /** The steps of a trial that has no budget. Default 1. */
  readonly steps?: number;
  /** How many trials are in hand at once. Default 1. */
  readonly workers?: number;
  /** Trials in hand at this time, in seconds, are dropped. Default: none. */
  readonly until?: number;
  /** No trial is asked for once so many were told complete, pruned or failed. Default: none. */
  readonly trials?: number;
}

/** A trial told, paused or finished, in a simulation. */
export interface SimulatedTell {
  /** The seconds since the simulation began. */
  readonly time: number;
  readonly trial: TrialRecord;
}

/** What a simulation came to. */
export interface SimulationResult {
  readonly tells: readonly SimulatedTell[];
  /** When the last trial was told, in seconds. */
  readonly time: number;
  /** The seconds that all steps took together. */
  readonly cost: number;
}

/** A worker's trial and its step under way. */
interface Job<Config extends ConfigObject> {
  readonly trial: Trial<Config>;
  readonly step: number;
  readonly result: SimulatedStep;
  readonly ends: number;
}

/**
 * Runs a study on a virtual clock: workers take trials, their steps take the seconds that the simulation says, and every
 * report, pause and result comes in the order of its time. An hour of many workers passes in milliseconds, and in the
 * same way each time, which is how strategies that work asynchronously are tested:
 *
 * ```ts
 * const clock = virtualClock();
 * const study = await createStudy({ name: 'sim', space, objectives: ['minimize loss'], strategy: asha(), now: clock.now });
 * const step = ({ config }, step) => ({ metrics: { loss: config.lr / step }, cost: 1 });
 * const { time } = await simulate(study, { clock, step, workers: 8, until: 600 });
 * ```
 * @throws {ValueError} when it would never end.
 */
export async function simulate<Config extends ConfigObject, Metric extends string>(
  study: Study<Config, Metric>,
  { clock, step, steps = 1, workers = 1, until = Infinity, trials = Infinity }: SimulationOptions<Config>,
): Promise<SimulationResult> {
  const jobs: (Job<Config> | undefined)[] = Array.from({ length: workers });
  const tells: SimulatedTell[] = [];
  let [time, cost, ended, exhausted] = [0, 0, 0, false];
  if (until === Infinity && trials === Infinity && study.space.size === Infinity) {
    throw new ValueError('simulate: it would never end: give until or trials');
  }

  const begin = (trial: Trial<Config>, at: number, data: JsonValue | undefined): Job<Config> => {
    const result = step(trial, at, data);
    cost += result.cost;
    return { trial, step: at, result, ends: time + result.cost };
  };
  const take = async (): Promise<Job<Config> | undefined> => {
    try {
      const trial: Trial<Config> = await study.ask();
      const { checkpoint } = trial;
      const from = checkpoint?.step ?? 0;
      return begin(trial, Math.min(from + 1, trial.budget ?? steps), checkpoint?.data);
    } catch (error) {
      if (error instanceof ExhaustedError) exhausted = true;
      else if (!(error instanceof PendingError)) throw error;
      return undefined;
    }
  };
  const tell = async (trial: Trial<Config>, outcome: Metrics | TrialPruned): Promise<undefined> => {
    const record = await study.tell(trial, outcome as Parameters<typeof study.tell>[1]);
    if (record.state !== 'paused') ended += 1;
    tells.push({ time, trial: record });
    return undefined;
  };
  /** What a worker does when a step has ended: the next step, or nothing once it has told. */
  const finish = async ({ trial, step: at, result }: Job<Config>): Promise<Job<Config> | undefined> => {
    trial.report(at, result.metrics);
    if (study.earlyStopping !== undefined && (await trial.shouldStop())) return tell(trial, new TrialPruned());
    if (at < (trial.budget ?? steps)) return begin(trial, at + 1, result.data);
    await trial.save(at, result.data ?? null);
    return tell(trial, result.metrics);
  };

  for (;;) {
    for (let worker = 0; worker < workers && ended < trials && !exhausted; worker += 1) {
      jobs[worker] ??= await take();
    }
    let next = -1;
    for (const [worker, job] of jobs.entries()) {
      if (job !== undefined && job.ends < (jobs[next]?.ends ?? Infinity)) next = worker;
    }
    const job = jobs[next];
    if (job === undefined || job.ends > until) return { tells, time: tells.at(-1)?.time ?? 0, cost };
    time = job.ends;
    clock.set(time);
    jobs[next] = await finish(job);
    // What was told may have given the strategy something to do.
    exhausted = false;
  }
}
