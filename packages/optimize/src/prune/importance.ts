/** Importance scores: of two weights, the one with the lower score goes first. */
import { deriveSeed, Registry } from '@espalier/nn';
import { Generator, rand } from '@espalier/tensor';
import { aFunction, aPositiveInteger, aText, check, oneOf } from '@espalier/tensor/arguments';
import { optional, partsOf } from '../arguments.ts';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import type { NamedParameter } from '../selection/parameter-filter.ts';
import { scoreNeeds, type Evidence, type ScoreNeed } from './evidence.ts';
import { learnedScores } from './learned-scores.ts';

/** How weights are scored. */
export type Importance =
  | 'magnitude'
  | 'lamp'
  | 'random'
  | 'gradient'
  | 'taylor'
  | 'snip'
  | 'fisher'
  | 'movement'
  | 'wanda'
  | (string & Record<never, never>);

/**
 * Scores one parameter, whose finite values it is given: an f32 for each weight, in row-major order. The evidence holds what the
 * type of the score `needs`.
 */
export type Scorer = (
  values: Float32Array,
  parameter: NamedParameter,
  seed: number,
  evidence: Evidence,
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

/** A score under the name that recipes have for it. */
export interface ScoreType {
  readonly type: string;
  readonly score: Scorer;
  /** How weights are chosen by it, for reports: `by magnitude`. Default: `by` and its name. */
  readonly words?: string;
  /** What it is told besides the values. Default: nothing. */
  readonly needs?: ScoreNeed;
  /** On how many examples that is measured, unless the pass says it. Default: 1,024. */
  readonly examples?: number;
}

const scores = new Registry<ScoreType>('score', ({ type }) => type, [
  /** |w| as the module sees it. */
  { type: 'magnitude', score: (values) => values.map(Math.abs), words: 'by magnitude' },
  { type: 'lamp', score: layerAdaptive, words: 'by LAMP' },
  {
    type: 'random',
    /** The baseline that every other score has to beat. The same seed scores a parameter alike each time. */
    score: async (_, { name, parameter }, seed) => {
      const generator = new Generator(deriveSeed(seed, name));
      return (await rand([parameter.size], { generator, device: parameter.tensor.device }).data()) as Float32Array;
    },
    words: 'at random',
  },
  ...learnedScores,
]);

const aScoreType = partsOf<ScoreType>(
  'a score with its name, and perhaps what it needs: { type, score, needs, examples }',
  {
    type: aText,
    score: aFunction,
    needs: optional(oneOf(...scoreNeeds)),
    examples: optional(aPositiveInteger),
  },
);

/**
 * Makes a score known by a name, for `prune({ method })`.
 * @throws {ConfigError} if the name is taken by another one.
 *
 * @example
 * registerScore({ type: 'outliers', score: (values) => values.map((value) => -Math.abs(value)) });
 */
export function registerScore(type: ScoreType): void {
  scores.register('registerScore', check('registerScore', 'type', type, aScoreType));
}

/** The names of the scores, those that were registered last. */
export const importances: readonly Importance[] = scores.names;

/** How weights are chosen by a score. */
export function wordsOf(importance: Importance): string {
  return scores.get(importance)?.words ?? `by ${importance}`;
}

/** What a score needs, and on how many examples it is measured unless that is said. */
export function needOf(importance: Importance): { readonly need: ScoreNeed | undefined; readonly examples: number } {
  const { needs, examples = 1024 } = scores.get(importance) ?? {};
  return { need: needs, examples };
}

/**
 * The scores of a parameter's weights, by the score of a name.
 * @throws {RecipeError} where they are not one number for each weight; none may be -∞, which is that of what is gone
 * already.
 */
export async function scoreWeights(
  importance: Importance,
  values: Float32Array,
  named: NamedParameter,
  seed: number,
  evidence: Evidence = {},
): Promise<Float32Array> {
  const made: unknown = await scores.find('prune', importance).score(values, named, seed, evidence);
  if (!(made instanceof Float32Array) || made.length !== values.length)
    throw new RecipeError(
      'prune',
      `the score ${quote(importance)} gave ${made instanceof Float32Array ? `${made.length} numbers` : quote(made)} for ${named.name}; it must give a Float32Array of ${values.length}`,
    );
  const wrong = made.findIndex((score) => !(score > -Infinity));
  if (wrong >= 0)
    throw new RecipeError(
      'prune',
      `the score ${quote(importance)} gave ${made[wrong]} for the weight ${wrong} of ${named.name}; it must be a number above -Infinity`,
    );
  return made;
}
