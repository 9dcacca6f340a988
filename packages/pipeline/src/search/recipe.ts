/** How to search, as a recipe says it. */
import { spaceProblem, type SpaceRecipe } from '../candidate/search-space.ts';
import { oneOf, optional, wholeNumber, type Fields } from '../fields.ts';

/** The strategies that a recipe can name: those that train each candidate once. */
export const recipeStrategies = [
  'random',
  'greedy',
  'genetic',
  'auto',
  'adaptive',
  'aging-evolution',
  'beam',
  'coordinate-descent',
  'sobol',
  'tpe',
] as const;

/** More folds than this take longer than they tell. */
export const mostFolds = 100;

/** How to search, and over what. */
export interface SearchRecipe {
  readonly strategy: (typeof recipeStrategies)[number];
  readonly trials: number;
  /** How many trials can be parents, for the genetic strategy; how many start a climb, for the greedy one. */
  readonly population: number;
  /** Training examples of a trial. */
  readonly images: number;
  readonly epochs: number;
  /** Candidates are judged by their mean over so many folds of the examples. Default: by one part of them. */
  readonly folds?: number | undefined;
  readonly space: SpaceRecipe;
}

/** What the options of a search may be. */
export const searchFields: Fields = {
  strategy: oneOf(recipeStrategies),
  trials: wholeNumber(1),
  population: wholeNumber(1),
  images: wholeNumber(1),
  epochs: wholeNumber(1, 10_000),
  folds: optional(wholeNumber(2, mostFolds)),
  space: { problemIn: spaceProblem },
};
