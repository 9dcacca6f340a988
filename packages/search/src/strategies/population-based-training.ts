/** Population-based training: a search for schedules, within one training. */
import { countFrom, numbers, part, wholeFromOne } from '../limits.ts';
import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import type { ParameterValue, NumberParameter } from '../space/parameter.ts';
import { fromUnit, gridIndex, gridValue, toUnit } from '../space/number-scale.ts';
import { sampleParameter, type Space } from '../space/space.ts';
import { atStep } from '../study/at-step.ts';
import { rankTrials } from '../study/ranking.ts';
import { isFinished, type TrialRecord } from '../study/trial-record.ts';
import { freshSample } from './fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from './strategy.ts';

/** The options of {@link populationBasedTraining}. */
export interface PopulationBasedTrainingOptions {
  /** How many members train side by side. Default 10. */
  readonly population: number;
  /** The steps between a member's looks at the others. Default 1. */
  readonly interval: number;
  /** The steps after which a member is complete. Default 20. */
  readonly max: number;
  /** The part of members at the bottom that give up, and at the top that they go on from. Default 0.25. */
  readonly quantile: number;
  /** How likely a parameter is drawn anew when a member gives up; else it is perturbed. Default 0.25. */
  readonly resampleProbability: number;
  /** What a perturbed number is multiplied by, one or the other. Default [1.2, 0.8]. */
  readonly factors: readonly number[];
}

/** A number times a factor, within its range; on a grid at least one step away, where there is one. */
function perturbed(parameter: NumberParameter, value: number, factor: number): number {
  const wanted = Math.min(parameter.high, Math.max(parameter.low, value * factor));
  if (parameter.step === undefined) return fromUnit(parameter, toUnit(parameter, wanted));
  const moved = gridValue(parameter, gridIndex(parameter, wanted));
  if (moved !== value) return moved;
  return gridValue(parameter, gridIndex(parameter, value + (factor > 1 ? parameter.step : -parameter.step)));
}

function explore(
  space: Space,
  config: ConfigObject,
  { resampleProbability, factors }: PopulationBasedTrainingOptions,
  random: RandomStream,
): ConfigObject {
  const flat = space.flatten(config);
  return space.build((path, parameter): ParameterValue => {
    const own = random.at(path);
    const value = flat.get(path)?.value;
    if (value === undefined || own.chance(resampleProbability)) return sampleParameter(parameter, own);
    return parameter.kind === 'choice' ? value : perturbed(parameter, Number(value), own.pick(factors) ?? 1);
  });
}

/** A member of the population: the trial that goes on for it now, as of where it last told. */
interface Member {
  readonly trial: TrialRecord;
  readonly last?: TrialRecord;
}

/** The latest trial of each member. */
function membersOf(
  { history }: StrategyInput,
  { interval }: PopulationBasedTrainingOptions,
): ReadonlyMap<number, Member> {
  const members = new Map<number, Member>();
  for (const trial of history.trials) {
    const member = trial.origin['member'];
    if (typeof member !== 'number') continue;
    const { step = 0 } = trial.budget ?? {};
    // While it is running, what it told before counts.
    const told = isFinished(trial) || trial.state === 'paused' ? step : step - interval;
    const last = told > 0 ? atStep(trial, told, history.criteria) : undefined;
    members.set(member, last === undefined ? { trial } : { trial, last });
  }
  return members;
}

function stepOf({ trial }: Member): number {
  return trial.budget?.step ?? 0;
}

function decide(input: StrategyInput, options: PopulationBasedTrainingOptions): Decision {
  const { space, history, random } = input;
  const { population, interval, max, quantile } = options;
  const until = (step: number): { readonly step: number; readonly last: boolean } => ({
    step: Math.min(max, step),
    last: step >= max,
  });
  const members = membersOf(input, options);
  const missing = Array.from({ length: population }, (_, member) => member).find((member) => !members.has(member));
  if (missing !== undefined) {
    const first = freshSample(input, { operator: 'sample', member: missing });
    if (first.type === 'try') return { ...first, budget: until(interval) };
    if (members.size === 0) return first;
  }
  const ranked = rankTrials(
    [...members.values()].flatMap(({ last }) => last ?? []),
    history.criteria,
  ).map(({ number }) => number);
  const edge = quantile === 0 ? 0 : Math.max(1, Math.floor(quantile * ranked.length));
  const top = ranked.slice(0, edge);
  const bottom = new Set(ranked.slice(ranked.length - edge).filter((number) => !top.includes(number)));
  let reason = `all ${members.size} members of the population have trained ${max} steps`;
  // Who has trained least goes first, so that few workers take turns among all members.
  const inTurn = [...members].toSorted(([, a], [, b]) => stepOf(a) - stepOf(b) || a.trial.number - b.trial.number);
  for (const [member, { trial }] of inTurn) {
    const failed = trial.state === 'failed' || trial.state === 'pruned';
    if (trial.state !== 'paused' && !failed) continue;
    const donor = failed || bottom.has(trial.number) ? random.at('exploit').pick(top) : undefined;
    const from = [...members.values()].find((other) => other.trial.number === donor)?.trial;
    // Of who saves nothing a clone would begin at 0, where it is the last again.
    if (from?.checkpoint !== undefined) {
      const config = explore(space, from.config, options, random.at('explore'));
      const origin = { operator: 'exploit', parents: [from.number], member, replaces: trial.number };
      const begun = Math.min(from.checkpoint.step, max - 1);
      return { type: 'try', config, origin, inherits: from.number, budget: until(begun + interval) };
    }
    if (!failed) {
      return { type: 'resume', trial: trial.number, budget: until((trial.budget?.step ?? 0) + interval) };
    }
    const fresh = freshSample(input, { operator: 'sample', member, replaces: trial.number });
    if (fresh.type === 'try') return { ...fresh, budget: until(interval) };
    if (fresh.type === 'exhausted') ({ reason } = fresh);
  }
  const running = [...members.values()].some(({ trial }) => !isFinished(trial) && trial.state !== 'paused');
  return running
    ? { type: 'wait', reason: 'every member of the population is running' }
    : { type: 'exhausted', reason };
}

/**
 * Population-based training: members train side by side; after every interval one that is among the worst goes on from a
 * copy of one of the best, its checkpoint included, with parameters perturbed or drawn anew. So the parameters of a run
 * change while it trains. Each member ends at `max` steps; `origin` tells the lineage: the member, the parent that a clone
 * goes on from, and the trial it replaces, which stays paused. Nobody waits for stragglers: members are compared by where
 * each last told. The objective must save checkpoints and go on from `trial.checkpoint`: nobody goes on from a member that
 * has none. A new config takes the place of a member that failed where there is nobody to go on from.
 *
 * Source: Jaderberg et al., "Population based training of neural networks", 2017 (truncation selection).
 */
export const populationBasedTraining: StrategyFactory<PopulationBasedTrainingOptions> =
  defineStrategy<PopulationBasedTrainingOptions>({
    name: 'population-based-training',
    defaults: { population: 10, interval: 1, max: 20, quantile: 0.25, resampleProbability: 0.25, factors: [1.2, 0.8] },
    limits: {
      population: wholeFromOne,
      interval: countFrom(1),
      max: countFrom(1),
      resampleProbability: part,
      factors: numbers,
    },
    check: ({ quantile, factors }) => {
      if (!(quantile >= 0 && quantile <= 0.5)) return `quantile is ${quantile}: give a number from 0 to 0.5`;
      return factors.length > 0 && factors.every((factor) => factor > 0)
        ? undefined
        : `factors are [${factors.join(', ')}]: give positive numbers`;
    },
    decide,
  });
