/** A genetic algorithm without generations, for spaces of every kind. */
import { wholeFromOne, oneOf, orNull, part, wholeFrom } from '../limits.ts';
import type { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import { editSequence } from '../space/edits.ts';
import { crossoverNames, mutate, mutationNames, recombine, type Crossover, type Mutation } from '../space/variation.ts';
import { rankTrials } from '../study/ranking.ts';
import type { Origin, TrialRecord } from '../study/trial-record.ts';
import { distance } from '../space/distance.ts';
import type { Space } from '../space/space.ts';
import { freshProposal, freshSample } from './fresh.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from './strategy.ts';

/** The options of {@link genetic}. */
export interface GeneticOptions {
  /** How many trials can be parents; as many random ones come first. Default 20. */
  readonly population: number;
  /** How many of the population are the best trials ever; the others are the latest. Default: half. */
  readonly elitism: number | null;
  /** How many candidates a parent is the best of. Default 4. */
  readonly tournament: number;
  /** How likely a child has two parents rather than one. Default 0.9. */
  readonly crossoverProbability: number;
  /** How likely each parameter of a child mutates. Default: 1 / number of active parameters. */
  readonly mutationProbability: number | null;
  /** How two parents make a child: `uniform` (the default), `one-point`, or `sbx` for simulated binary crossover. */
  readonly crossover: Crossover;
  /** How a parameter mutates: `polynomial` (the default), near its old value, or `resample`, anywhere. */
  readonly mutation: Mutation;
  /**
   * The distance, a part of the greatest possible, within which members share their rank and few are of the elite, so
   * that several optima keep their own. Default 0: none share.
   */
  readonly nicheRadius: number;
}

/** How many niches the elite has at least, if there are as many. */
const nichesOfElite = 4;

/**
 * The best, but within a radius only so many of them that several niches have some.
 *
 * Source: Pétrowski, "A clearing procedure as a niching method for genetic algorithms", ICEC 1996.
 */
function cleared(best: readonly TrialRecord[], size: number, space: Space, radius: number): readonly TrialRecord[] {
  const most = Math.ceil(size / nichesOfElite);
  const chosen: { readonly trial: TrialRecord; readonly flat: ReturnType<Space['flatten']> }[] = [];
  for (const trial of best) {
    if (chosen.length === size) break;
    const flat = space.flatten(trial.config);
    if (chosen.filter((other) => distance(flat, other.flat) < radius).length < most) chosen.push({ trial, flat });
  }
  return chosen.map(({ trial }) => trial);
}

/** The population, best first: the elite, and the latest of the others. */
function populationOf(
  { history, space }: StrategyInput,
  { population: size, elitism, nicheRadius }: GeneticOptions,
): readonly TrialRecord[] {
  const { trials, criteria } = history;
  const most = elitism ?? Math.ceil(size / 2);
  const elite = nicheRadius > 0 ? cleared(history.best(10 * most), most, space, nicheRadius) : history.best(most);
  const known = new Set(elite);
  const others: TrialRecord[] = [];
  for (let index = trials.length - 1; index >= 0 && elite.length + others.length < size; index -= 1) {
    const trial = trials[index];
    if (trial?.state === 'complete' && !known.has(trial)) others.push(trial);
  }
  return [...elite, ...rankTrials(others, criteria)];
}

/**
 * Members reordered by what is left of their rank when those near each other share it.
 *
 * Source: Goldberg and Richardson, "Genetic algorithms with sharing for multimodal function optimization", 1987, the
 * fitness being the rank.
 */
function shared(members: readonly TrialRecord[], space: Space, radius: number): readonly TrialRecord[] {
  const flats = members.map(({ config }) => space.flatten(config));
  const fitness = flats.map((flat, place) => {
    const crowd = flats.reduce((sum, other) => sum + Math.max(0, 1 - distance(flat, other) / radius), 0);
    return (members.length - place) / crowd;
  });
  const order = members.map((_, index) => index).toSorted((a, b) => (fitness[b] ?? 0) - (fitness[a] ?? 0) || a - b);
  return order.flatMap((index) => members[index] ?? []);
}

/** The best of a few members picked at random. */
function tournamentWinner(
  members: readonly TrialRecord[],
  size: number,
  random: RandomStream,
): TrialRecord | undefined {
  let place = members.length;
  for (let round = 0; round < size; round += 1) place = Math.min(place, random.below(members.length));
  return members[place];
}

interface Child {
  readonly config: ConfigObject;
  readonly origin: Origin;
}

function makeChild(
  { space }: StrategyInput,
  members: readonly TrialRecord[],
  { tournament, crossoverProbability, mutationProbability, crossover, mutation }: GeneticOptions,
  random: RandomStream,
): Child | undefined {
  const selection = random.at('select');
  const first = tournamentWinner(members, tournament, selection);
  const second = tournamentWinner(members, tournament, selection);
  if (first === undefined || second === undefined) return undefined;
  const crossed = first !== second && random.at('cross?').chance(crossoverProbability);
  const base = crossed ? recombine(crossover, space, first.config, second.config, random.at('cross')) : first.config;
  const options = { kind: mutation, ...(mutationProbability === null ? {} : { probability: mutationProbability }) };
  // Half of the children of a space with lists or graphs have one of those edited as a whole.
  const edited = random.at('edit?').chance(0.5) ? editSequence(space, base, random.at('edit')) : undefined;
  return {
    config: edited ?? mutate(space, base, random.at('mutate'), options),
    origin: {
      operator: crossed ? 'crossover' : 'mutation',
      parents: crossed ? [first.number, second.number] : [first.number],
    },
  };
}

function decide(input: StrategyInput, options: GeneticOptions): Decision {
  const { history, space } = input;
  const { population, nicheRadius } = options;
  if (history.trials.length < population || history.best(1).length === 0) {
    return freshSample(input);
  }
  const best = populationOf(input, options);
  const members = nicheRadius > 0 ? shared(best, space, nicheRadius) : best;
  return freshProposal(input, (random) => makeChild(input, members, options, random));
}

/**
 * A steady-state genetic algorithm: each child comes from parents that won tournaments among the elite and the latest
 * trials, by crossover and mutation. No worker waits for a generation to end. With elitism at 1 or
 * more the best trial is always a possible parent; at 0 the population ages, as in regularized evolution. Several
 * objectives are ranked as by NSGA-II: constraints, fronts, crowding.
 *
 * Source: Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEC 2002, for ranking and
 * variation; Real et al., "Regularized evolution for image classifier architecture search", AAAI 2019, for ageing.
 */
export const genetic: StrategyFactory<GeneticOptions> = defineStrategy<GeneticOptions>({
  name: 'genetic',
  defaults: {
    population: 20,
    elitism: null,
    tournament: 4,
    crossoverProbability: 0.9,
    mutationProbability: null,
    crossover: 'uniform',
    mutation: 'polynomial',
    nicheRadius: 0,
  },
  limits: {
    population: wholeFromOne,
    elitism: orNull(wholeFrom(0)),
    tournament: wholeFromOne,
    crossoverProbability: part,
    mutationProbability: orNull(part),
    crossover: oneOf(crossoverNames),
    mutation: oneOf(mutationNames),
    nicheRadius: part,
  },
  check: ({ elitism, population }) =>
    (elitism ?? 0) > population
      ? `elitism is ${elitism}: give a whole number from 0 to the population, ${population}`
      : undefined,
  decide,
});
