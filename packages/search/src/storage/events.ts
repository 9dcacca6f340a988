/**
 * What is stored of a study: a record of how it began, and the events since. All that a study knows is folded from
 * these, and nothing else has to last.
 */
import type { JsonObject } from '../json.ts';
import type { Plugin } from '../plugin.ts';
import type { ConfigObject } from '../space/node.ts';
import type { SpaceJson } from '../space/space.ts';
import type { Budget, Checkpoint, Failure, Metrics, Origin } from '../study/trial-record.ts';

/**
 * What happens to a config that was tried before: the strategy looks for another one (`avoid`), its result is taken
 * over (`reuse`), or it is tried again with another seed (`repeat`).
 */
export type DuplicatePolicy = 'avoid' | 'reuse' | 'repeat';

/** What a study is, as it was created. */
export interface StudyRecord {
  readonly name: string;
  readonly seed: number;
  readonly objectives: readonly string[];
  readonly constraints: readonly string[];
  readonly space: SpaceJson;
  readonly strategy: Plugin;
  /** What ends trials early; absent when nothing does. */
  readonly earlyStopping?: Plugin;
  /** What happens to a config that was tried before. */
  readonly duplicates: DuplicatePolicy;
  /** How often a trial whose worker vanished is tried again before it fails as lost. */
  readonly retries: number;
  /** What its maker keeps with it, such as what its trials do. */
  readonly attributes?: JsonObject;
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
  /** Milliseconds for which the claim holds unless it is renewed; absent: until the storage is closed. */
  readonly lease?: number;
}

/** A strategy suggested the config of a claimed number, having seen the study at revision `basis`. */
export interface StartEvent extends TrialEventBase {
  readonly type: 'start';
  readonly config: ConfigObject;
  readonly origin: Origin;
  readonly basis: number;
  readonly budget?: Budget;
  /** The trial whose checkpoint it goes on from. */
  readonly inherits?: number;
}

/** A trial told its metrics at a step. */
export interface ReportEvent extends TrialEventBase {
  readonly type: 'report';
  readonly step: number;
  readonly metrics: Metrics;
}

/** A trial saved what it can go on from. */
export interface SaveEvent extends TrialEventBase, Checkpoint {
  readonly type: 'save';
}

/** A trial spent its budget, and waits for the strategy to give it more. */
export interface PauseEvent extends TrialEventBase {
  readonly type: 'pause';
  /** Milliseconds that the attempt took, by a clock that is not set; absent: as `at` says, since the claim. */
  readonly took?: number;
  readonly metrics: Metrics;
}

/**
 * A strategy let a paused trial go on, having been asked for the config of number `asked` at revision `basis`. It is a
 * claim too: `attempt` is one more than before.
 */
export interface ResumeEvent extends TrialEventBase {
  readonly type: 'resume';
  readonly worker: string;
  readonly lease?: number;
  readonly budget: Budget;
  readonly basis: number;
  readonly asked: number;
}

/** A trial ended. */
export interface FinishEvent extends TrialEventBase {
  readonly type: 'finish';
  /** Milliseconds that the attempt took, by a clock that is not set; absent: as `at` says, since the claim. */
  readonly took?: number;
  readonly state: 'complete' | 'pruned' | 'failed';
  readonly metrics: Metrics;
  readonly failure?: Failure;
}

/** A claim was given up or lost: the trial waits again, with its number, config and checkpoint, and the reports up to that. */
export interface ReleaseEvent extends TrialEventBase {
  readonly type: 'release';
  /** Milliseconds that the attempt took, by a clock that is not set; absent: as `at` says, since the claim. */
  readonly took?: number;
  readonly reason: string;
  /** Whether its worker vanished, rather than gave it up. */
  readonly lost?: true;
}

/** The study goes on with a wider space, another strategy or another early stopping (null: none). */
export interface AmendEvent {
  readonly type: 'amend';
  readonly at: number;
  readonly space?: SpaceJson;
  readonly strategy?: Plugin;
  readonly earlyStopping?: Plugin | null;
}

/** What the holder of a claim may append. */
export type ClaimedEvent = StartEvent | ReportEvent | SaveEvent | PauseEvent | FinishEvent | ReleaseEvent;

/** Everything that can happen in a study. */
export type StudyEvent = EnqueueEvent | ClaimEvent | ClaimedEvent | ResumeEvent | AmendEvent;

/** What may be appended; the storage itself adds the others. */
export type AppendedEvent = ClaimedEvent | ResumeEvent | AmendEvent;

/** An event in its place: revisions count from 1, without gaps. */
export interface StoredEvent {
  readonly revision: number;
  readonly event: StudyEvent;
}
