import type { ConfigObject } from '../space/node.ts';
import type { AmendEvent, ClaimedEvent, StoredEvent, StudyRecord } from './events.ts';

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
}

/**
 * Where studies are kept: for each a record and a log of events, in one order that every reader sees. Every method
 * takes effect as a whole or not at all, and what a resolved promise has written is seen by every later read.
 *
 * `storageLaws` of `@espalier/search/testing` checks an implementation.
 */
export interface Storage {
  /** What opens this storage again, such as `journal:runs/digits.jsonl`. */
  readonly url: string;
  /** Adds a study. @throws StudyError of code `exists` when there is one of that name. */
  createStudy(record: StudyRecord): Promise<void>;
  /** The record of a study, as created; undefined when there is none. */
  readStudy(study: string): Promise<StudyRecord | undefined>;
  /** The names of all studies, oldest first. */
  listStudies(): Promise<readonly string[]>;
  /** The events after a revision, in order. @throws StudyError of code `missing`, as do the methods below. */
  read(study: string, after: number): Promise<readonly StoredEvent[]>;
  /** Adds a waiting trial for each config and returns their numbers. */
  enqueue(study: string, configs: readonly ConfigObject[], at: number): Promise<readonly number[]>;
  /** Claims the waiting trial of the lowest number, or else the next free number. No two claims get the same one. */
  claim(study: string, claimant: Claimant): Promise<Claim>;
  /**
   * Appends events, all or none.
   * @throws StaleClaimError when one belongs to a claim that is not, or no longer, in force.
   */
  append(study: string, events: readonly (ClaimedEvent | AmendEvent)[]): Promise<void>;
  /** Gives up what the storage holds. Trials still claimed become waiting at the latest when it is opened again. */
  close(): Promise<void>;
}
