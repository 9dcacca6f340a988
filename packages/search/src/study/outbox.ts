/**
 * Gathers the writes of a running trial, so that an objective that reports at every step is not slowed down by its
 * storage.
 */
import type { ClaimedEvent } from '../storage/events.ts';
import type { ClaimToken, Storage } from '../storage/storage.ts';
import { sleep } from '../timers.ts';

/** Milliseconds for which events are gathered, to be stored together. */
const gatherFor = 100;

/** The writes of a trial in hand: those made while one is under way go out together in the next. */
export class Outbox {
  readonly claim: ClaimToken;
  /** When the trial was taken in hand, by the study's clock that is not set. */
  readonly began: number;
  readonly #storage: Storage;
  readonly #study: string;
  #waiting: ClaimedEvent[] = [];
  #sending: Promise<void> = Promise.resolve();
  /** Whether it is flushed before long anyway. */
  #due = false;
  #closed = false;

  constructor(storage: Storage, study: string, claim: ClaimToken, began: number) {
    this.began = began;
    this.#storage = storage;
    this.#study = study;
    this.claim = claim;
  }

  /** Stores an event in a while, with what else comes by then. A failure is met again by the next flush. */
  push(event: ClaimedEvent): void {
    this.#waiting.push(event);
    if (this.#due) return;
    this.#due = true;
    void sleep(gatherFor)
      .then(() => {
        this.#due = false;
        return this.#closed ? undefined : this.flush();
      })
      .catch(() => undefined);
  }

  /**
   * Stores all that was pushed, and these events, once what was sent before is stored.
   * @throws {StaleClaimError} when another worker has the trial.
   */
  flush(...events: readonly ClaimedEvent[]): Promise<void> {
    this.#waiting.push(...events);
    this.#sending = this.#sending.then(
      () => this.#send(),
      () => this.#send(),
    );
    return this.#sending;
  }

  /** Flushes for the last time. */
  close(): Promise<void> {
    this.#closed = true;
    return this.flush();
  }

  async #send(): Promise<void> {
    const events = this.#waiting;
    if (events.length === 0) return;
    this.#waiting = [];
    try {
      await this.#storage.append(this.#study, events);
    } catch (error) {
      this.#waiting = [...events, ...this.#waiting];
      throw error;
    }
  }
}
