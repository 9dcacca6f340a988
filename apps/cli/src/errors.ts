/** What the process ends with for each error, so that scripts can tell a user's mistake from a failure. */
import { firstLine, systemProblem } from '@espalier/pipeline';

/** What the process ends with. */
export const exitCodes = {
  ok: 0,
  /** The work was understood and failed. */
  failed: 1,
  /** The command line, a recipe or a file is wrong: nothing was done. */
  usage: 2,
  /** What was asked for cannot be had here: the device is not here. */
  noDevice: 3,
  /** The search came to its end, and no model that it found is sure to keep the goals. The nearest one was written. */
  goalsMissed: 4,
  /** Stopped by the user; what was done is kept and can be resumed. */
  interrupted: 130,
} as const;

/** One of the codes the process ends with. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export { FailedError, InterruptedError, NoDeviceError, UsageError, firstLine, type Place } from '@espalier/pipeline';

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
  ['OutOfMemoryError', exitCodes.failed],
  ['FormatError', exitCodes.usage],
  ['DataError', exitCodes.usage],
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
  ['OnnxError', exitCodes.usage],
  ['TemplateError', exitCodes.usage],
  ['ShapeError', exitCodes.failed],
  ['DivergenceError', exitCodes.failed],
  ['DTypeError', exitCodes.failed],
  ['ArgumentError', exitCodes.failed],
  ['ValueError', exitCodes.failed],
  ['AbortError', exitCodes.failed],
]);

/** What to say of an error, and what to end with. */
export interface ErrorReport {
  readonly message: string;
  /** What programs tell it by, as the packages list it; `ENOSPC` and the like for errors of the system, else `internal`. */
  readonly code: string;
  readonly exitCode: ExitCode;
  /** Whether the error is a mistake in this program rather than something the user can mend. */
  readonly internal: boolean;
}

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

/** Why a module cannot be loaded, in one line: with the place, which parsers put on a line of its own. */
export function whyNotLoaded(error: unknown): string {
  const [first = '', second = ''] = String(error)
    .trim()
    .split(/\s*\r?\n\s*/u);
  return /:\d+:\d+$/u.test(second) ? `${first}, at ${second}` : first;
}

/**
 * Turns whatever was thrown into one message and an exit code.
 * @param plugins modules of the user's that ran too, whose mistake it may be
 */
export function reportOf(error: unknown, plugins: readonly string[] = []): ErrorReport {
  // Closing failed after the work had: what matters is why the work did.
  if (property(error, 'name') === 'SuppressedError') return reportOf(property(error, 'suppressed'), plugins);
  const message = String(property(error, 'message') ?? error);
  const found = property(error, 'code');
  const code = typeof found === 'string' ? found : 'internal';
  const exitCode = exitCodesByName.get(String(property(error, 'name')));
  if (exitCode !== undefined) return { message, code, exitCode, internal: false };
  const system = systemProblem(error);
  if (system !== undefined) return { message: system, code, exitCode: exitCodes.failed, internal: false };
  const hint = `this is a mistake in ${['espalier', ...plugins].join(' or ')}; set ESPALIER_DEBUG=1 to see where`;
  return {
    message: `internal error: ${firstLine(message)} (${hint})`,
    code: 'internal',
    exitCode: exitCodes.failed,
    internal: true,
  };
}
