/**
 * Folds events into the state of a study. The same fold everywhere is why what a worker decided can be decided again.
 */
import { ConfigError, FormatError } from '../errors.ts';
import type { Plugin } from '../plugin.ts';
import type { ConfigObject } from '../space/node.ts';
import type { SpaceJson } from '../space/space.ts';
import type { Metrics, Origin, Report, TrialRecord } from '../study/trial-record.ts';
import type { ResumeEvent, StoredEvent, StudyEvent, StudyRecord } from './events.ts';

/** Where a number stands: a trial has one from its claim or enqueueing on, and a config only later. */
interface Slot {
  readonly number: number;
  attempt: number;
  /** How many of its workers vanished. */
  losses: number;
  worker?: string;
  claimedAt?: number;
  trial?: TrialRecord;
}

/** A trial's next record while it is made. */
type Draft = { -readonly [Name in keyof TrialRecord]: TrialRecord[Name] };
/** Makes the config of a trial out of what an event holds. */
type ReadConfig = (config: ConfigObject) => ConfigObject;
type Slots = readonly (Slot | undefined)[];
type Rule<Event extends StudyEvent> = (
  event: Event,
  revision: number,
  slot: Slot,
  read: ReadConfig,
  slots: Slots,
) => void;
type TrialEvent = Exclude<StudyEvent, { readonly type: 'amend' }>;
type Rules = { readonly [Type in TrialEvent['type']]: Rule<Extract<TrialEvent, { readonly type: Type }>> };

/** A trial with a new config. */
function begin(slot: Slot, config: ConfigObject, state: TrialRecord['state'], origin: Origin, revision: number): Draft {
  const { number, attempt, losses } = slot;
  const metrics = {};
  const draft = {
    number,
    config,
    state,
    origin,
    attempt,
    losses,
    spent: 0,
    revision,
    metrics,
    reports: [],
    keptStep: -1,
  };
  slot.trial = draft;
  return draft;
}

/** The next record of the slot's trial, to be changed further, if it has one. */
function next(slot: Slot, revision: number): Draft | undefined {
  if (slot.trial === undefined) return undefined;
  const draft: Draft = { ...slot.trial };
  draft.revision = revision;
  slot.trial = draft;
  return draft;
}

/** Reports with one more. One of a known step adds to it; one of an earlier step begins the curve again from there. */
function withReport(reports: readonly Report[], told: Report): readonly Report[] {
  const last = reports.at(-1);
  if (last === undefined || last.step < told.step) return [...reports, told];
  const before = reports.filter((report) => report.step < told.step);
  if (last.step > told.step) return [...before, told];
  return [...before, { ...last, metrics: { ...last.metrics, ...told.metrics } }];
}

/** A curve with the metrics of a pause at the step of the budget, unless more was reported since. */
function toldAt({ reports, budget, revision }: TrialRecord, metrics: Metrics): readonly Report[] {
  if (budget === undefined || (reports.at(-1)?.step ?? -1) > budget.step) return reports;
  return withReport(reports, { step: budget.step, metrics, revision });
}

/** Gives a slot to a worker; the next record of its trial, if it has one. */
function claim(
  slot: Slot,
  { attempt, worker, at }: Pick<ResumeEvent, 'attempt' | 'worker' | 'at'>,
  revision: number,
): Draft | undefined {
  slot.attempt = attempt;
  slot.worker = worker;
  slot.claimedAt = at;
  const draft = next(slot, revision);
  if (draft === undefined) return undefined;
  draft.state = 'running';
  draft.attempt = attempt;
  draft.worker = worker;
  draft.startedAt = at;
  return draft;
}

/** Ends a slot's present claim; the next record of its trial, if it has one. */
function end(
  slot: Slot,
  state: TrialRecord['state'],
  { at, took }: { readonly at: number; readonly took?: number },
  revision: number,
): Draft | undefined {
  const draft = next(slot, revision);
  if (draft === undefined) return undefined;
  draft.state = state;
  draft.spent += Math.max(0, took ?? at - (slot.claimedAt ?? at));
  return draft;
}

/** What each event makes of the slot of its number. */
const rules: Rules = {
  enqueue: ({ config }, revision, slot, read) => {
    begin(slot, read(config), 'waiting', { operator: 'enqueued' }, revision);
  },
  claim: (event, revision, slot) => {
    claim(slot, event, revision);
  },
  resume: (event, revision, slot) => {
    const draft = claim(slot, event, revision);
    if (draft === undefined) return;
    draft.metrics = {};
    draft.budget = event.budget;
  },
  start: ({ config, origin, basis, budget, inherits }, revision, slot, read, slots) => {
    const draft = begin(slot, read(config), 'running', origin, revision);
    draft.basis = basis;
    if (budget !== undefined) draft.budget = budget;
    if (inherits !== undefined) {
      draft.inherits = inherits;
      // As it is now: the trial it comes from may go on before this one is tried.
      const checkpoint = slots[inherits]?.trial?.checkpoint;
      if (checkpoint !== undefined) draft.checkpoint = checkpoint;
    }
    if (slot.worker !== undefined) draft.worker = slot.worker;
    if (slot.claimedAt !== undefined) draft.startedAt = slot.claimedAt;
  },
  report: ({ step, metrics }, revision, slot) => {
    const draft = next(slot, revision);
    if (draft !== undefined) draft.reports = withReport(draft.reports, { step, metrics, revision });
  },
  save: ({ step, data }, revision, slot) => {
    const draft = next(slot, revision);
    if (draft === undefined) return;
    draft.checkpoint = { step, data };
    draft.keptStep = step;
  },
  pause: (event, revision, slot) => {
    const { metrics, at } = event;
    const draft = end(slot, 'paused', event, revision);
    if (draft === undefined) return;
    draft.metrics = metrics;
    draft.finishedAt = at;
    draft.reports = toldAt(draft, metrics);
    draft.keptStep = draft.reports.at(-1)?.step ?? draft.keptStep;
  },
  finish: (event, revision, slot) => {
    const { state, metrics, failure, at } = event;
    const draft = end(slot, state, event, revision);
    if (draft === undefined) return;
    draft.metrics = metrics;
    draft.finishedAt = at;
    if (failure !== undefined) draft.failure = failure;
  },
  release: (event, revision, slot) => {
    if (event.lost === true) slot.losses += 1;
    const draft = end(slot, 'waiting', event, revision);
    if (draft === undefined) return;
    draft.losses = slot.losses;
    const { keptStep } = draft;
    if (draft.reports.length > 0) draft.reports = draft.reports.filter(({ step }) => step <= keptStep);
  },
};

/** A study's state, folded from its events one by one. */
export class Projection {
  readonly record: StudyRecord;
  /** The revision of the last event applied; 0 before the first. */
  revision = 0;
  /** The space in force. */
  space: SpaceJson;
  /** The strategy in force. */
  strategy: Plugin;
  /** The early stopping in force, if any. */
  earlyStopping: Plugin | undefined;
  readonly #slots: Slot[] = [];
  readonly #read: ReadConfig;
  readonly #source: string;

  /**
   * @param read makes the config of a trial's record out of what an event holds
   * @param source what errors call the place that the events come from
   */
  constructor(record: StudyRecord, read: ReadConfig = (config) => config, source: string = 'storage') {
    this.record = record;
    this.#source = source;
    this.#read = read;
    this.space = record.space;
    this.strategy = record.strategy;
    this.earlyStopping = record.earlyStopping;
  }

  /**
   * Takes the next event into account, and returns the trial it changed, if that has a config.
   * @throws {FormatError} when it does not follow from those before.
   */
  apply({ revision, event }: StoredEvent): TrialRecord | undefined {
    this.revision = revision;
    if (event.type === 'amend') {
      this.space = event.space ?? this.space;
      this.strategy = event.strategy ?? this.strategy;
      if (event.earlyStopping !== undefined) this.earlyStopping = event.earlyStopping ?? undefined;
      return undefined;
    }
    const { number } = event;
    if (number > this.#slots.length) throw this.#damaged(number, `it comes after trial ${this.#slots.length - 1}`);
    const slot = (this.#slots[number] ??= { number, attempt: 0, losses: 0 });
    try {
      (rules[event.type] as Rule<TrialEvent>)(event, revision, slot, this.#read, this.#slots);
    } catch (error) {
      if (error instanceof ConfigError) throw this.#damaged(number, error.message);
      throw error;
    }
    return slot.trial;
  }

  #damaged(number: number, found: string): FormatError {
    const problem = `study '${this.record.name}', trial ${number}, cannot be: ${found}`;
    return new FormatError(this.#source, 0, `${problem}: restore it from a copy`);
  }
}
