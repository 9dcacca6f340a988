import type { Plugin } from '../plugin.ts';
import type { ConfigObject } from '../space/node.ts';
import type { SpaceJson } from '../space/space.ts';
import type { Report, TrialRecord } from '../study/trial-record.ts';
import type { ResumeEvent, StoredEvent, StudyEvent, StudyRecord } from './events.ts';

/** Where a number stands: a trial has one from its claim or enqueueing on, and a config only later. */
export interface Slot {
  readonly number: number;
  readonly state: TrialRecord['state'];
  readonly attempt: number;
  /** How many of its workers vanished. */
  readonly losses: number;
  readonly worker?: string;
  readonly claimedAt?: number;
  readonly trial?: TrialRecord;
}

type Rule<Event extends StudyEvent> = (event: Event, revision: number, slot: Slot) => Slot;
type TrialEvent = Exclude<StudyEvent, { readonly type: 'amend' }>;
type Rules = { readonly [Type in TrialEvent['type']]: Rule<Extract<TrialEvent, { readonly type: Type }>> };

function blank(
  { number, attempt, losses }: Slot,
  config: ConfigObject,
  revision: number,
): Omit<TrialRecord, 'state' | 'origin'> {
  return { number, config, attempt, losses, spent: 0, revision, metrics: {}, reports: [], keptStep: -1 };
}

/** Reports with one more. One of a known step adds to it; one of an earlier step begins the curve again from there. */
function withReport(reports: readonly Report[], { step, metrics }: Report): readonly Report[] {
  const last = reports.at(-1);
  if (last === undefined || last.step < step) return [...reports, { step, metrics }];
  const before = reports.filter((report) => report.step < step);
  const known = last.step === step ? last.metrics : {};
  return [...before, { step, metrics: { ...known, ...metrics } }];
}

/** A slot as a worker has it from now on. */
function claimed(
  slot: Slot,
  { attempt, worker, at }: Pick<ResumeEvent, 'attempt' | 'worker' | 'at'>,
  revision: number,
): Slot {
  return withTrial({ ...slot, state: 'running', attempt, worker, claimedAt: at }, (trial) => ({
    ...trial,
    state: 'running',
    attempt,
    revision,
    worker,
    startedAt: at,
  }));
}

/** Applies a change to the slot's trial, if it has one. */
function withTrial(slot: Slot, change: (trial: TrialRecord) => TrialRecord): Slot {
  return slot.trial === undefined ? slot : { ...slot, trial: change(slot.trial) };
}

/** The time spent on a trial once its present claim has ended. */
function spentBy({ claimedAt }: Slot, { spent }: TrialRecord, at: number): number {
  return spent + Math.max(0, at - (claimedAt ?? at));
}

/** What each event makes of the slot of its number. */
const rules: Rules = {
  enqueue: ({ config }, revision, slot) => ({
    ...slot,
    state: 'waiting',
    trial: { ...blank(slot, config, revision), state: 'waiting', origin: { operator: 'enqueued' } },
  }),
  claim: (event, revision, slot) => claimed(slot, event, revision),
  resume: (event, revision, slot) =>
    withTrial(claimed(slot, event, revision), (trial) => ({ ...trial, metrics: {}, budget: event.budget })),
  start: ({ config, origin, basis, budget, inherits }, revision, slot) => ({
    ...slot,
    trial: {
      ...blank(slot, config, revision),
      state: 'running',
      origin,
      basis,
      ...(budget === undefined ? {} : { budget }),
      ...(inherits === undefined ? {} : { inherits }),
      ...(slot.worker === undefined ? {} : { worker: slot.worker }),
      ...(slot.claimedAt === undefined ? {} : { startedAt: slot.claimedAt }),
    },
  }),
  report: ({ step, metrics }, revision, slot) =>
    withTrial(slot, (trial) => ({ ...trial, revision, reports: withReport(trial.reports, { step, metrics }) })),
  save: ({ step, data }, revision, slot) =>
    withTrial(slot, (trial) => ({ ...trial, revision, checkpoint: { step, data }, keptStep: step })),
  pause: ({ metrics, at }, revision, slot) =>
    withTrial({ ...slot, state: 'paused' }, (trial) => ({
      ...trial,
      state: 'paused',
      revision,
      metrics,
      spent: spentBy(slot, trial, at),
      finishedAt: at,
      keptStep: trial.reports.at(-1)?.step ?? trial.keptStep,
    })),
  finish: ({ state, metrics, failure, at }, revision, slot) =>
    withTrial({ ...slot, state }, (trial) => ({
      ...trial,
      state,
      revision,
      metrics,
      spent: spentBy(slot, trial, at),
      finishedAt: at,
      ...(failure === undefined ? {} : { failure }),
    })),
  release: ({ lost, at }, revision, slot) => {
    const losses = slot.losses + (lost === true ? 1 : 0);
    return withTrial({ ...slot, state: 'waiting', losses }, (trial) => ({
      ...trial,
      state: 'waiting',
      losses,
      spent: spentBy(slot, trial, at),
      revision,
      reports: trial.reports.filter(({ step }) => step <= trial.keptStep),
    }));
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

  constructor(record: StudyRecord) {
    this.record = record;
    this.space = record.space;
    this.strategy = record.strategy;
    this.earlyStopping = record.earlyStopping;
  }

  /** Every number given out, in order. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** Takes the next event into account, and returns the trial it changed, if that has a config. */
  apply({ revision, event }: StoredEvent): TrialRecord | undefined {
    this.revision = revision;
    if (event.type === 'amend') {
      this.space = event.space ?? this.space;
      this.strategy = event.strategy ?? this.strategy;
      if (event.earlyStopping !== undefined) this.earlyStopping = event.earlyStopping ?? undefined;
      return undefined;
    }
    const { number } = event;
    const before = this.#slots[number] ?? { number, state: 'waiting', attempt: 0, losses: 0 };
    const after = (rules[event.type] as Rule<TrialEvent>)(event, revision, before);
    this.#slots[number] = after;
    return after.trial;
  }
}
