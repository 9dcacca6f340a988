/** Quasi-random search: the Sobol sequence laid over a space. */
import { RandomStream } from '../random/random-stream.ts';
import type { ConfigObject } from '../space/node.ts';
import { fromUnit } from '../space/number-scale.ts';
import type { Parameter, ParameterValue } from '../space/parameter.ts';
import { sampleParameter, type Space } from '../space/space.ts';
import { owenScramble, sobolDimensions, sobolWord } from '../numeric/sobol.ts';
import { freshSample } from './fresh.ts';
import { defineStrategy, type StrategyFactory } from './strategy.ts';

/** The options of {@link sobol}. */
export interface SobolOptions {
  /** Whether the points are scrambled by the study's seed; else every study has the same ones. Default true. */
  readonly scramble: boolean;
}

/** By space, the dimension of each parameter: its place among all, whether or not it is active. */
const dimensions = new WeakMap<Space, ReadonlyMap<string, number>>();

function dimensionsOf(space: Space): ReadonlyMap<string, number> {
  const known = dimensions.get(space);
  if (known !== undefined) return known;
  const made = new Map([...space.parameters().keys()].map((path, index) => [path, index]));
  dimensions.set(space, made);
  return made;
}

/** The value of a parameter at a position in [0, 1). */
function valueAt(parameter: Parameter, position: number): ParameterValue {
  if (parameter.kind !== 'choice') return fromUnit(parameter, position);
  return parameter.values[Math.floor(position * parameter.values.length)] ?? null;
}

/** What a parameter's coordinate is scrambled by: the same for all trials of a study. */
export function scrambleSeed({ seed }: RandomStream, path: string): number {
  return new RandomStream(seed, 0, `scramble/${path}`).uint32();
}

function configAt(space: Space, index: number, scramble: boolean, random: RandomStream): ConfigObject {
  const places = dimensionsOf(space);
  return space.build((path, parameter) => {
    const dimension = places.get(path) ?? sobolDimensions;
    if (dimension >= sobolDimensions) return sampleParameter(parameter, random.at(path));
    const word = sobolWord(index, dimension);
    if (!scramble) return valueAt(parameter, word / 2 ** 32);
    return valueAt(parameter, owenScramble(word, scrambleSeed(random, path)) / 2 ** 32);
  });
}

/**
 * Points that fill the space more evenly than random ones: trial n is point n of the Sobol sequence, one dimension for
 * each parameter. Parameters beyond the 256th are drawn at random, as is a config in place of one that was tried.
 *
 * Source: Joe and Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput.
 * 2008; scrambling of Owen, "Randomly permuted (t,m,s)-nets", 1995.
 */
export const sobol: StrategyFactory<SobolOptions> = defineStrategy<SobolOptions>({
  name: 'sobol',
  defaults: { scramble: true },
  decide: (input, { scramble }) => {
    const { space, history, random, number, duplicates } = input;
    const config = configAt(space, number, scramble, random);
    const known = duplicates === 'avoid' && history.tried.has(space.key(config));
    return known ? freshSample(input) : { type: 'try', config, origin: { operator: 'sobol' } };
  },
});
