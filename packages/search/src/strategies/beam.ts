/** Beam search: local search from several of the best at once. */
import { wholeFromOne, partsOfRange } from '../limits.ts';
import { mutateOne } from '../space/mutate-one.ts';
import { neighbours } from '../space/neighbours.ts';
import { freshProposal, freshSample } from './fresh.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/** The options of {@link beam}. */
export interface BeamOptions {
  /** How many of the best trials are searched around. Default 3. */
  readonly width: number;
  /** How many random configs come first. Default 10. */
  readonly initial: number;
  /** How far a number moves, as parts of its range; one of them at random. Default [0.2, 0.05, 0.0125, 0]. */
  readonly strides: readonly number[];
}

/**
 * Beam search: each trial is a neighbour, not tried before, of one of the best so far, which take turns by trial number.
 * With a width of 1 it is greedy; a wider beam keeps a way out of a local optimum.
 *
 * Source: the search of Google's model_search with a beam (2021); Lowerre, "The Harpy speech recognition system", 1976.
 */
export const beam: StrategyFactory<BeamOptions> = defineStrategy<BeamOptions>({
  name: 'beam',
  defaults: { width: 3, initial: 10, strides: [0.2, 0.05, 0.0125, 0] },
  limits: { width: wholeFromOne, initial: wholeFromOne, strides: partsOfRange },
  decide: (input, { width, initial, strides }) => {
    const { space, history, number } = input;
    const best = history.trials.length < initial ? [] : history.best(width);
    const parent = best[number % Math.max(1, best.length)];
    if (parent === undefined) return freshSample(input);
    return freshProposal(input, (random) => {
      const near = neighbours(space, parent.config, random.at('stride').pick(strides));
      const open = near.filter(({ config }) => input.duplicates !== 'avoid' || !history.tried.has(space.key(config)));
      const config = random.at('neighbour').pick(open)?.config ?? mutateOne(space, parent.config, random.at('mutate'));
      return { config, origin: { operator: 'step', parents: [parent.number] } };
    });
  },
});
