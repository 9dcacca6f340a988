/**
 * The errors of this package. Each carries its facts as fields, and a message that reads "operation: what was wrong:
 * what to do".
 */
import { brief } from './checked/quote.ts';
import type { SpaceChange } from './space/space-change.ts';
import { shownUrl, withoutSecrets } from './storage/shown-url.ts';

/** How long a message may be, whatever it quotes. */
const longest = 4000;

/**
 * What the errors of this package can be told apart by. A code stays what it is when a message is put in other words, an
 * error crosses to another thread, or two copies of the package meet, and no other package has it.
 */
export type SearchErrorCode =
  | 'value'
  | 'space'
  | 'space-changed'
  | 'config'
  | StudyErrorCode
  | 'exhausted'
  | 'pending'
  | 'objective'
  | 'stale-claim'
  | StorageErrorCode
  | 'storage-format'
  | 'trial-pruned'
  | 'trial-failure';

/** An argument or option that a function of this package cannot work with, such as a count below 1 or an unknown name. */
export class ValueError extends RangeError {
  override readonly name: string = 'ValueError';
  readonly code = 'value';
}

/** A space that cannot be: an empty range, a reserved name, a damaged description. */
export class SpaceError extends Error {
  override readonly name: string = 'SpaceError';
  readonly code = 'space';
  /** The parameter path, or the name of the function that was called. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(brief(`${path}: ${problem}`, longest));
    this.path = path;
  }
}

/** One thing that is wrong with a config. */
export interface ConfigIssue {
  /** Where, as a parameter path; empty for the config as a whole. */
  readonly path: string;
  /** What was found, and what the space asks for. */
  readonly message: string;
}

/** A part of a space changed its meaning under a study that has trials; `changes` lists every part that changed. */
export class SpaceChangedError extends Error {
  override readonly name: string = 'SpaceChangedError';
  readonly code = 'space-changed';
  readonly study: string;
  readonly changes: readonly SpaceChange[];

  constructor(study: string, changes: readonly SpaceChange[]) {
    const lines = changes.map(showChange).join('\n');
    super(
      `study '${study}': the space no longer means what its trials were made with:\n${lines}\n` +
        'a study can gain choices and wider ranges, no more: start a study of another name, or put these parts back',
    );
    this.study = study;
    this.changes = changes;
  }
}

function showChange({ path, before = 'absent', after = 'absent', compatible }: SpaceChange): string {
  return `  ${path}: ${before} → ${after}${compatible ? ' (allowed)' : ''}`;
}

/**
 * A config that is not in the space; `issues` lists every reason. Another class than `ConfigError` of `@espalier/nn`: tell
 * them apart by `code`.
 */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
  readonly code = 'config';
  readonly issues: readonly ConfigIssue[];

  constructor(operation: string, issues: readonly ConfigIssue[]) {
    super(brief(`${operation}: ${issues.map((issue) => issue.message).join('; ')}`, longest));
    this.issues = issues;
  }
}

/** Why a study could not be created, opened or used. */
export type StudyErrorCode = 'exists' | 'missing' | 'changed' | 'closed' | 'options' | 'objectives' | 'endless';

/** A study that cannot be created, opened or used as asked. */
export class StudyError extends Error {
  override readonly name: string = 'StudyError';
  readonly code: StudyErrorCode;
  readonly study: string;

  constructor(code: StudyErrorCode, study: string, problem: string) {
    super(brief(withoutSecrets(`study '${study}': ${problem}`), longest));
    this.code = code;
    this.study = study;
  }
}

/** There is nothing left to ask: every configuration was tried. */
export class ExhaustedError extends Error {
  override readonly name: string = 'ExhaustedError';
  readonly code = 'exhausted';
  readonly study: string;
  readonly reason: string;

  constructor(study: string, reason: string) {
    super(`ask: study '${study}' is exhausted: ${reason}: widen the space, or stop here`);
    this.study = study;
    this.reason = reason;
  }
}

/** There is nothing to try until a running trial has told more. */
export class PendingError extends Error {
  override readonly name: string = 'PendingError';
  readonly code = 'pending';
  readonly study: string;
  readonly reason: string;

  constructor(study: string, reason: string) {
    super(`ask: study '${study}' has nothing to try for now: ${reason}: ask again when a running trial has told more`);
    this.study = study;
    this.reason = reason;
  }
}

/** An objective or constraint that cannot be read, or a result that does not answer it. */
export class ObjectiveError extends Error {
  override readonly name: string = 'ObjectiveError';
  readonly code = 'objective';

  constructor(problem: string) {
    super(brief(problem, longest));
  }
}

/** A write for a trial that is finished, or that another worker has claimed since. */
export class StaleClaimError extends Error {
  override readonly name: string = 'StaleClaimError';
  readonly code = 'stale-claim';
  readonly study: string;
  readonly number: number;
  readonly attempt: number;

  constructor(study: string, number: number, attempt: number, found: string) {
    super(
      `study '${study}': trial ${number}, attempt ${attempt}, can no longer be written: ${found}: drop this result`,
    );
    this.study = study;
    this.number = number;
    this.attempt = attempt;
  }
}

/**
 * Why a storage could not be opened or written: it was closed, its file or package is not there, it may only be read, its
 * disk is full, others have it for now, or what else the message says.
 */
export type StorageErrorCode =
  | 'storage'
  | 'storage-closed'
  | 'storage-missing'
  | 'storage-read-only'
  | 'storage-full'
  | 'storage-locked';

/** What a storage's error carries beside its message. */
export interface StorageErrorOptions {
  readonly cause?: unknown;
  /** Default: `storage`. */
  readonly code?: StorageErrorCode;
}

/** A storage that cannot be opened or written. */
export class StorageError extends Error {
  override readonly name: string = 'StorageError';
  readonly code: StorageErrorCode;
  /** The storage's URL, without its password. */
  readonly url: string;

  constructor(url: string, problem: string, { code = 'storage', ...cause }: StorageErrorOptions = {}) {
    super(brief(`storage ${shownUrl(url)}: ${problem}`, longest), cause);
    this.code = code;
    this.url = shownUrl(url);
  }
}

/** A storage that another process is writing. */
export class StorageLockedError extends StorageError {
  override readonly name: string = 'StorageLockedError';

  constructor(url: string, problem: string, options: Omit<StorageErrorOptions, 'code'> = {}) {
    super(url, problem, { ...options, code: 'storage-locked' });
  }
}

/**
 * A stored file or record that is damaged, or of a kind or version this package does not read. Another class than
 * `FormatError` of `@espalier/nn`: tell them apart by `code`.
 */
export class FormatError extends Error {
  override readonly name: string = 'FormatError';
  readonly code = 'storage-format';
  readonly file: string;
  /** The line, counted from 1; 0 for the file as a whole. */
  readonly line: number;

  constructor(file: string, line: number, problem: string, options?: { readonly cause: unknown }) {
    super(brief(`${line > 0 ? `${shownUrl(file)}:${line}` : shownUrl(file)}: ${problem}`, longest), options);
    this.file = shownUrl(file);
    this.line = line;
  }
}
