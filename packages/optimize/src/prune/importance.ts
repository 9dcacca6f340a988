/** Importance scores: of two weights, the one with the lower score goes first. */
import { deriveSeed } from '@espalier/nn';
import { Generator, rand } from '@espalier/tensor';
import type { NamedParameter } from '../selection/parameter-filter.ts';

/** How weights are scored. */
export type Importance = 'magnitude' | 'lamp' | 'random';

/** Scores one parameter, whose finite values it is given: an f32 for each weight, in row-major order. */
export type Scorer = (
  values: Float32Array,
  parameter: NamedParameter,
  seed: number,
) => Float32Array | Promise<Float32Array>;

/**
 * Each squared weight over the sum of all in its tensor that are no smaller. Under global scope small tensors, such as
 * convolutions, keep a larger share than by magnitude alone, and none is emptied: the largest of each scores 1.
 * Source: J. Lee et al., "Layer-adaptive sparsity for the magnitude-based pruning", ICLR 2021.
 */
function layerAdaptive(values: Float32Array): Float32Array {
  // In doubles: the square of a small f32 is 0 in f32, and that of a large one infinite.
  const squares = Float64Array.from(values, (value) => value * value);
  const descending = Uint32Array.from(squares, (_, index) => index).toSorted(
    (a, b) => (squares[b] as number) - (squares[a] as number) || b - a,
  );
  const scores = new Float32Array(values.length);
  let sum = 0;
  for (const index of descending) {
    const square = squares[index] as number;
    sum += square;
    scores[index] = sum === 0 ? 0 : square / sum;
  }
  return scores;
}

const scorers: Readonly<Record<Importance, Scorer>> = {
  /** |w| as the module sees it. */
  magnitude: (values) => values.map(Math.abs),
  lamp: layerAdaptive,
  /** The baseline that every other score has to beat. The same seed scores a parameter alike each time. */
  random: async (_, { name, parameter }, seed) => {
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
