import { StaleClaimError } from '../errors.ts';
import type { ConfigObject } from '../space/node.ts';
import type {
  AmendEvent,
  ClaimedEvent,
  ClaimEvent,
  EnqueueEvent,
  StoredEvent,
  StudyEvent,
  StudyRecord,
} from './events.ts';
import { Projection } from './projection.ts';
import type { Claimant } from './storage.ts';

/**
 * A study's log in memory, and the decisions on what may be added to it. Deciding and adding are apart, so that a
 * storage can make the events durable in between.
 */
export class StudyLog {
  readonly #projection: Projection;
  readonly #events: StoredEvent[] = [];
  /** No number below this one is waiting. */
  #firstOpen = 0;

  constructor(record: StudyRecord) {
    this.#projection = new Projection(record);
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
      if (event.type === 'release') this.#firstOpen = Math.min(this.#firstOpen, event.number);
    }
  }

  /** The events that enqueue configs. */
  planEnqueue(configs: readonly ConfigObject[], at: number): readonly EnqueueEvent[] {
    const first = this.#projection.slots.length;
    return configs.map((config, index) => ({ type: 'enqueue', number: first + index, attempt: 0, at, config }));
  }

  /** The event that claims the first waiting number or the next free one, and the config it has. */
  planClaim({ worker, at }: Claimant): { readonly event: ClaimEvent; readonly config?: ConfigObject } {
    const { slots } = this.#projection;
    let number = this.#firstOpen;
    while (slots[number] !== undefined && slots[number]?.state !== 'waiting') number += 1;
    this.#firstOpen = number;
    const slot = slots[number];
    const event: ClaimEvent = { type: 'claim', number, attempt: (slot?.attempt ?? 0) + 1, at, worker };
    return slot?.trial === undefined ? { event } : { event, config: slot.trial.config };
  }

  /** The events that give back every claimed trial, its worker being gone. */
  planRecovery(reason: string, at: number): readonly ClaimedEvent[] {
    return this.#projection.slots
      .filter(({ state }) => state === 'running')
      .map(({ number, attempt }) => ({ type: 'release', number, attempt, at, reason }));
  }

  /**
   * Checks that events may be appended.
   * @throws StaleClaimError
   */
  check(events: readonly (ClaimedEvent | AmendEvent)[]): void {
    const ended = new Set<number>();
    for (const event of events) {
      if (event.type === 'amend') continue;
      const slot = this.#projection.slots[event.number];
      const running = slot?.state === 'running' && !ended.has(event.number);
      if (!running || slot.attempt !== event.attempt) {
        const found =
          slot === undefined
            ? 'there is no such trial'
            : slot.attempt === event.attempt
              ? `it is ${slot.state}`
              : `attempt ${slot.attempt} has taken its place`;
        throw new StaleClaimError(this.record.name, event.number, event.attempt, found);
      }
      if (event.type === 'finish' || event.type === 'release') ended.add(event.number);
    }
  }
}
