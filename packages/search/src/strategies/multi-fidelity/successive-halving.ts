/** Successive halving, its asynchronous form, and Hyperband, as strategies that pause trials and let the best go on. */
import { checkRungs, hyperbandBrackets, rungLimits, rungSteps, type RungOptions } from '../../early-stopping/rungs.ts';
import { countFrom, orNull } from '../../limits.ts';
import { defineStrategy, type StrategyFactory, type StrategyInput, type Decision } from '../strategy.ts';
import { bestPaused, budgetOf, enter, rungAt, rungOf, runBrackets } from './brackets.ts';
import { groupsOf, movingOf, stepOf } from './groups.ts';
import { checkSampler, sampleWith, type SamplerOption } from './sampler.ts';

/** The options of {@link asha} and {@link hyperband}. */
export interface HalvingOptions extends RungOptions {
  /** The steps that a trial trains before it is first compared. Default 1. */
  readonly min: number;
  /** The steps that the best train. Default 81. */
  readonly max: number;
  /** One of so many trials goes on at each rung. Default 3. */
  readonly eta: number;
  /** Where configs come from: the name and options of another built-in strategy. Default `{ name: 'random' }`. */
  readonly sampler: SamplerOption;
}

/** The options of {@link successiveHalving}. */
export interface SuccessiveHalvingOptions extends HalvingOptions {
  /** How many trials begin together. Default: as many as bring one to `max`. */
  readonly trials: number | null;
}

const defaults: HalvingOptions = { min: 1, max: 81, eta: 3, sampler: { name: 'random' } };

/** Complains of options that halve nothing. */
function check(options: HalvingOptions): string | undefined {
  return checkRungs(options) ?? checkSampler(options.sampler);
}

/**
 * Successive halving: so many trials train a little; the best 1/eta of them go on from where they paused to eta times as
 * many steps, and so on up to `max`; then the next round begins. A rung waits until all of it are there, which leaves
 * workers idle: see `asha`.
 *
 * Source: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016.
 */
export const successiveHalving: StrategyFactory<SuccessiveHalvingOptions> = defineStrategy<SuccessiveHalvingOptions>({
  name: 'successive-halving',
  defaults: { ...defaults, trials: null },
  limits: { ...rungLimits, trials: orNull(countFrom(1)) },
  check,
  decide: (input, options) => {
    const steps = rungSteps(options);
    const first = options.trials ?? options.eta ** (steps.length - 1);
    const counts = steps.map((_, rung) => Math.floor(first / options.eta ** rung));
    return runBrackets(input, {
      brackets: [{ steps, counts }],
      waits: true,
      sample: () => sampleWith(options.sampler, input, steps),
    });
  },
});

/**
 * Asynchronous successive halving: whenever a worker is free, the best paused trial of the highest rung that has room goes
 * on, where room is for 1/eta of the trials that came to the rung; when no rung has room, a new trial begins. Nobody ever
 * waits for a straggler.
 *
 * Source: Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020. A trial that went on keeps its
 * place, so a rung never sends on more than floor(n / eta).
 */
export const asha: StrategyFactory<HalvingOptions> = defineStrategy<HalvingOptions>({
  name: 'asha',
  defaults,
  limits: rungLimits,
  check,
  decide: (input, options) => decideAsha(input, options),
});

function decideAsha(input: StrategyInput, { sampler, ...options }: HalvingOptions): Decision {
  const { history } = input;
  const steps = rungSteps(options);
  const groups = groupsOf(history, stepOf);
  const onTheirWay = (groupsOf(history, movingOf).get(1) ?? []).filter(({ budget }) => budget !== undefined);
  const counts = steps.map(() => 0);
  for (const [step, group] of groups) {
    const rung = rungAt(step, steps);
    if (step > 0 && rung >= 0) counts[rung] = (counts[rung] ?? 0) + group.length;
  }
  let promoted = counts.at(-1) ?? 0;
  for (let rung = steps.length - 2; rung >= 0; rung -= 1) {
    const there = (counts[rung] ?? 0) - onTheirWay.filter((trial) => rungOf(trial, steps) === rung).length;
    if (promoted < Math.floor((promoted + there) / options.eta)) {
      const step = steps[rung] ?? 0;
      const best = bestPaused(groups.get(step) ?? [], step, history);
      if (best !== undefined) return { type: 'resume', trial: best.number, budget: budgetOf(steps, rung + 1) };
    }
    promoted += counts[rung] ?? 0;
  }
  const next = enter(sampleWith(sampler, input, steps), { steps, counts: [] }, { rung: 0 });
  if (next.type !== 'exhausted' || onTheirWay.length === 0) return next;
  return { type: 'wait', reason: `${next.reason}, and trials are running that may go on` };
}

/**
 * Hyperband: brackets of successive halving, from many trials that train little to few that train long, so that neither
 * guess about how soon a trial shows its worth has to be right. The brackets of `hyperbandBrackets` follow each other
 * again and again; the next begins while trials of one are awaited, so workers are not idle.
 *
 * Source: Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 2018.
 */
export const hyperband: StrategyFactory<HalvingOptions> = defineStrategy<HalvingOptions>({
  name: 'hyperband',
  defaults,
  limits: rungLimits,
  check,
  decide: (input, options) =>
    runBrackets(input, {
      brackets: hyperbandBrackets(options),
      waits: false,
      sample: () => sampleWith(options.sampler, input, rungSteps(options)),
    }),
});
