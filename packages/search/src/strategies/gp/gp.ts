/** Bayesian optimization with a Gaussian process. */
import { wholeFromOne } from '../../limits.ts';
import { at } from '../../numeric/matrix.ts';
import { owenScramble, sobolDimensions, sobolWord } from '../../numeric/sobol.ts';
import type { RandomStream } from '../../random/random-stream.ts';
import type { Space } from '../../space/space.ts';
import { rankTrials } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';
import { freshSample } from '../fresh.ts';
import { scrambleSeed } from '../sobol.ts';
import { defineStrategy, type Decision, type StrategyFactory, type StrategyInput } from '../strategy.ts';
import { climb, logExpectedImprovement } from './acquisition.ts';
import { configOf, featuresOf, pointOf, pointOfCodes, type Features } from './features.ts';
import { observationsOf } from './observations.ts';
import { fit, posteriorOf, type Data, type Hyperparameters, type Posterior } from './process.ts';

/** The options of {@link gp}. */
export interface GpOptions {
  /** How many trials, spread evenly, come first. Default 10. */
  readonly initial: number;
  /** How many points are looked at before the best of them are improved on; fewer once trials are many. Default 1000. */
  readonly candidates: number;
}

/** How many of the candidates are improved on: fewer once each look costs more. */
function climbersFor(trials: number): number {
  return Math.max(2, Math.min(8, Math.floor(4e4 / trials ** 2)));
}

/** Hyperparameters, and the trials they were fitted to. */
interface Fit {
  readonly trials: readonly TrialRecord[];
  readonly hyper: Hyperparameters;
}

/** What goes for a space: its features, and what was fitted by the last of the trials it was fitted to. */
interface Memory {
  readonly features: Features;
  readonly fits: WeakMap<TrialRecord, Fit>;
}

const memories = new WeakMap<Space, Memory>();

function memoryOf(space: Space): Memory {
  const known = memories.get(space) ?? { features: featuresOf(space), fits: new WeakMap() };
  memories.set(space, known);
  return known;
}

/** How many of the finished trials hyperparameters are fitted to: all of few, and of many now and then. */
function fittedTo(finished: number): number {
  const [few, growth] = [60, 1.05];
  if (finished <= few) return finished;
  return Math.floor(few * growth ** Math.floor(Math.log(finished / few) / Math.log(growth)));
}

function hyperparametersOf({ space, history }: StrategyInput, { features, fits }: Memory): Hyperparameters {
  const { finished, criteria } = history;
  const trials = finished.slice(0, fittedTo(finished.length));
  const last = trials.at(-1);
  const known = last === undefined ? undefined : fits.get(last);
  // A record alone does not tell what came before it: that differs between the rungs of a study.
  if (known?.trials.every((trial, index) => trial === trials[index]) === true) return known.hyper;
  const hyper = fit(observationsOf(trials, rankTrials(trials, criteria), criteria, space, features), features.kinds);
  if (last !== undefined) fits.set(last, { trials, hyper });
  return hyper;
}

/** The most trials in hand that count: they cost as much as finished ones. */
const mostPending = 50;

/** The data with the trials in hand, as if they had come out as expected: that keeps workers apart. */
function withPending(data: Data, pending: readonly Float64Array[], hyper: Hyperparameters, { kinds }: Features): Data {
  if (pending.length === 0) return data;
  const posterior = posteriorOf(data, hyper, kinds);
  const believed = pending.map((point) => posterior.at(point).mean);
  return { points: [...data.points, ...pending], values: Float64Array.from([...data.values, ...believed]) };
}

/** Codes for every parameter: a scrambled Sobol point, or further dimensions at random. */
function spread({ parameters }: Features, index: number, seeds: readonly number[], random: RandomStream): Float64Array {
  return Float64Array.from(parameters, (parameter, dimension) => {
    const word =
      dimension < sobolDimensions ? owenScramble(sobolWord(index, dimension), seeds[dimension] ?? 0) : random.uint32();
    const position = word / 2 ** 32;
    return parameter.kind === 'choice' ? Math.floor(position * parameter.values.length) : position;
  });
}

/** The best trial's codes, and some near and nearer to it along its numbers. */
function around({ options }: Features, point: Float64Array, random: RandomStream): readonly Float64Array[] {
  const codes = point.map((code) => Math.max(0, code));
  const near = Array.from({ length: 24 }, (_, index) => {
    const reach = 0.1 ** (1 + (index % 3));
    return codes.map((code, coordinate) => {
      const moved = code + reach * (2 * random.uniform() - 1);
      return options[coordinate]?.length === 0 ? Math.min(1, Math.max(0, moved)) : code;
    });
  });
  return [codes, ...near];
}

/** Codes of all parameters, and the logarithm of the improvement to be expected there. */
interface Proposal {
  readonly codes: Float64Array;
  readonly gain: number;
}

function byGain(proposals: readonly Proposal[]): readonly Proposal[] {
  return proposals.toSorted((a, b) => b.gain - a.gain);
}

/** The search for the point of most expected improvement. */
class Acquisition {
  readonly #space: Space;
  readonly #features: Features;
  readonly #posterior: Posterior;
  readonly #best: number;

  constructor(space: Space, features: Features, posterior: Posterior, best: number) {
    this.#space = space;
    this.#features = features;
    this.#posterior = posterior;
    this.#best = best;
  }

  /** The gain of a config, by codes of all parameters. */
  gainOf(codes: Float64Array): number {
    const point = pointOfCodes(this.#space, this.#features, codes);
    return logExpectedImprovement(this.#posterior, this.#best, point);
  }

  /** Codes from the most to the least gain. */
  ordered(all: readonly Float64Array[]): readonly Proposal[] {
    return byGain(all.map((codes) => ({ codes, gain: this.gainOf(codes) })));
  }

  /** Goes uphill from codes, along the continuous numbers and by trying the values of the others, in turn. */
  improve(from: Float64Array): Proposal {
    let codes = from;
    let gain = this.gainOf(codes);
    for (let round = 0; round < 3; round += 1) {
      const before = gain;
      const climbed = this.#climb(codes);
      const climbedGain = this.gainOf(climbed);
      if (climbedGain > gain) [codes, gain] = [climbed, climbedGain];
      for (const [coordinate, options] of this.#features.options.entries()) {
        for (const option of options) {
          if (option === codes[coordinate]) continue;
          const moved = codes.slice();
          moved[coordinate] = option;
          const movedGain = this.gainOf(moved);
          if (movedGain > gain) [codes, gain] = [moved, movedGain];
        }
      }
      if (gain - before < 1e-3) break;
    }
    return { codes, gain };
  }

  #climb(codes: Float64Array): Float64Array {
    const { kinds, options } = this.#features;
    const point = pointOfCodes(this.#space, this.#features, codes);
    const moving = kinds.flatMap((_, index) => (options[index]?.length === 0 ? index : []));
    if (moving.length === 0) return codes;
    const climbed = climb(this.#posterior, this.#best, point, moving).point;
    return codes.map((code, index) => (moving.includes(index) ? at(climbed, index) : code));
  }
}

function decide(input: StrategyInput, { initial, candidates }: GpOptions): Decision {
  const { space, history, random, number, duplicates } = input;
  const memory = memoryOf(space);
  const { features } = memory;
  const isKnown = (codes: Float64Array): boolean =>
    duplicates === 'avoid' && history.tried.has(space.key(configOf(space, features, codes)));
  if (history.finished.length < initial || history.ranked.length < 2) {
    const seeds = features.paths.map((path) => scrambleSeed(random, path));
    const codes = spread(features, number, seeds, random);
    if (isKnown(codes)) return freshSample(input);
    return { type: 'try', config: configOf(space, features, codes), origin: { operator: 'sobol' } };
  }
  const { finished, ranked, criteria, running } = history;
  const hyper = hyperparametersOf(input, memory);
  const data = observationsOf(finished, ranked, criteria, space, features);
  const pending = running.slice(-mostPending).map(({ config }) => pointOf(space, features, config));
  const seen = withPending(data, pending, hyper, features);
  const posterior = posteriorOf(seen, hyper, features.kinds);
  // Of what is expected of trials in hand, too: else their own neighbourhood would seem to improve on them.
  const best = seen.values.reduce((least, value) => Math.min(least, value), Infinity);
  const acquisition = new Acquisition(space, features, posterior, best);
  const stream = random.at('candidates');
  const seeds = features.paths.map(() => stream.uint32());
  const count = Math.min(candidates, Math.ceil(4e6 / data.points.length ** 2));
  const starts = Array.from({ length: count }, (_, index) => spread(features, index, seeds, stream));
  const [top] = ranked;
  const near = top === undefined ? [] : around(features, pointOf(space, features, top.config), stream);
  const [far, close] = [acquisition.ordered(starts), acquisition.ordered(near)];
  // The points near the best trial are of the same hill: some climbers are kept for the others.
  const climbers = climbersFor(data.points.length);
  const nearby = Math.ceil(climbers / 4);
  const chosenStarts = [...far.slice(0, climbers - nearby), ...close.slice(0, nearby)];
  const improved = chosenStarts.map(({ codes }) => acquisition.improve(codes));
  const chosen = [...byGain(improved), ...byGain([...far, ...close])].find(({ codes }) => !isKnown(codes));
  return chosen === undefined
    ? freshSample(input)
    : { type: 'try', config: configOf(space, features, chosen.codes), origin: { operator: 'gp' } };
}

/**
 * Bayesian optimization with a Gaussian process: a smooth function that fits the trials, and how sure it is of itself,
 * tell where to expect the most improvement. For few and costly trials in spaces of mostly numbers.
 *
 * The kernel is Matérn's of smoothness 5/2 with a length for each parameter, fitted by maximum a posteriori; what
 * improves is the logarithm of the expected improvement, from the best of many even points, and of some about the best
 * trial, by L-BFGS and by trying the values of choices and of small grids. Losses are bent towards a normal law first,
 * outliers most of all. The latest 50 trials in hand count as if they had come out as expected. Of many trials it sees
 * the 75 best and the 75 latest.
 *
 * Source: Snoek, Larochelle, Adams, "Practical Bayesian optimization of machine learning algorithms", NeurIPS 2012;
 * Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization", NeurIPS 2023; Cowen-Rivers
 * et al., "HEBO", JAIR 2022.
 */
export const gp: StrategyFactory<GpOptions> = defineStrategy<GpOptions>({
  name: 'gp',
  defaults: { initial: 10, candidates: 1000 },
  limits: { initial: wholeFromOne, candidates: wholeFromOne },
  decide,
});
