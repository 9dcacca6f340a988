import { brief } from './checked/quote.ts';
import type { SpaceChange } from './space/node.ts';
import { shownUrl, withoutSecrets } from './storage/shown-url.ts';

/** How long a message may be, whatever it quotes. */
const longest = 4000;

/**
 * The errors of this package. Each carries its facts as fields; the message says
 * `operation: what was wrong: what to do`.
 */

/** A space that cannot be: an empty range, a reserved name, a damaged description. */
export class SpaceError extends Error {
  override readonly name: string = 'SpaceError';
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

/** A config that is not in the space; `issues` lists every reason. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
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

  constructor(problem: string) {
    super(brief(problem, longest));
  }
}

/** A write for a trial that is finished, or that another worker has claimed since. */
export class StaleClaimError extends Error {
  override readonly name: string = 'StaleClaimError';
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

/** A storage that cannot be opened or written. */
export class StorageError extends Error {
  override readonly name: string = 'StorageError';
  /** The storage's URL, without its password. */
  readonly url: string;

  constructor(url: string, problem: string, options?: { readonly cause: unknown }) {
    super(brief(`storage ${shownUrl(url)}: ${problem}`, longest), options);
    this.url = shownUrl(url);
  }
}

/** A storage that another process is writing. */
export class StorageLockedError extends StorageError {
  override readonly name: string = 'StorageLockedError';
}

/** A stored file or record that is damaged, or of a kind or version this package does not read. */
export class FormatError extends Error {
  override readonly name: string = 'FormatError';
  readonly file: string;
  /** The line, counted from 1; 0 for the file as a whole. */
  readonly line: number;

  constructor(file: string, line: number, problem: string, options?: { readonly cause: unknown }) {
    super(brief(`${line > 0 ? `${shownUrl(file)}:${line}` : shownUrl(file)}: ${problem}`, longest), options);
    this.file = shownUrl(file);
    this.line = line;
  }
}
