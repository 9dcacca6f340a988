/** Races: repeats of the best configs, until luck and merit can be told apart. */
import { quote } from '../checked/quote.ts';
import { ValueError } from '../errors.ts';
import type { ConfigObject } from '../space/node.ts';
import { ascending, losses, totalViolation } from './ranking.ts';
import type { ObjectiveFunction, RunOptions } from './run-options.ts';
import type { Study } from './study.ts';
import type { TrialRecord } from './trial-record.ts';

/** How a race is run. */
export interface RaceOptions<Config extends ConfigObject = ConfigObject> extends Pick<
  RunOptions<Config>,
  'workers' | 'lease' | 'timeout' | 'onEvent' | 'signal'
> {
  /** How many of the best configs take part. Default 5. */
  readonly top?: number;
  /** How many results each config has at the end, the one it was chosen by included. Default 5. */
  readonly repeats?: number;
  /** How sure it must be that another config is better before one drops out, in standard errors. Default 2. */
  readonly confidence?: number;
}

/** How a config did in a race. */
export interface RaceEntry<Config extends ConfigObject = ConfigObject> {
  readonly config: Config;
  /** Its trials, each with another seed. */
  readonly trials: readonly number[];
  /** The mean of the objective over its repeats: the result that it was chosen by is likely to be a lucky one. */
  readonly mean: number;
  /** The standard error of the mean; Infinity with a single repeat, 0 when one failed. */
  readonly error: number;
  /** Whether it was still in the race at the end. */
  readonly finished: boolean;
}

interface Runner {
  readonly key: string;
  readonly best: TrialRecord;
  dropped: boolean;
}

interface Score {
  readonly trials: readonly TrialRecord[];
  readonly mean: number;
  readonly error: number;
}

/** Mean and standard error of the losses of a config's repeats; a failed or infeasible one counts as infinitely bad. */
function scoreOf({ best }: Runner, trials: readonly TrialRecord[], { criteria }: Pick<Study, 'criteria'>): Score {
  const repeats = trials.filter(({ number }) => number !== best.number);
  const values = (repeats.length > 0 ? repeats : trials).map((trial) =>
    trial.state === 'complete' && totalViolation(trial, criteria) === 0
      ? (losses(trial, criteria)[0] ?? Infinity)
      : Infinity,
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (mean === Infinity) return { trials, mean, error: 0 };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { trials, mean, error: values.length < 2 ? Infinity : Math.sqrt(variance / values.length) };
}

/**
 * Repeats the best configs of a study with other seeds before a winner is named: of many noisy results the best is
 * lucky rather than good. Round by round each config that is left gets another trial, and those drop out whose mean is
 * worse than the best one's by more than the errors of both allow. Repeats are trials of the study like any other, so
 * a race that was killed goes on where it was. The entries come best first.
 *
 * Source: Birattari et al., "A racing algorithm for configuring metaheuristics", GECCO 2002; configs under repeats as
 * in Hutter, Hoos, Leyton-Brown, "Sequential model-based optimization for general algorithm configuration", LION 2011.
 * @throws {ValueError} when a number is out of range, or the study has several objectives.
 */
export async function race<Config extends ConfigObject, Metric extends string>(
  study: Study<Config, Metric>,
  objective: ObjectiveFunction<Config, Metric>,
  options: RaceOptions<Config> = {},
): Promise<readonly RaceEntry<Config>[]> {
  const { top = 5, repeats = 5, confidence = 2, ...run } = options;
  for (const [name, value] of Object.entries({ top, repeats })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`race: ${name} is ${quote(value)}: give a whole number from 1`);
  }
  if (!(confidence > 0)) throw new ValueError(`race: confidence is ${quote(confidence)}: give a positive number`);
  if (study.criteria.objectives.length !== 1) {
    throw new ValueError(`race: '${study.name}' has several objectives, of which none decides: race one of them`);
  }
  await study.sync();
  const runners: Runner[] = [];
  for (const trial of study.history.ranked) {
    const key = study.space.key(trial.config as Config);
    if (runners.length < top && !runners.some((runner) => runner.key === key))
      runners.push({ key, best: trial, dropped: false });
  }
  const trialsOf = ({ key }: Runner): readonly TrialRecord<Config>[] =>
    study.trials.filter(({ config }) => study.space.key(config) === key);
  const finishedOf = (runner: Runner): readonly TrialRecord<Config>[] =>
    trialsOf(runner).filter(({ state }) => state === 'complete' || state === 'failed');
  for (let round = 2; runners.length > 0 && round <= repeats && run.signal?.aborted !== true; round += 1) {
    const left = runners.filter(({ dropped }) => !dropped);
    const behind = left.filter((runner) => trialsOf(runner).length < round);
    if (behind.length > 0) await study.enqueue(...behind.map(({ best }) => best.config as Config));
    await study.run(objective, { ...run, stop: [nothingWaits] });
    const scores = left.map((runner) => ({ runner, ...scoreOf(runner, finishedOf(runner), study) }));
    const lead = scores.reduce((best, score) => (score.mean < best.mean ? score : best));
    for (const { runner, mean, error } of scores) {
      runner.dropped = mean - lead.mean > confidence * Math.hypot(error, lead.error);
    }
  }
  const sign = study.criteria.objectives[0]?.direction === 'maximize' ? -1 : 1;
  return runners
    .map((runner) => ({ runner, ...scoreOf(runner, finishedOf(runner), study) }))
    .toSorted((a, b) => Number(a.runner.dropped) - Number(b.runner.dropped) || ascending(a.mean, b.mean))
    .map(({ runner, trials, mean, error }) => ({
      config: runner.best.config as Config,
      trials: trials.map(({ number }) => number),
      mean: sign * mean,
      error,
      finished: !runner.dropped,
    }));
}

/** Ends a run once every trial that was queued is in hand. */
const nothingWaits = {
  name: 'repeats',
  check: ({ history }: { readonly history: Study['history'] }) => {
    const { waiting } = history;
    return { fired: waiting === 0, progress: 0, message: `${waiting} repeats to go` };
  },
};
