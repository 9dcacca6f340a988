/** NSGA-II: generations selected by front and crowding. */
import { surviveByCrowding } from './nsga/crowding.ts';
import { evolutionLimits, evolutionOf, evolve, offspringOf, type Evolution } from './nsga/generations.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/** The options of {@link nsga2}. */
export interface Nsga2Options {
  /** How many trials the first generation has, and how many survive of each. Default 100. */
  readonly population: number;
  /** How many children each later generation has. Default: a quarter of the population, rounded up. */
  readonly offspring: number | null;
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
 * thinned one by one. A generation has fewer children than parents, so that good ones soon breed in turn; it begins
 * although trials of the last are running, from those that have finished. Set `offspring` to the population for the
 * generations of the source.
 *
 * Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEC 2002; thinning after
 * Kukkonen and Deb, CEC 2006; small generations after Durillo et al., "On the effect of the steady-state selection
 * scheme in multi-objective genetic algorithms", EMO 2009.
 */
export const nsga2: StrategyFactory<Nsga2Options> = defineStrategy<Nsga2Options>({
  name: 'nsga2',
  defaults: {
    population: 100,
    offspring: null,
    crossoverProbability: 0.9,
    crossoverEta: 15,
    mutationProbability: null,
    mutationEta: 20,
  },
  limits: evolutionLimits,
  decide: (input, options) => {
    const { population } = options;
    const make = (): Evolution => ({
      population,
      offspring: offspringOf(options),
      variation: options,
      survive: (members) => surviveByCrowding(members, population),
    });
    return evolve(input, evolutionOf(options, input.history.criteria, make));
  },
});
