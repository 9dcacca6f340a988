import type { StrategyRecord } from '../strategies/built-in.ts';
import type { ConfigObject } from '../space/node.ts';
import type { SpaceJson } from '../space/space.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import type { StoredEvent, StudyEvent, StudyRecord } from './events.ts';

/** Where a number stands: a trial has one from its claim or enqueueing on, and a config only later. */
export interface Slot {
  readonly number: number;
  readonly state: TrialRecord['state'];
  readonly attempt: number;
  readonly worker?: string;
  readonly claimedAt?: number;
  readonly trial?: TrialRecord;
}

type Rule<Event extends StudyEvent> = (event: Event, revision: number, slot: Slot) => Slot;
type TrialEvent = Exclude<StudyEvent, { readonly type: 'amend' }>;
type Rules = { readonly [Type in TrialEvent['type']]: Rule<Extract<TrialEvent, { readonly type: Type }>> };

function blank(
  { number, attempt }: Slot,
  config: ConfigObject,
  revision: number,
): Omit<TrialRecord, 'state' | 'origin'> {
  return { number, config, attempt, revision, metrics: {}, reports: [] };
}

/** Applies a change to the slot's trial, if it has one. */
function withTrial(slot: Slot, change: (trial: TrialRecord) => TrialRecord): Slot {
  return slot.trial === undefined ? slot : { ...slot, trial: change(slot.trial) };
}

/** What each event makes of the slot of its number. */
const rules: Rules = {
  enqueue: ({ config }, revision, slot) => ({
    ...slot,
    state: 'waiting',
    trial: { ...blank(slot, config, revision), state: 'waiting', origin: { operator: 'enqueued' } },
  }),
  claim: ({ attempt, worker, at }, revision, slot) =>
    withTrial({ ...slot, state: 'running', attempt, worker, claimedAt: at }, (trial) => ({
      ...trial,
      state: 'running',
      attempt,
      revision,
      worker,
      startedAt: at,
    })),
  start: ({ config, origin, basis }, revision, slot) => ({
    ...slot,
    trial: {
      ...blank(slot, config, revision),
      state: 'running',
      origin,
      basis,
      ...(slot.worker === undefined ? {} : { worker: slot.worker }),
      ...(slot.claimedAt === undefined ? {} : { startedAt: slot.claimedAt }),
    },
  }),
  report: ({ step, metrics }, revision, slot) =>
    withTrial(slot, (trial) => ({ ...trial, revision, reports: [...trial.reports, { step, metrics }] })),
  finish: ({ state, metrics, failure, at }, revision, slot) =>
    withTrial({ ...slot, state }, (trial) => ({
      ...trial,
      state,
      revision,
      metrics,
      finishedAt: at,
      ...(failure === undefined ? {} : { failure }),
    })),
  release: (_event, revision, slot) =>
    withTrial({ ...slot, state: 'waiting' }, (trial) => ({ ...trial, state: 'waiting', revision, reports: [] })),
};

/** A study's state, folded from its events one by one. */
export class Projection {
  readonly record: StudyRecord;
  /** The revision of the last event applied; 0 before the first. */
  revision = 0;
  /** The space in force. */
  space: SpaceJson;
  /** The strategy in force. */
  strategy: StrategyRecord;
  readonly #slots: Slot[] = [];

  constructor(record: StudyRecord) {
    this.record = record;
    this.space = record.space;
    this.strategy = record.strategy;
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
      return undefined;
    }
    const { number } = event;
    const before = this.#slots[number] ?? { number, state: 'waiting', attempt: 0 };
    const after = (rules[event.type] as Rule<TrialEvent>)(event, revision, before);
    this.#slots[number] = after;
    return after.trial;
  }
}
