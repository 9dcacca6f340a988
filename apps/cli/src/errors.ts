/** What the process ends with. */
export const exitCodes = {
  ok: 0,
  /** The work was understood and failed. */
  failed: 1,
  /** The command line, a recipe or a file is wrong: nothing was done. */
  usage: 2,
  /** The device that was asked for is not here. */
  noDevice: 3,
  /** Stopped by the user; what was done is kept and can be resumed. */
  interrupted: 130,
} as const;

/** One of the codes the process ends with. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Where a problem is in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The command line, a recipe or a file is wrong. The message says what, and what to do. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  readonly place: Place | undefined;

  constructor(problem: string, place?: Place) {
    super(place === undefined ? problem : `${place.file}:${place.line}:${place.column}: ${problem}`);
    this.place = place;
  }
}

/** The work was understood and cannot be done. */
export class FailedError extends Error {
  override readonly name: string = 'FailedError';
}

/** The device that was asked for is not here. */
export class NoDeviceError extends Error {
  override readonly name: string = 'NoDeviceError';
}

/** The user stopped the work; `resume` is the command that goes on with it. */
export class InterruptedError extends Error {
  override readonly name: string = 'InterruptedError';
  readonly resume: string | undefined;

  constructor(resume?: string) {
    super(resume === undefined ? 'interrupted' : `interrupted; to go on: ${resume}`);
    this.resume = resume;
  }
}

/**
 * The errors that packages throw at a caller's mistake, by class name, and what each ends the process with. Names rather
 * than classes, because an error that comes from a worker thread has lost its class.
 */
const exitCodesByName: ReadonlyMap<string, ExitCode> = new Map<string, ExitCode>([
  ['UsageError', exitCodes.usage],
  ['FailedError', exitCodes.failed],
  ['InterruptedError', exitCodes.interrupted],
  ['NoDeviceError', exitCodes.noDevice],
  ['DeviceError', exitCodes.failed],
  ['FormatError', exitCodes.usage],
  ['SpaceError', exitCodes.usage],
  ['SpaceChangedError', exitCodes.usage],
  ['ConfigError', exitCodes.usage],
  ['ObjectiveError', exitCodes.usage],
  ['StudyError', exitCodes.usage],
  ['StorageError', exitCodes.failed],
  ['StorageLockedError', exitCodes.failed],
  ['RecipeError', exitCodes.usage],
  ['GoalError', exitCodes.usage],
  ['StateError', exitCodes.usage],
  ['ShapeError', exitCodes.failed],
  ['DivergenceError', exitCodes.failed],
  ['DTypeError', exitCodes.failed],
  ['ArgumentError', exitCodes.failed],
]);

/** What the system says of a file, in words. */
const systemProblems: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder: check the path'],
  ['EACCES', 'permission denied: choose another place, or change its permissions'],
  ['EPERM', 'permission denied: choose another place, or change its permissions'],
  ['EROFS', 'the file system is read only: choose another place'],
  ['ENOTDIR', 'a part of the path is a file, not a folder: check the path'],
  ['EISDIR', 'this is a folder: give a file'],
  ['EEXIST', 'it exists already: choose another name'],
  ['ENOSPC', 'the disk is full: free some space, or choose another place'],
  ['EDQUOT', 'your part of the disk is full: free some space, or choose another place'],
  ['EFBIG', 'the file would be larger than the file system takes: choose another place'],
  ['EBUSY', 'it is in use: choose another place'],
  ['EXDEV', 'it lies on another file system: choose another place'],
  ['ENAMETOOLONG', 'the name is too long: choose a shorter one'],
  ['ELOOP', 'its symbolic links lead in a circle: check the path'],
  ['EMFILE', 'too many files are open: close some, or raise the limit'],
  ['EIO', 'the disk could not be read or written: check it'],
]);

/** What to print for an error, and what to end with. */
export interface ErrorReport {
  readonly message: string;
  readonly code: ExitCode;
  /** Whether the error is a mistake in this program rather than something the user can mend. */
  readonly internal: boolean;
}

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

/** The first line of a text that may have many, such as an error's message with a trace below it. */
export function firstLine(text: string): string {
  return text.trimStart().split(/\r?\n/u, 1)[0] ?? '';
}

/** Turns whatever was thrown into one message and an exit code. */
export function reportOf(error: unknown): ErrorReport {
  // Closing failed after the work had: what matters is why the work did.
  if (property(error, 'name') === 'SuppressedError') return reportOf(property(error, 'suppressed'));
  const message = String(property(error, 'message') ?? error);
  const code = exitCodesByName.get(String(property(error, 'name')));
  if (code !== undefined) return { message, code, internal: false };
  const system = systemProblems.get(String(property(error, 'code')));
  if (system !== undefined) {
    // Of a file that was to be renamed, the new name is the one that the user gave.
    const path = property(error, 'dest') ?? property(error, 'path');
    return {
      message: typeof path === 'string' ? `${path}: ${system}` : system,
      code: exitCodes.failed,
      internal: false,
    };
  }
  const hint = 'this is a mistake in espalier; set ESPALIER_DEBUG=1 to see where';
  return { message: `internal error: ${firstLine(message)} (${hint})`, code: exitCodes.failed, internal: true };
}
