/**
 * What may be added to the log of a study: who holds which trial, since when, and what becomes of claims that were
 * lost.
 */
import { StaleClaimError } from '../errors.ts';
import type { ConfigObject } from '../space/node.ts';
import type { TrialState } from '../study/trial-record.ts';
import type {
  AppendedEvent,
  ClaimedEvent,
  ClaimEvent,
  EnqueueEvent,
  StoredEvent,
  StudyEvent,
  StudyRecord,
} from './events.ts';
import { elapsedClock } from '../timers.ts';
import type { Claimant, ClaimToken } from './storage.ts';

/** What decides on claims: where a number stands. */
export interface Slot {
  readonly number: number;
  readonly state: TrialState;
  readonly attempt: number;
  /** How many of its workers vanished. */
  readonly losses: number;
  /** The config, once it has one. */
  readonly config?: ConfigObject;
}

/**
 * What becomes of a trial whose worker vanished: it waits again, or fails once its retries are used up.
 * @param reason what is known of the worker; default: that it did not renew its claim in time
 */
export function lossOf(
  { number, attempt, losses }: Pick<Slot, 'number' | 'attempt' | 'losses'>,
  retries: number,
  at: number,
  reason = 'its lease ran out: its worker vanished or stalled',
): ClaimedEvent {
  if (losses < retries) return { type: 'release', number, attempt, at, reason, lost: true };
  const message = `${losses + 1} workers in turn vanished with it; the last: ${reason}`;
  return { type: 'finish', number, attempt, at, state: 'failed', metrics: {}, failure: { kind: 'lost', message } };
}

/**
 * Why an event may not be appended to what a study holds; undefined when it may. An event belongs to the attempt that
 * has the trial, or resumes a paused trial with the next attempt.
 */
export function objection(
  event: Exclude<AppendedEvent, { type: 'amend' }>,
  slot: Pick<Slot, 'state' | 'attempt'> | undefined,
): string | undefined {
  if (slot === undefined) return 'there is no such trial';
  if (event.type === 'resume') {
    if (slot.state === 'paused' && event.attempt === slot.attempt + 1) return undefined;
    return `it is ${slot.state}, in attempt ${slot.attempt}`;
  }
  if (slot.attempt !== event.attempt) return `attempt ${slot.attempt} has taken its place`;
  return slot.state === 'running' ? undefined : `it is ${slot.state}`;
}

const states: Readonly<Partial<Record<StudyEvent['type'], Slot['state']>>> = {
  enqueue: 'waiting',
  claim: 'running',
  pause: 'paused',
  resume: 'running',
  release: 'waiting',
};

/** What an event makes of the state of its trial; undefined when it leaves that as it was. */
export function stateAfter(event: StudyEvent): Slot['state'] | undefined {
  return event.type === 'finish' ? event.state : states[event.type];
}

/** Where a number stands after an event. */
function slotAfter(event: Exclude<StudyEvent, { type: 'amend' }>, slot: Slot | undefined): Slot {
  const { number, attempt } = event;
  const losses = (slot?.losses ?? 0) + (event.type === 'release' && event.lost === true ? 1 : 0);
  const config = event.type === 'enqueue' || event.type === 'start' ? event.config : slot?.config;
  const state = stateAfter(event) ?? slot?.state ?? 'waiting';
  return config === undefined ? { number, state, attempt, losses } : { number, state, attempt, losses, config };
}

/**
 * A study's log in memory, and the decisions on what may be added to it. Deciding and adding are apart, so that a
 * storage can make the events durable in between.
 */
export class StudyLog {
  readonly record: StudyRecord;
  /** By number. */
  readonly #slots: Slot[] = [];
  readonly #events: StoredEvent[] = [];
  readonly #now: () => number;
  /** By number, when the claim on a running trial runs out. */
  readonly #leases = new Map<number, number>();
  /** No number below this one is waiting. */
  #firstOpen = 0;

  /** @param now the clock that leases run by, in milliseconds */
  constructor(record: StudyRecord, now: () => number = elapsedClock) {
    this.record = record;
    this.#now = now;
  }

  /** The revision of the last event; 0 before the first. */
  get revision(): number {
    return this.#events.length;
  }

  /** The events after a revision, in order. */
  after(revision: number): readonly StoredEvent[] {
    return this.#events.slice(revision);
  }

  /** What is wrong with the numbers of events that are to follow: they count from 0 without gaps. */
  gap(events: readonly StudyEvent[]): string | undefined {
    let { length } = this.#slots;
    for (const event of events) {
      if (event.type === 'amend') continue;
      const { number, type } = event;
      const opens = type === 'enqueue' || type === 'claim';
      if (number > length || (number === length && !opens)) return `it tells of trial ${number} after ${length - 1}`;
      if (number === length) length += 1;
    }
    return undefined;
  }

  /** Adds events for good. */
  add(events: readonly StudyEvent[]): void {
    for (const event of events) {
      this.#events.push({ revision: this.revision + 1, event });
      if (event.type === 'amend') continue;
      const { number } = event;
      const slot = slotAfter(event, this.#slots[number]);
      this.#slots[number] = slot;
      if (event.type === 'release') this.#firstOpen = Math.min(this.#firstOpen, number);
      const lease = event.type === 'claim' || event.type === 'resume' ? event.lease : undefined;
      if (lease !== undefined) this.#leases.set(number, this.#now() + lease);
      else if (slot.state !== 'running') this.#leases.delete(number);
    }
  }

  /** The events that enqueue configs. */
  planEnqueue(configs: readonly ConfigObject[], at: number): readonly EnqueueEvent[] {
    const first = this.#slots.length;
    return configs.map((config, index) => ({ type: 'enqueue', number: first + index, attempt: 0, at, config }));
  }

  /** The events that claim the first waiting number or the next free one, and the config it has. */
  planClaim({ worker, at, lease }: Claimant): {
    readonly events: readonly StudyEvent[];
    readonly claim: ClaimEvent;
    readonly config?: ConfigObject;
  } {
    const losses = this.#planLosses(at);
    const freed = losses.flatMap((event) => (event.type === 'release' ? event.number : []));
    let number = this.#firstOpen;
    while (this.#slots[number] !== undefined && this.#slots[number]?.state !== 'waiting') number += 1;
    this.#firstOpen = number;
    number = Math.min(number, ...freed);
    const slot = this.#slots[number];
    const attempt = (slot?.attempt ?? 0) + 1;
    const claim: ClaimEvent = { type: 'claim', number, attempt, at, worker, ...(lease === undefined ? {} : { lease }) };
    const events = [...losses, claim];
    return slot?.config === undefined ? { events, claim } : { events, claim, config: slot.config };
  }

  /** The events that take every claimed trial from its worker, that being gone. */
  planRecovery(reason: string, at: number): readonly ClaimedEvent[] {
    return this.#slots
      .filter(({ state }) => state === 'running')
      .map((slot) => lossOf(slot, this.record.retries, at, reason));
  }

  /** Lets claims hold longer, and gives back those that are not in force. */
  renew(claims: readonly ClaimToken[], lease: number): readonly ClaimToken[] {
    const until = this.#now() + lease;
    return claims.filter(({ number, attempt }) => {
      const slot = this.#slots[number];
      const inForce = slot?.state === 'running' && slot.attempt === attempt;
      if (inForce) this.#leases.set(number, until);
      return !inForce;
    });
  }

  /**
   * Checks that events may be appended.
   * @throws {StaleClaimError} when one is not of the attempt that has its trial.
   */
  check(events: readonly AppendedEvent[]): void {
    const changed = new Map<number, Pick<Slot, 'state' | 'attempt'>>();
    for (const event of events) {
      if (event.type === 'amend') continue;
      const { number, attempt } = event;
      const found = objection(event, changed.get(number) ?? this.#slots[number]);
      if (found !== undefined) throw new StaleClaimError(this.record.name, number, attempt, found);
      const state = stateAfter(event);
      if (state !== undefined) changed.set(number, { state, attempt });
    }
  }

  #planLosses(at: number): readonly ClaimedEvent[] {
    const now = this.#now();
    const lost = [...this.#leases].filter(([, until]) => until <= now).map(([number]) => number);
    return lost.flatMap((number) => {
      const slot = this.#slots[number];
      return slot?.state === 'running' ? lossOf(slot, this.record.retries, at) : [];
    });
  }
}
