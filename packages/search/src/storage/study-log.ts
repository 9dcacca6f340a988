import { StaleClaimError } from '../errors.ts';
import type { ConfigObject } from '../space/node.ts';
import type {
  AppendedEvent,
  ClaimedEvent,
  ClaimEvent,
  EnqueueEvent,
  StoredEvent,
  StudyEvent,
  StudyRecord,
} from './events.ts';
import { Projection } from './projection.ts';
import type { Slot } from './projection.ts';
import type { Claimant, ClaimToken } from './storage.ts';

/** The reason that a study gives for a trial whose worker did not renew its claim in time. */
export const leaseRanOut = 'its lease ran out: its worker vanished or stalled';

/** What becomes of a trial whose worker vanished: it waits again, or fails once its retries are used up. */
export function lossOf(
  { number, attempt, losses }: Pick<Slot, 'number' | 'attempt' | 'losses'>,
  retries: number,
  reason: string,
  at: number,
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

/** What an event makes of the state of its trial, where that is not what it was. */
export const stateAfter: Readonly<Partial<Record<AppendedEvent['type'], Slot['state']>>> = {
  pause: 'paused',
  resume: 'running',
  finish: 'complete',
  release: 'waiting',
};

/**
 * A study's log in memory, and the decisions on what may be added to it. Deciding and adding are apart, so that a
 * storage can make the events durable in between.
 */
export class StudyLog {
  readonly #projection: Projection;
  readonly #events: StoredEvent[] = [];
  readonly #now: () => number;
  /** By number, when the claim on a running trial runs out. */
  readonly #leases = new Map<number, number>();
  /** No number below this one is waiting. */
  #firstOpen = 0;

  /** @param now the clock that leases run by, in milliseconds */
  constructor(record: StudyRecord, now: () => number = Date.now) {
    this.#projection = new Projection(record);
    this.#now = now;
  }

  get record(): StudyRecord {
    return this.#projection.record;
  }

  get revision(): number {
    return this.#projection.revision;
  }

  /** The events after a revision, in order. */
  after(revision: number): readonly StoredEvent[] {
    return this.#events.slice(revision);
  }

  /** Adds events for good. */
  add(events: readonly StudyEvent[]): void {
    for (const event of events) {
      const stored = { revision: this.revision + 1, event };
      this.#events.push(stored);
      this.#projection.apply(stored);
      if (event.type === 'amend') continue;
      const { number } = event;
      if (event.type === 'release') this.#firstOpen = Math.min(this.#firstOpen, number);
      const lease = event.type === 'claim' || event.type === 'resume' ? event.lease : undefined;
      if (lease !== undefined) this.#leases.set(number, this.#now() + lease);
      else if (this.#projection.slots[number]?.state !== 'running') this.#leases.delete(number);
    }
  }

  /** The events that enqueue configs. */
  planEnqueue(configs: readonly ConfigObject[], at: number): readonly EnqueueEvent[] {
    const first = this.#projection.slots.length;
    return configs.map((config, index) => ({ type: 'enqueue', number: first + index, attempt: 0, at, config }));
  }

  /** The events that claim the first waiting number or the next free one, and the config it has. */
  planClaim({ worker, at, lease }: Claimant): {
    readonly events: readonly StudyEvent[];
    readonly claim: ClaimEvent;
    readonly config?: ConfigObject;
  } {
    const losses = this.#planLosses(at);
    const { slots } = this.#projection;
    const freed = losses.flatMap((event) => (event.type === 'release' ? event.number : []));
    let number = this.#firstOpen;
    while (slots[number] !== undefined && slots[number]?.state !== 'waiting') number += 1;
    this.#firstOpen = number;
    number = Math.min(number, ...freed);
    const slot = slots[number];
    const attempt = (slot?.attempt ?? 0) + 1;
    const claim: ClaimEvent = { type: 'claim', number, attempt, at, worker, ...(lease === undefined ? {} : { lease }) };
    const events = [...losses, claim];
    return slot?.trial === undefined ? { events, claim } : { events, claim, config: slot.trial.config };
  }

  /** The events that take every claimed trial from its worker, that being gone. */
  planRecovery(reason: string, at: number): readonly ClaimedEvent[] {
    return this.#projection.slots
      .filter(({ state }) => state === 'running')
      .map((slot) => lossOf(slot, this.record.retries, reason, at));
  }

  /** Lets claims hold longer, and gives back those that are not in force. */
  renew(claims: readonly ClaimToken[], lease: number): readonly ClaimToken[] {
    const until = this.#now() + lease;
    return claims.filter(({ number, attempt }) => {
      const slot = this.#projection.slots[number];
      const inForce = slot?.state === 'running' && slot.attempt === attempt;
      if (inForce) this.#leases.set(number, until);
      return !inForce;
    });
  }

  /**
   * Checks that events may be appended.
   * @throws StaleClaimError
   */
  check(events: readonly AppendedEvent[]): void {
    const changed = new Map<number, Pick<Slot, 'state' | 'attempt'>>();
    for (const event of events) {
      if (event.type === 'amend') continue;
      const { number, attempt } = event;
      const found = objection(event, changed.get(number) ?? this.#projection.slots[number]);
      if (found !== undefined) throw new StaleClaimError(this.record.name, number, attempt, found);
      const state = stateAfter[event.type];
      if (state !== undefined) changed.set(number, { state, attempt });
    }
  }

  #planLosses(at: number): readonly ClaimedEvent[] {
    const now = this.#now();
    const lost = [...this.#leases].filter(([, until]) => until <= now).map(([number]) => number);
    return lost.flatMap((number) => {
      const slot = this.#projection.slots[number];
      return slot?.state === 'running' ? lossOf(slot, this.record.retries, leaseRanOut, at) : [];
    });
  }
}
