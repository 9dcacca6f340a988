/** The errors this package throws: their names tell them apart also where a worker has cost them their class. */
/** What the errors of this package can be told apart by: stable, other than their messages. */
export type PipelineErrorCode = 'usage' | 'failed' | 'no-device' | 'interrupted';

/** Where a problem is in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The command line, a recipe or a file is wrong. The message says what, and what to do. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  readonly code = 'usage';
  readonly place: Place | undefined;

  constructor(problem: string, place?: Place) {
    super(place === undefined ? problem : `${place.file}:${place.line}:${place.column}: ${problem}`);
    this.place = place;
  }
}

/** The work was understood and cannot be done. */
export class FailedError extends Error {
  override readonly name: string = 'FailedError';
  readonly code = 'failed';
}

/** The device that was asked for is not here. */
export class NoDeviceError extends Error {
  override readonly name: string = 'NoDeviceError';
  readonly code = 'no-device';
}

/** The user stopped the work; `resume` is the command that goes on with it. */
export class InterruptedError extends Error {
  override readonly name: string = 'InterruptedError';
  readonly code = 'interrupted';
  readonly resume: string | undefined;

  constructor(resume?: string) {
    super(resume === undefined ? 'interrupted' : `interrupted; to go on: ${resume}`);
    this.resume = resume;
  }
}
