import {
  createStudy,
  maxTrials,
  type ConfigObject,
  type Space,
  type Strategy,
  type Study,
  type TrialRecord,
} from '@espalier/search';
import type { ClosedForm } from './functions.ts';

/** A study in memory, with one metric to minimise. */
export function studyOf<Config extends ConfigObject>(
  space: Space<Config>,
  strategy: Strategy,
  seed = 0,
): Promise<Study<Config, 'loss'>> {
  return createStudy({ name: 'test', space, objectives: ['minimize loss'], strategy, seed });
}

/** The losses above the minimum, by trial, of a strategy on a function. */
export async function regrets(form: ClosedForm, strategy: Strategy, seed: number, trials: number): Promise<number[]> {
  const study = await studyOf(form.space, strategy, seed);
  await study.run(({ config }) => form.value(config as never), { stop: [maxTrials(trials)] });
  return study.trials.map(({ metrics }) => (metrics['loss'] ?? Number.NaN) - form.minimum);
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** The smallest loss after each trial. */
export function bestSoFar(trials: readonly TrialRecord[]): readonly number[] {
  let best = Infinity;
  return trials.map(({ metrics }) => (best = Math.min(best, metrics['loss'] ?? Infinity)));
}
