/** NSGA-III: generations selected by front and reference direction, for three objectives and more. */
import { wholeFromOne, orNull } from '../limits.ts';
import { dasDennis, divisionsFor } from '../multi-objective/reference-directions.ts';
import { evolutionLimits, evolutionOf, evolve, offspringOf, type Evolution } from './nsga/generations.ts';
import { surviveByNiches } from './nsga/niching.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/** The options of {@link nsga3}. */
export interface Nsga3Options {
  /** How many trials the first generation has, and how many survive of each. Default 100. */
  readonly population: number;
  /** How many children each later generation has. Default: a quarter of the population, rounded up. */
  readonly offspring: number | null;
  /** Into how many parts the reference directions divide each objective. Default: as many as give at most `population`. */
  readonly divisions: number | null;
  /** How likely a child has two parents rather than one. Default 0.9. */
  readonly crossoverProbability: number;
  /** The distribution index of simulated binary crossover; larger is nearer to the parents. Default 30. */
  readonly crossoverEta: number;
  /** How likely each parameter mutates. Default: 1 / number of active parameters. */
  readonly mutationProbability: number | null;
  /** The distribution index of polynomial mutation. Default 20. */
  readonly mutationEta: number;
}

/**
 * The multi-objective genetic algorithm for three objectives and more: as `nsga2`, but the last front is thinned by
 * reference directions, spread evenly (Das and Dennis) over the front.
 *
 * Source: Deb and Jain, "An evolutionary many-objective optimization algorithm using reference-point-based nondominated
 * sorting approach, part I", IEEE TEC 2014.
 */
export const nsga3: StrategyFactory<Nsga3Options> = defineStrategy<Nsga3Options>({
  name: 'nsga3',
  defaults: {
    population: 100,
    offspring: null,
    divisions: null,
    crossoverProbability: 0.9,
    crossoverEta: 30,
    mutationProbability: null,
    mutationEta: 20,
  },
  limits: { ...evolutionLimits, divisions: orNull(wholeFromOne) },
  decide: (input, options) => {
    const { population, divisions } = options;
    const { criteria } = input.history;
    const make = (): Evolution => {
      const dimensions = criteria.objectives.length;
      const directions = dasDennis(dimensions, divisions ?? divisionsFor(dimensions, population));
      return {
        population,
        offspring: offspringOf(options),
        variation: options,
        survive: (members) => surviveByNiches(members, population, directions),
      };
    };
    return evolve(input, evolutionOf(options, criteria, make));
  },
});
