/** Random search, which every other strategy has to beat. */
import { freshSample } from './fresh.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/**
 * Random search: every parameter from its own distribution, without repeating a config. Trial n depends on the seed
 * and n alone (until configs of a finite space repeat), so any number of workers tries the same configs.
 *
 * Source: Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 2012.
 */
export const random: StrategyFactory<Record<never, never>> = defineStrategy({
  name: 'random',
  defaults: {},
  decide: (input) => freshSample(input),
});
