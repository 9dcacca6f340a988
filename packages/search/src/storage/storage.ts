/**
 * The contract of a storage: claims under tokens, and one order of events. Whatever keeps it can be worked on by any
 * number of workers.
 */
import type { ConfigObject } from '../space/node.ts';
import type { AppendedEvent, StoredEvent, StudyRecord } from './events.ts';

/** A trial that a worker has claimed. */
export interface Claim {
  readonly number: number;
  /** Goes up by one each time the trial is claimed; the token under which it is written. */
  readonly attempt: number;
  /** The config, if the trial has one already; else the claimant appends a `start` event with its own. */
  readonly config?: ConfigObject;
}

/** Who claims a trial, and when. */
export interface Claimant {
  readonly worker: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds for which the claim holds unless it is renewed; absent: until the storage is closed. */
  readonly lease?: number;
}

/** A claim by its trial and token. */
export type ClaimToken = Pick<Claim, 'number' | 'attempt'>;

/**
 * Where studies are kept: for each a record and a log of events, in one order that every reader sees. Every method
 * takes effect as a whole or not at all, and what a resolved promise has written is seen by every later read.
 *
 * `storageLaws` of `@espalier/testing/search` checks an implementation.
 */
export interface Storage {
  /** What opens this storage again, such as `journal:runs/digits.jsonl`. */
  readonly url: string;
  /** Whether the URL opens it while it is open here: in another process, or in the thread that renews claims. */
  readonly shared?: boolean;
  /**
   * Adds a study.
   * @throws {StudyError} of code `exists` when there is one of that name.
   */
  createStudy(record: StudyRecord): Promise<void>;
  /** The record of a study, as created; undefined when there is none. */
  readStudy(study: string): Promise<StudyRecord | undefined>;
  /** The names of all studies, oldest first. */
  listStudies(): Promise<readonly string[]>;
  /**
   * The events after a revision, in order.
   * @throws {StudyError} of code `missing`, as do the methods below.
   */
  read(study: string, after: number): Promise<readonly StoredEvent[]>;
  /** Adds a waiting trial for each config and returns their numbers. */
  enqueue(study: string, configs: readonly ConfigObject[], at: number): Promise<readonly number[]>;
  /**
   * Claims the waiting trial of the lowest number, or else the next free number. No two claims get the same one. First,
   * every trial whose lease has run out is released, or fails as lost once its retries are used up.
   */
  claim(study: string, claimant: Claimant): Promise<Claim>;
  /**
   * Lets claims hold for another `lease` milliseconds from now. Gives back those that are no longer in force. Renewing
   * is no event.
   */
  renew(study: string, claims: readonly ClaimToken[], lease: number): Promise<readonly ClaimToken[]>;
  /**
   * Appends events, all or none.
   * @throws {StaleClaimError} when one belongs to a claim that is not, or no longer, in force, or resumes a trial that
   * is not paused.
   */
  append(study: string, events: readonly AppendedEvent[]): Promise<void>;
  /** Gives up what the storage holds. Trials still claimed become waiting at the latest when it is opened again. */
  close(): Promise<void>;
}
