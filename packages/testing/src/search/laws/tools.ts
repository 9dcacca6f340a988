/** What laws of storages are written with: one study, one claimant, and an event of each type. */
import type {
  Claimant,
  ClaimedEvent,
  ClaimEvent,
  ClaimToken,
  ConfigObject,
  ReportEvent,
  ResumeEvent,
  StartEvent,
  Storage,
  StudyRecord,
} from '@espalier/search';
import { MismatchError } from '../../errors.ts';
import { deepEqual } from '../deep-equal.ts';

/** Tries a storage; rejects, saying what was found, when a law does not hold. */
export type Check = (storage: Storage, pass: (milliseconds: number) => Promise<void>) => Promise<void>;

/** The record of a study. */
export function record(name: string, retries = 1): StudyRecord {
  return {
    name,
    seed: 7,
    objectives: ['maximize accuracy'],
    constraints: [],
    space: {
      format: 'espalier-space',
      version: 1,
      root: { kind: 'group', fields: { x: { kind: 'int', low: 0, high: 9, step: 1, log: false } } },
    },
    strategy: { name: 'random', options: {} },
    duplicates: 'avoid',
    retries,
    createdAt: 1,
  };
}

/** Who claims in the laws. */
export const claimant: Claimant = { worker: 'law', at: 2 };
/** A lease that has run out after {@link aWhile}, in milliseconds. */
export const short = 1;
/** A lease that will not run out, in milliseconds. */
export const long = 3_600_000;
/** Milliseconds. */
export const aWhile = 20;
/** The name of the study that most laws are about. */
export const study = 'law';

/** A value as text; NaN and the infinities, which JSON has no word for, as strings. */
function show(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
  );
}

/**
 * Compares what was found with what was expected.
 * @throws {MismatchError} showing both, when they differ.
 */
export function expectEqual(found: unknown, expected: unknown, what: string): void {
  if (!deepEqual(found, expected)) throw new MismatchError(`${what}: expected ${show(expected)}, found ${show(found)}`);
}

/**
 * Expects an action to reject with an error of a kind.
 * @throws {MismatchError} saying what came instead, when it does not.
 */
export async function expectRejection(
  action: Promise<unknown>,
  kind: new (...args: never[]) => Error,
  what: string,
): Promise<void> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof kind)) throw new MismatchError(`${what}: expected a ${kind.name}, found ${String(error)}`);
}

/** The start of a claimed trial. */
export function start({ number, attempt }: ClaimToken, config: ConfigObject): StartEvent {
  return { type: 'start', number, attempt, at: 3, config, origin: { operator: 'sample' }, basis: 0 };
}

/** A report of a trial. */
export function report({ number, attempt }: ClaimToken, step: number): ReportEvent {
  return { type: 'report', number, attempt, at: 4, step, metrics: { accuracy: step / 10 } };
}

/** The end of a trial. */
export function finish({ number, attempt }: ClaimToken): ClaimedEvent {
  return { type: 'finish', number, attempt, at: 5, state: 'complete', metrics: { accuracy: 1 } };
}

/** The release of a claim. */
export function release({ number, attempt }: ClaimToken): ClaimedEvent {
  return { type: 'release', number, attempt, at: 6, reason: 'law' };
}

/** A checkpoint of a trial. */
export function save({ number, attempt }: ClaimToken, step: number): ClaimedEvent {
  return { type: 'save', number, attempt, at: 4, step, data: { weights: `step-${step}` } };
}

/** The pause of a trial. */
export function pause({ number, attempt }: ClaimToken): ClaimedEvent {
  return { type: 'pause', number, attempt, at: 5, metrics: { accuracy: 0.5 } };
}

/** The resumption of a trial under an attempt. */
export function resume({ number, attempt }: ClaimToken, lease?: number): ResumeEvent {
  const budget = { step: 9, last: true };
  const event = { type: 'resume', number, attempt, at: 7, worker: 'other', budget, basis: 4, asked: 1 } as const;
  return lease === undefined ? event : { ...event, lease };
}

/** The event of a claim by the claimant of the laws. */
export function claimEvent({ number, attempt }: ClaimToken): ClaimEvent {
  return { type: 'claim', number, attempt, ...claimant };
}

/** The types of the events that a study has after a revision. */
export async function types(storage: Storage, after = 0): Promise<readonly string[]> {
  return (await storage.read(study, after)).map(({ event }) => event.type);
}
