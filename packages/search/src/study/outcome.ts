/** What an objective may answer or throw, and how that ends its trial. */
import { brief, quote } from '../checked/quote.ts';
import { ObjectiveError } from '../errors.ts';
import type { FinishEvent } from '../storage/events.ts';
import { showObjective } from './objective.ts';
import type { Criteria } from './ranking.ts';
import type { Failure, FailureKind } from './trial-record.ts';

/** Throw it from an objective, or tell it, to end a trial early: it was not going to be good. */
export class TrialPruned extends Error {
  override readonly name: string = 'TrialPruned';
  readonly code = 'trial-pruned';

  constructor(reason = 'pruned') {
    super(reason);
  }
}

/** Throw it from an objective, or tell it, to fail a trial with a kind other than `crash`. */
export class TrialFailure extends Error {
  override readonly name: string = 'TrialFailure';
  readonly code = 'trial-failure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Whether an error is one to prune a trial by: by its name, since a module may have another copy of this package. */
export function isTrialPruned(error: unknown): error is TrialPruned {
  return error instanceof Error && error.name === 'TrialPruned';
}

const failureKinds: readonly string[] = [
  'nan',
  'timeout',
  'memory',
  'crash',
  'invalid',
  'lost',
] satisfies readonly FailureKind[];

/** Whether an error is one to fail a trial by, of this or another copy of this package. */
export function isTrialFailure(error: unknown): error is TrialFailure {
  return (
    error instanceof Error &&
    error.name === 'TrialFailure' &&
    'kind' in error &&
    failureKinds.includes(String(error.kind))
  );
}

/** A trial's result: one number per metric that objectives and constraints name, and any others. */
export type Result<Metric extends string = string> = { readonly [Name in Metric]: number } & {
  readonly [other: string]: number;
};

/** What a trial can be told: its metrics, the only objective's value, or that it ended without. */
export type Outcome<Metric extends string = string> = Result<Metric> | number | TrialPruned | TrialFailure;

/** How an outcome ends a trial, or pauses it. */
export type Ending = Pick<FinishEvent, 'state' | 'metrics' | 'failure'>;

/** What an error that hosts throw says of a trial; anything else is a crash. */
function kindOfError(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'crash';
  if (error.name === 'TimeoutError') return 'timeout';
  if (error.name === 'DivergenceError') return 'nan';
  const allocation =
    error.name === 'RangeError' && /allocat|out of memory|memory\.grow|array length/iu.test(error.message);
  return allocation || error.name === 'OutOfMemoryError' ? 'memory' : 'crash';
}

/** The ending of a trial whose objective threw. */
export function endingOfError(error: unknown): Ending {
  if (isTrialPruned(error)) return { state: 'pruned', metrics: {} };
  const message = brief(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  const failure: Failure = isTrialFailure(error)
    ? { kind: error.kind, message: brief(error.message) }
    : { kind: kindOfError(error), message };
  return { state: 'failed', metrics: {}, failure };
}

/** @throws {ObjectiveError} when a metric is missing or is not a number. */
function checkedMetrics(outcome: Result | number, criteria: Criteria): Readonly<Record<string, number>> {
  const [first, ...others] = criteria.objectives;
  if (typeof outcome === 'number') {
    if (first === undefined || others.length > 0) {
      const names = criteria.objectives.map(showObjective).join(', ');
      throw new ObjectiveError(
        `tell: got the number ${outcome} for several objectives (${names}): give an object of metrics`,
      );
    }
    return { [first.metric]: outcome };
  }
  if (typeof outcome !== 'object' || outcome === null) {
    throw new ObjectiveError(
      `tell: got ${quote(outcome)}: give an object of metrics, or a number for a single objective`,
    );
  }
  const wanted = [...criteria.objectives, ...criteria.constraints].map(({ metric }) => metric);
  const missing = wanted.find((metric) => !Object.hasOwn(outcome, metric));
  if (missing !== undefined) {
    const given = Object.keys(outcome).join(', ') || 'no metric';
    throw new ObjectiveError(
      `tell: the result has no '${missing}', only ${given}: every objective and constraint needs its metric`,
    );
  }
  for (const [metric, value] of Object.entries(outcome)) {
    if (typeof value === 'number') continue;
    throw new ObjectiveError(`tell: ${metric} is ${quote(value)}: a metric must be a number`);
  }
  return { ...outcome };
}

/**
 * How an outcome ends a trial: a result whose objective is NaN or infinite fails it.
 * @throws {ObjectiveError} when a result lacks a metric or holds something that is not a number.
 */
export function endingOf(outcome: Outcome, criteria: Criteria): Ending {
  if (outcome instanceof Error) return endingOfError(outcome);
  const metrics = checkedMetrics(outcome, criteria);
  const bad = criteria.objectives.find(({ metric }) => !Number.isFinite(metrics[metric]));
  if (bad === undefined) return { state: 'complete', metrics };
  const failure = { kind: 'nan', message: `${bad.metric} is ${metrics[bad.metric]}` } as const;
  return { state: 'failed', metrics, failure };
}
