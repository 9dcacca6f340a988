/** BOHB: Hyperband whose new configs come from kernel densities of the good and the bad. */
import { checkRungs, hyperbandBrackets, rungLimits, rungSteps, type RungOptions } from '../../early-stopping/rungs.ts';
import { part } from '../../limits.ts';
import type { RandomStream } from '../../random/random-stream.ts';
import type { ConfigObject } from '../../space/node.ts';
import { atStep } from '../../study/at-step.ts';
import { rankTrials } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { firstFresh, freshSample } from '../fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from '../strategy.ts';
import { runBrackets } from './brackets.ts';
import { groupsOf, stepOf } from './groups.ts';
import { drawConfig, kernelDensity, logDensity } from './kernel-density.ts';
import { modelStep } from './sampler.ts';

/** How many trials a density is made of at most, so that a long study stays fast. */
const mostKernels = 128;

/** The options of {@link bohb}. */
export interface BohbOptions extends RungOptions {
  /** The steps that a trial trains before it is first compared. Default 1. */
  readonly min: number;
  /** The steps that the best train. Default 81. */
  readonly max: number;
  /** One of so many trials goes on at each rung. Default 3. */
  readonly eta: number;
  /** The part of the trials that count as good. Default 0.15. */
  readonly topFraction: number;
  /** How many candidates a config is the most promising of. Default 64. */
  readonly candidates: number;
  /** How likely a config is drawn at random all the same. Default 1/3. */
  readonly randomFraction: number;
  /** By how much the kernels that candidates are drawn from are wider. Default 3. */
  readonly bandwidthFactor: number;
  /** The least width of a kernel, as a part of the range. Default 0.001. */
  readonly minBandwidth: number;
}

/** The candidate that the good make most likely against the bad. */
function promising(
  { space }: StrategyInput,
  good: readonly ConfigObject[],
  bad: readonly ConfigObject[],
  { candidates, bandwidthFactor, minBandwidth }: BohbOptions,
  random: RandomStream,
): ConfigObject | undefined {
  const [better, worse] = [good, bad].map((configs) => kernelDensity(space, configs, minBandwidth));
  if (better === undefined || worse === undefined) return undefined;
  let [best, most]: [ConfigObject | undefined, number] = [undefined, -Infinity];
  for (let index = 0; index < candidates; index += 1) {
    const config = drawConfig(space, better, bandwidthFactor, random.at(`candidate ${index}`));
    const flat = space.flatten(config);
    const gain = logDensity(better, flat) - logDensity(worse, flat);
    if (best === undefined || gain > most) [best, most] = [config, gain];
  }
  return best;
}

function sample(input: StrategyInput, steps: readonly number[], options: BohbOptions): Decision {
  const { space, history, random } = input;
  const fewest = space.parameters().size + 1;
  const step = modelStep(history, steps, fewest + 2);
  const { criteria } = history;
  const told: TrialRecord[] = [];
  const failed: TrialRecord[] = [];
  for (const [own, group] of groupsOf(history, stepOf)) {
    for (const trial of group) {
      const there = atStep(trial, step, criteria) ?? trial;
      if (trial.state === 'failed') failed.push(trial);
      else if (there.state === 'complete' && (own === 0 || own >= step)) told.push(there);
    }
  }
  if (told.length >= fewest + 2 && !random.at('random?').chance(options.randomFraction)) {
    const ranked = rankTrials(told, criteria);
    const configs = [...ranked, ...failed].map(({ config }) => config);
    const top = configs.slice(0, Math.max(fewest, Math.ceil(options.topFraction * ranked.length)));
    const rest = configs.slice(-Math.max(fewest, configs.length - top.length));
    const good = top.slice(0, mostKernels);
    const bad = rest.filter((_, index) => index % Math.ceil(rest.length / mostKernels) === 0);
    const fresh = firstFresh(input, (stream) => {
      const config = promising(input, good, bad, options, stream);
      return config === undefined ? undefined : { config };
    });
    if (fresh !== undefined) return { type: 'try', config: fresh.config, origin: { operator: 'density', model: step } };
  }
  return freshSample(input);
}

/**
 * BOHB: Hyperband whose configs come from a model: of some candidates drawn near the good trials, the one that kernel
 * densities of good and bad trials tell apart most. The model learns from the largest step that enough trials have come
 * to: from the best 128 of the good, and 128 of the bad spread evenly over their ranks, where there are more. Those that
 * failed, at whatever step, are the worst of the bad.
 *
 * Source: Falkner, Klein, Hutter, "BOHB: robust and efficient hyperparameter optimization at scale", ICML 2018, with its
 * defaults; a parameter's kernel counts where the parameter is active.
 */
export const bohb: StrategyFactory<BohbOptions> = defineStrategy<BohbOptions>({
  name: 'bohb',
  defaults: {
    min: 1,
    max: 81,
    eta: 3,
    topFraction: 0.15,
    candidates: 64,
    randomFraction: 1 / 3,
    bandwidthFactor: 3,
    minBandwidth: 1e-3,
  },
  limits: { ...rungLimits, topFraction: part, randomFraction: part },
  check: (options) => {
    for (const name of ['candidates', 'bandwidthFactor', 'minBandwidth'] as const) {
      if (!(options[name] > 0)) return `${name} is ${options[name]}: give a positive number`;
    }
    return checkRungs(options);
  },
  decide: (input, options) => {
    const steps = rungSteps(options);
    return runBrackets(input, {
      brackets: hyperbandBrackets(options),
      waits: false,
      sample: () => sample(input, steps, options),
    });
  },
});
