/**
 * What storages hold, as checks: a record or event is looked at before anything is made of it, and before anything is
 * written that could not be read again.
 */
import { StudyError } from '../errors.ts';
import type { StudyEvent } from '../storage/events.ts';
import {
  aName,
  anyNumber,
  every,
  deepest,
  fields,
  finite,
  json,
  list,
  mostParts,
  orNull,
  record,
  tagged,
  text,
  truth,
  whole,
  word,
  type Check,
} from './check.ts';

const anything: Check = () => undefined;
const kept = every(record(anything), json());
// What else stands beside them is read too, to see whether it has changed.
const plugin = every(fields({ name: aName, options: kept }), json(deepest + 1));
/** What should be metrics by name. */
export const metricsProblem: Check = record(anyNumber, 10_000);
const budget = fields({ step: whole(), last: truth });
const at = { at: finite };
const claimed = { number: whole(), attempt: whole(), ...at };
const lease: Readonly<Record<string, Check>> = { lease: finite };
const took: Readonly<Record<string, Check>> = { took: finite };
const holder = { worker: aName };

/** What should be the record of a study. */
export const recordProblem: Check = fields(
  {
    name: aName,
    seed: whole(),
    objectives: list(aName, 1000),
    constraints: list(aName, 1000),
    space: record(anything),
    strategy: plugin,
    duplicates: word('avoid', 'reuse', 'repeat'),
    retries: whole(),
    createdAt: finite,
  },
  { earlyStopping: plugin, attributes: kept },
);

const origin = every(fields({ operator: text() }, { parents: list(whole()) }), json());
const failure = fields({ kind: word('nan', 'timeout', 'memory', 'crash', 'invalid', 'lost'), message: text() });

const kinds: Readonly<Record<StudyEvent['type'], Check>> = {
  enqueue: fields({ ...claimed, config: kept }),
  claim: fields({ ...claimed, ...holder }, lease),
  start: fields({ ...claimed, config: kept, origin, basis: whole() }, { budget, inherits: whole() }),
  report: fields({ ...claimed, step: whole(), metrics: metricsProblem }),
  save: fields({ ...claimed, step: whole(), data: json() }),
  pause: fields({ ...claimed, metrics: metricsProblem }, took),
  resume: fields({ ...claimed, ...holder, budget, basis: whole(), asked: whole() }, lease),
  finish: fields(
    { ...claimed, state: word('complete', 'pruned', 'failed'), metrics: metricsProblem },
    { ...took, failure },
  ),
  release: fields({ ...claimed, reason: text() }, { ...took, lost: truth }),
  amend: fields(at, { space: record(anything), strategy: plugin, earlyStopping: orNull(plugin) }),
};

/** What should be events of a study. */
export const eventsProblem: Check = list(tagged('type', new Map(Object.entries(kinds))), mostParts);

/** What should be an entry of a log. */
export const entryProblem: Check = (value) =>
  typeof value === 'object' && value !== null && 'create' in value
    ? fields({ study: aName, create: recordProblem })(value)
    : fields({ study: aName, revision: whole(1), events: eventsProblem })(value);

/**
 * Refuses what could be stored, but not read again.
 * @throws {StudyError} when an event could not be read.
 */
export function refuseUnreadable(study: string, events: readonly StudyEvent[]): void {
  const problem = eventsProblem(events);
  if (problem !== undefined) throw new StudyError('options', study, `an event of it ${problem}`);
}
