/** What a run is asked for, what it tells on the way, and what it comes to. */
import type { ConfigObject } from '../space/node.ts';
import type { StopCondition, StopVerdict } from '../stop/stop-condition.ts';
import type { Outcome } from './outcome.ts';
import type { Trial } from './trial.ts';
import type { Metrics, TrialRecord, TrialState } from './trial-record.ts';

/** Who asks, and what else to do with what the trial reports. */
export interface AskOptions<Config extends ConfigObject = ConfigObject> {
  /** A name for whoever tries the trial. Default `worker`. */
  readonly worker?: string;
  /** Milliseconds for which the claim holds unless the storage renews it. Default: until the storage is closed. */
  readonly lease?: number;
  /** Told of every report as it is made. */
  readonly onReport?: (step: number, metrics: Metrics, trial: Trial<Config>) => void;
}

/** Tries a config: returns its metrics, or the only objective's value; throws when it fails. */
export type ObjectiveFunction<Config extends ConfigObject, Metric extends string> = (
  trial: Trial<Config>,
) => Outcome<Metric> | Promise<Outcome<Metric>>;

/** A stop condition and what it says. */
export interface NamedVerdict extends StopVerdict {
  readonly name: string;
}

/** What happens in a run, as it happens. `worker` counts from 0. */
export type RunEvent<Config extends ConfigObject = ConfigObject> =
  | { readonly type: 'ask'; readonly worker: number; readonly trial: Trial<Config> }
  | {
      readonly type: 'report';
      readonly worker: number;
      readonly trial: Trial<Config>;
      readonly step: number;
      readonly metrics: Metrics;
    }
  | {
      readonly type: 'tell';
      readonly worker: number;
      readonly trial: TrialRecord<Config>;
      /** Whether it is the best so far, or with several objectives joins the front. */
      readonly improved: boolean;
      /** What each stop condition says now. */
      readonly verdicts: readonly NamedVerdict[];
    }
  /** Another worker has taken the trial over; its result was dropped. */
  | { readonly type: 'lost'; readonly worker: number; readonly number: number }
  | { readonly type: 'stop'; readonly stopped: Stopped };

/** Why a run ended. */
export interface Stopped {
  /** The condition, or `exhausted` when the strategy had nothing left, `stalled` when it waits for nothing, `aborted`
   * by the signal, or `error`. */
  readonly by: string;
  readonly message: string;
}

/** How a study is run. */
export interface RunOptions<Config extends ConfigObject = ConfigObject> {
  /** The run ends when any of these fires. */
  readonly stop?: readonly StopCondition[];
  /** How many trials are in hand at once. Default 1. */
  readonly workers?: number;
  /** What its workers are called, with their numbers behind, where several runs share a study. Default `worker`. */
  readonly name?: string;
  /**
   * Milliseconds after which others may take a trial over when this process has vanished or hangs. It is renewed while
   * the process lives: on SQLite and PostgreSQL from a thread of its own, even while the objective computes without a
   * pause; elsewhere between its pauses. Default: none; a trial is freed when its process has gone.
   *
   * With a lease on a storage that others share, a run that would end by `maxTrials`, or because nothing is left to try,
   * stays until no trial is running elsewhere: it takes over those whose workers vanish meanwhile.
   */
  readonly lease?: number;
  /** Seconds after which a trial fails by timeout. An objective that computes without a pause is told when it ends. */
  readonly timeout?: number;
  /** Told of everything that happens; what it throws ends the run. */
  readonly onEvent?: (event: RunEvent<Config>) => void;
  /** Once aborted, no further trial starts, and those in hand are finished. An `AbortSignal` is one. */
  readonly signal?: { readonly aborted: boolean };
}

/** What a run came to; all but `stopped` and `elapsed` are of the whole study. */
export interface RunResult<Config extends ConfigObject = ConfigObject> {
  readonly stopped: Stopped;
  /** How many trials are in each state. */
  readonly counts: Readonly<Record<TrialState, number>>;
  /** The feasible trials that no other dominates; with one objective, the best alone. */
  readonly front: readonly TrialRecord<Config>[];
  /** The best trial of a study with one objective, when one is complete and feasible. */
  readonly best?: TrialRecord<Config>;
  /** Seconds that the run took. */
  readonly elapsed: number;
}
