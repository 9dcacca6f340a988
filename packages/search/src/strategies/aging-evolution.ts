/** Regularized evolution: the oldest dies, so that luck does not live for ever. */
import { wholeFromOne, oneOf } from '../limits.ts';
import type { RandomStream } from '../random/random-stream.ts';
import { mutateOne } from '../space/mutate-one.ts';
import { mutationNames } from '../space/variation.ts';
import type { History } from '../study/history.ts';
import { rankTrials } from '../study/ranking.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import { freshProposal } from './fresh.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/** The options of {@link agingEvolution}. */
export interface AgingEvolutionOptions {
  /** How many trials live; as many random ones come first. Default 100. */
  readonly population: number;
  /** How many of those living a parent is the best of. Default 25. */
  readonly sample: number;
  /** How the parameter that changes gets its value: `resample` (the default), or `polynomial` for one near the old. */
  readonly mutation: 'resample' | 'polynomial';
}

/** The latest complete trials by number: who is older is dead. */
function living({ trials }: History, population: number): readonly TrialRecord[] {
  const members: TrialRecord[] = [];
  for (let index = trials.length - 1; index >= 0 && members.length < population; index -= 1) {
    const trial = trials[index];
    if (trial?.state === 'complete') members.push(trial);
  }
  return members;
}

/** So many of the items, each at most once. */
function sampleOf<Item>(items: readonly Item[], count: number, random: RandomStream): readonly Item[] {
  const left = [...items];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const at = random.below(left.length);
    const [taken] = left.splice(at, 1);
    return taken;
  }).filter((item) => item !== undefined);
}

/**
 * Regularized evolution: the parent is the best of a sample of those living, its child differs in one parameter (or one
 * edit of a list or graph), and the oldest dies, however good. Ages count by trial number, and nobody waits for a
 * straggler: a child is bred from whoever is complete. With `sample` = `population` it is greedy, with 1 it drifts.
 *
 * Source: Real et al., "Regularized evolution for image classifier architecture search", AAAI 2019, with its defaults.
 */
export const agingEvolution: StrategyFactory<AgingEvolutionOptions> = defineStrategy<AgingEvolutionOptions>({
  name: 'aging-evolution',
  defaults: { population: 100, sample: 25, mutation: 'resample' },
  limits: { population: wholeFromOne, sample: wholeFromOne, mutation: oneOf(mutationNames) },
  decide: (input, { population, sample, mutation }) => {
    const { space, history } = input;
    const members = history.trials.length < population ? [] : living(history, population);
    return freshProposal(input, (random) => {
      const drawn = sampleOf(members, sample, random.at('sample'));
      const parent = rankTrials(drawn, history.criteria)[0];
      if (parent === undefined) return undefined;
      const config = mutateOne(space, parent.config, random.at('mutate'), mutation);
      return { config, origin: { operator: 'mutation', parents: [parent.number] } };
    });
  },
});
