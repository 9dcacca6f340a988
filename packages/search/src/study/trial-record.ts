import type { JsonObject } from '../json.ts';
import type { ConfigObject } from '../space/node.ts';

/**
 * Where a trial stands. `waiting`: has a config, and no worker; `running`: claimed by a worker; the others are final.
 */
export type TrialState = 'waiting' | 'running' | 'complete' | 'pruned' | 'failed';

/** How a trial can fail: the objective became NaN or infinite, took too long, ran out of memory, threw, or answered
 * with something that is not a result. */
export type FailureKind = 'nan' | 'timeout' | 'memory' | 'crash' | 'invalid';

/** Why a trial failed. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** Named numbers. */
export type Metrics = Readonly<Record<string, number>>;

/** Metrics at a step of a trial: a point of its learning curves. */
export interface Report {
  readonly step: number;
  readonly metrics: Metrics;
}

/**
 * How a strategy came to a config. `operator` names the move and `parents` the trials it started from; other fields
 * are the strategy's own.
 */
export interface Origin extends JsonObject {
  readonly operator: string;
  readonly parents?: readonly number[];
}

/** Everything known about a trial. Records are never changed: a trial that moves on gets a new one. */
export interface TrialRecord<Config extends ConfigObject = ConfigObject> {
  /** Counts from 0, without gaps. */
  readonly number: number;
  readonly state: TrialState;
  readonly config: Config;
  readonly origin: Origin;
  /** How many workers have claimed the trial, so 1 unless one of them vanished; 0 while it was never claimed. */
  readonly attempt: number;
  /** The revision of the study whose history the strategy saw; absent for configs that were given. */
  readonly basis?: number;
  /** The revision of the study at which the record last changed: orders finished trials by their finish. */
  readonly revision: number;
  /** The final metrics; empty until the trial is complete. */
  readonly metrics: Metrics;
  /** In the order reported. */
  readonly reports: readonly Report[];
  /** Present when the state is `failed`. */
  readonly failure?: Failure;
  /** Who claimed the trial last. */
  readonly worker?: string;
  /** When it was last claimed, in milliseconds since 1970. */
  readonly startedAt?: number;
  /** When it finished, in milliseconds since 1970. */
  readonly finishedAt?: number;
}

/** Whether a trial's state is final. */
export function isFinished({ state }: TrialRecord): boolean {
  return state === 'complete' || state === 'pruned' || state === 'failed';
}
