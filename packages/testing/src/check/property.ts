/** Runs one property over drawn cases and turns a failure into an error that a person can act on. */
import fc from 'fast-check';
import { CheckError } from '../errors.ts';
import { drawSettings, type CheckReport, type DrawOptions } from '../settings.ts';

/** A case that can describe itself in an error. */
export interface Describable {
  describe(): string;
}

/**
 * Draws cases and runs `holds` on each; a throw fails the check.
 * @throws {CheckError} with the smallest failing case that shrinking found, what was wrong with it, and the seed and
 * path that draw it again.
 */
export async function checkProperty<T extends Describable>(
  subject: string,
  cases: fc.Arbitrary<T>,
  holds: (drawn: T) => Promise<void>,
  options: DrawOptions,
  defaultRuns: number,
): Promise<CheckReport> {
  const settings = drawSettings(options, defaultRuns);
  const details = await fc.check(fc.asyncProperty(cases, holds), settings);
  if (!details.failed) return { cases: details.numRuns, seed: details.seed };
  const { errorInstance, counterexample, counterexamplePath, numRuns, numShrinks, seed } = details;
  const path = counterexamplePath ?? '';
  const [smallest] = counterexample ?? [];
  const reason = errorInstance instanceof Error ? errorInstance.message : fc.stringify(errorInstance);
  const message = [
    `${subject}: case ${numRuns} of ${settings.numRuns} does not hold; the smallest of ${numShrinks + 1} failing cases:`,
    ...(smallest ? [indent(smallest.describe())] : []),
    indent(reason),
    `Replay with FC_SEED=${seed}, or jump to it with { seed: ${seed}, path: '${path}' }.`,
  ].join('\n');
  throw new CheckError(subject, seed, path, message, errorInstance);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
