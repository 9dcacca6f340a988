import type { JsonObject } from '../json.ts';
import type { ConfigObject } from '../space/node.ts';
import type { SpaceJson } from '../space/space.ts';
import type { Failure, Metrics, Origin } from '../study/trial-record.ts';

/** What a study is, as it was created. */
export interface StudyRecord {
  readonly name: string;
  readonly seed: number;
  readonly objectives: readonly string[];
  readonly constraints: readonly string[];
  readonly space: SpaceJson;
  readonly strategy: { readonly name: string; readonly options: JsonObject };
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

interface TrialEventBase {
  readonly number: number;
  /** Which claim of the trial this belongs to: a write under an earlier one is refused. */
  readonly attempt: number;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
}

/** A config was given for a trial to come. */
export interface EnqueueEvent extends TrialEventBase {
  readonly type: 'enqueue';
  readonly config: ConfigObject;
}

/** A worker took a waiting trial, or the next free number. */
export interface ClaimEvent extends TrialEventBase {
  readonly type: 'claim';
  readonly worker: string;
}

/** A strategy suggested the config of a claimed number, having seen the study at revision `basis`. */
export interface StartEvent extends TrialEventBase {
  readonly type: 'start';
  readonly config: ConfigObject;
  readonly origin: Origin;
  readonly basis: number;
}

/** A trial told its metrics at a step. */
export interface ReportEvent extends TrialEventBase {
  readonly type: 'report';
  readonly step: number;
  readonly metrics: Metrics;
}

/** A trial ended. */
export interface FinishEvent extends TrialEventBase {
  readonly type: 'finish';
  readonly state: 'complete' | 'pruned' | 'failed';
  readonly metrics: Metrics;
  readonly failure?: Failure;
}

/** A claim was given up or lost: the trial waits again, with its number and config, and without its reports. */
export interface ReleaseEvent extends TrialEventBase {
  readonly type: 'release';
  readonly reason: string;
}

/** The study goes on with a wider space or another strategy. */
export interface AmendEvent {
  readonly type: 'amend';
  readonly at: number;
  readonly space?: SpaceJson;
  readonly strategy?: StudyRecord['strategy'];
}

/** What the holder of a claim may append. */
export type ClaimedEvent = StartEvent | ReportEvent | FinishEvent | ReleaseEvent;

/** Everything that can happen in a study. */
export type StudyEvent = EnqueueEvent | ClaimEvent | ClaimedEvent | AmendEvent;

/** An event in its place: revisions count from 1, without gaps. */
export interface StoredEvent {
  readonly revision: number;
  readonly event: StudyEvent;
}
