/**
 * How many cases to draw and from which seed: what the caller says, else what `fc.configureGlobal` was told, else the
 * environment variables FC_SEED and FC_RUNS where there is an environment.
 */
import fc from 'fast-check';

/** Options that every check takes. */
export interface DrawOptions {
  /** How many cases to draw. Default: `fc.configureGlobal`'s numRuns, else FC_RUNS, else the check's own default. */
  readonly runs?: number;
  /** Where the drawing starts. Default: `fc.configureGlobal`'s seed, else FC_SEED, else a new one each time. */
  readonly seed?: number;
  /** The path fast-check printed, to replay one failure without the cases before it. */
  readonly path?: string;
}

/** What a check did. */
export interface CheckReport {
  /** Cases that were drawn and held. */
  readonly cases: number;
  /** The seed they were drawn from. */
  readonly seed: number;
}

/** The settings that hold, with `defaultRuns` where nobody said otherwise. */
export function drawSettings(
  options: DrawOptions,
  defaultRuns: number,
): { readonly numRuns: number; readonly seed: number; readonly path?: string } {
  const global = fc.readConfigureGlobal();
  const seed = options.seed ?? global.seed ?? environmentNumber('FC_SEED') ?? Math.floor(Math.random() * 2 ** 31);
  const numRuns = options.runs ?? global.numRuns ?? environmentNumber('FC_RUNS') ?? defaultRuns;
  return { seed, numRuns, ...(options.path !== undefined && { path: options.path }) };
}

/** An environment variable as a number. There is no environment in a browser. */
function environmentNumber(name: string): number | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const text = process?.env?.[name];
  return text === undefined || text === '' ? undefined : Number(text);
}
