/**
 * Tries a config by an objective of the user's, which may throw, hang or answer nonsense: something always comes of it.
 */
import { alarm } from '../timers.ts';
import type { ConfigObject } from '../space/node.ts';
import { TrialFailure, endingOfError, isTrialFailure, isTrialPruned, type Outcome } from './outcome.ts';
import type { ObjectiveFunction } from './run-options.ts';
import type { Trial } from './trial.ts';

/** The outcome of an objective, errors included. */
async function attempt<Config extends ConfigObject, Metric extends string>(
  objective: ObjectiveFunction<Config, Metric>,
  trial: Trial<Config>,
): Promise<Outcome<Metric>> {
  try {
    return await objective(trial);
  } catch (error) {
    if (isTrialPruned(error) || isTrialFailure(error)) return error;
    const { failure } = endingOfError(error);
    return new TrialFailure(failure?.kind ?? 'crash', failure?.message ?? '');
  }
}

/** The outcome of an objective, or a failure when it takes more than so many seconds; what it answers later is dropped. */
export async function attemptWithin<Config extends ConfigObject, Metric extends string>(
  objective: ObjectiveFunction<Config, Metric>,
  trial: Trial<Config>,
  seconds: number | undefined,
): Promise<Outcome<Metric>> {
  if (seconds === undefined) return attempt(objective, trial);
  const timer = alarm(seconds * 1000);
  try {
    const late = timer.rings.then((): Outcome<Metric> => {
      trial.expire();
      return new TrialFailure('timeout', `it took longer than ${seconds} seconds`);
    });
    return await Promise.race([attempt(objective, trial), late]);
  } finally {
    timer.cancel();
  }
}
