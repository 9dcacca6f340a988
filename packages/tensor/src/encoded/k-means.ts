/** k-means of plain numbers, for whoever makes tables of values. */
import {
  aPositiveInteger,
  check,
  checkOptions,
  oneOf,
  ruleOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { aGenerator } from '../arguments/types.ts';
import { cpu } from '../device/registry.ts';
import { rand } from '../functions/random.ts';
import { defaultGenerator, type Generator } from '../random/generator.ts';
import { centresOf, clusterStarts, nearest, type ClusterStart } from './clusters.ts';
import { codable } from './quantize.ts';

/** How clusters are looked for. */
export interface KMeansOptions {
  /** Default: `exact`. */
  readonly start?: ClusterStart;
  /** What `random` and `k-means++` draw by. Default: `defaultGenerator()`. */
  readonly generator?: Generator;
}

/** Numbers and the few that stand for them. */
export interface Clusters {
  /** Ascending. */
  readonly centres: Float32Array<ArrayBuffer>;
  /** Of each number the position of the nearest centre. */
  readonly codes: Uint8Array<ArrayBuffer>;
}

const floats: Rule<Float32Array> = ruleOf('a Float32Array', (value) => value instanceof Float32Array);
const few: Rule<number> = ruleOf(
  'a whole number from 1 to 256',
  (value) => aPositiveInteger.holds(value) && value <= 256,
);
const rules: OptionRules<KMeansOptions> = { start: oneOf(...clusterStarts), generator: aGenerator };

/**
 * Up to `count` numbers that stand for many with little Σ (number - nearest)²: the best there are where that is cheap (see
 * `ClusterStart`). Fewer different numbers stand for themselves.
 * @throws {ArgumentError} for NaN and infinities, and for more than 256 centres.
 */
export function kMeans(numbers: Float32Array, count: number, options: KMeansOptions = {}): Clusters {
  check('kMeans', 'numbers', numbers, floats);
  check('kMeans', 'count', count, few);
  const { start = 'exact', generator = defaultGenerator() } = checkOptions('kMeans', options, rules);
  for (const [index, value] of numbers.entries()) codable('kMeans', value, index);
  const isDrawn = start === 'random' || start === 'k-means++';
  const drawn = isDrawn ? rand([count], { generator, device: cpu() }).dataSync() : [];
  let next = 0;
  const all = centresOf(numbers, count, start, () => Number(drawn[next++]));
  const centres = all.filter((centre, at) => at === 0 || centre !== all[at - 1]);
  return { centres, codes: Uint8Array.from(numbers, (value) => nearest(centres, value)) };
}
