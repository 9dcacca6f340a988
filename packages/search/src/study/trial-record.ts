/** What is known of a trial: plain data that is never changed, which storages, strategies and reports share. */
import type { JsonObject, JsonValue } from '../json.ts';
import type { ConfigObject } from '../space/node.ts';

/**
 * Where a trial stands. `waiting`: has a config, and no worker; `running`: claimed by a worker; `paused`: has spent its
 * budget, and goes on if the strategy gives it more; the others are final.
 */
export type TrialState = 'waiting' | 'running' | 'paused' | 'complete' | 'pruned' | 'failed';

/** How long a trial is to train. */
export interface Budget {
  /** The step at which it stops and tells its metrics; counted from the start of the trial. */
  readonly step: number;
  /** Whether that completes the trial; else it is paused there. */
  readonly last: boolean;
}

/** What a trial can go on from. */
export interface Checkpoint {
  /** The steps it has behind it. */
  readonly step: number;
  /** The objective's own data, such as where it put its weights. */
  readonly data: JsonValue;
}

/**
 * How a trial can fail: the objective became NaN or infinite, took too long, ran out of memory, threw, or answered with
 * something that is not a result; or every worker that had it vanished.
 */
export type FailureKind = 'nan' | 'timeout' | 'memory' | 'crash' | 'invalid' | 'lost';

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
  /** The revision of the study at which the step was first told: orders trials by when they came so far. */
  readonly revision: number;
}

/**
 * How a strategy came to a config. `operator` names the move and `parents` the trials it started from; other fields
 * are the strategy's own.
 */
export type Origin = JsonObject & { readonly operator: string; readonly parents?: readonly number[] };

/** Everything known about a trial. Records are never changed: a trial that moves on gets a new one. */
export interface TrialRecord<Config extends ConfigObject = ConfigObject> {
  /** Counts from 0, without gaps. */
  readonly number: number;
  readonly state: TrialState;
  readonly config: Config;
  readonly origin: Origin;
  /**
   * How often its number was claimed, also before it had a config, or the trial resumed; 0 while neither was. The token
   * under which it is written.
   */
  readonly attempt: number;
  /** How many of its workers vanished. */
  readonly losses: number;
  /** Milliseconds from claims to what ended them, pauses included, all attempts together. */
  readonly spent: number;
  /** How long it trains before it stops or pauses, if the strategy says. */
  readonly budget?: Budget;
  /** The trial whose checkpoint it started from, as a clone does. */
  readonly inherits?: number;
  /** The last that it saved; at first, that of the trial it inherits from. */
  readonly checkpoint?: Checkpoint;
  /** The revision of the study whose history the strategy saw; absent for configs that were given. */
  readonly basis?: number;
  /** The revision of the study at which the record last changed: orders finished trials by their finish. */
  readonly revision: number;
  /** The final metrics of a complete trial, those it paused with of a paused one; else empty. */
  readonly metrics: Metrics;
  /** In the order of their steps. */
  readonly reports: readonly Report[];
  /** The reports up to this step stay when its worker vanishes: a checkpoint, or a pause, covers them. */
  readonly keptStep: number;
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
