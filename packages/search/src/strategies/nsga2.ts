import { surviveByCrowding } from './nsga/crowding.ts';
import { checkVariation, evolutionOf, evolve } from './nsga/generations.ts';
import type { Evolution } from './nsga/generations.ts';
import { defineStrategy } from './strategy.ts';
import type { StrategyFactory } from './strategy.ts';

/** The options of {@link nsga2}. */
export interface Nsga2Options {
  /** How many trials a generation has, and how many of them survive. Default 100. */
  readonly population: number;
  /** How likely a child has two parents rather than one. Default 0.9. */
  readonly crossoverProbability: number;
  /** The distribution index of simulated binary crossover; larger is nearer to the parents. Default 15. */
  readonly crossoverEta: number;
  /** How likely each parameter mutates. Default: 1 / number of active parameters. */
  readonly mutationProbability: number | null;
  /** The distribution index of polynomial mutation. Default 20. */
  readonly mutationEta: number;
}

/**
 * The multi-objective genetic algorithm that others are measured by: fronts by constrained domination, the most alone of
 * the last front, binary tournaments, simulated binary crossover and polynomial mutation. The survivors of a front are
 * thinned one by one. Trial n belongs to generation floor(n / population); a generation begins although trials of the
 * last are running, from those that have finished.
 *
 * Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEC 2002; thinning after
 * Kukkonen and Deb, CEC 2006.
 */
export const nsga2: StrategyFactory<Nsga2Options> = defineStrategy<Nsga2Options>({
  name: 'nsga2',
  defaults: {
    population: 100,
    crossoverProbability: 0.9,
    crossoverEta: 15,
    mutationProbability: null,
    mutationEta: 20,
  },
  check: (options) => {
    const { population } = options;
    if (!Number.isSafeInteger(population) || population < 2) {
      return `population is ${population}: give a whole number from 2`;
    }
    return checkVariation(options);
  },
  decide: (input, options) => {
    const size = options.population;
    const make = (): Evolution => ({
      size,
      variation: options,
      survive: (members) => surviveByCrowding(members, size),
    });
    return evolve(input, evolutionOf(options, input.history.criteria, make));
  },
});
