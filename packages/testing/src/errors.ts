/** The errors of this package: what a check found, and what two values differ in. */

/** What the errors of this package can be told apart by: stable, other than their messages. */
export type TestingErrorCode = 'check' | 'mismatch';

/** A check found a case that does not hold. */
export class CheckError extends Error {
  override readonly name: string = 'CheckError';
  readonly code = 'check';
  /** What was checked. */
  readonly subject: string;
  /** The seed that draws the failing case again. */
  readonly seed: number;
  /** fast-check's path to the smallest failing case. */
  readonly path: string;

  constructor(subject: string, seed: number, path: string, message: string, cause: unknown) {
    super(message, { cause });
    this.subject = subject;
    this.seed = seed;
    this.path = path;
  }
}

/** What was computed, or stored, is not what it should be; the message shows both. */
export class MismatchError extends Error {
  override readonly name: string = 'MismatchError';
  readonly code = 'mismatch';
}
