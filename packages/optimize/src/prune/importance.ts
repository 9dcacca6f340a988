/** Importance scores: of two weights, the one with the lower score goes first. */
import { deriveSeed } from '@espalier/nn';
import { Generator, rand } from '@espalier/tensor';
import type { NamedParameter } from '../selection/parameter-filter.ts';

/** How weights are scored. */
export type Importance = 'magnitude' | 'random';

/** Scores one parameter: an f32 for each weight, in row-major order. */
export type Scorer = (parameter: NamedParameter, seed: number) => Promise<Float32Array>;

const scorers: Readonly<Record<Importance, Scorer>> = {
  /** |w| as the module sees it. */
  magnitude: async ({ parameter }) => (await parameter.value.abs().data()) as Float32Array,
  /** The baseline that every other score has to beat. The same seed scores a parameter alike each time. */
  random: async ({ name, parameter }, seed) => {
    const generator = new Generator(deriveSeed(seed, name));
    return (await rand([parameter.size], { generator, device: parameter.tensor.device }).data()) as Float32Array;
  },
};

/** The names of the scores. */
export const importances: readonly Importance[] = Object.keys(scorers) as Importance[];

/** The scorer of a name. */
export function scorerOf(importance: Importance): Scorer {
  return scorers[importance];
}
