/** How a sparsity is shared among tensors. */
import { ArgumentError } from '@espalier/tensor';
import { markLowest } from './exact-rank.ts';

/** Whether each tensor reaches the sparsity, or all of them together. */
export type PruneScope = 'local' | 'global';

/** Bounds on the sparsity of a single tensor under global scope. */
export interface SparsityBounds {
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * Marks (1) what to drop in each tensor, from the scores of its weights. What has the score -∞ is gone already and stays so,
 * even where that is more than is asked for.
 *
 * - `local`: the lowest ⌊sparsity · size⌋ of each tensor, by its own sparsity where there are several.
 * - `global`: the lowest ⌊sparsity · total size⌋ of all tensors in one ranking, with every tensor's own sparsity kept
 *   inside its bounds, so that no layer is cut through.
 * @throws {ArgumentError} when the bounds leave no such choice.
 */
export function chooseDropped(
  scores: readonly Float32Array[],
  sparsity: number | readonly number[],
  scope: PruneScope,
  bounds: SparsityBounds | readonly SparsityBounds[] = { minimum: 0, maximum: 1 },
): Uint8Array<ArrayBuffer>[] {
  const sizes = scores.map(({ length }) => length);
  const gone = scores.map((each) => sum(Array.from(each, (score) => (score === -Infinity ? 1 : 0))));
  const counts = dropCounts(sparsity, sizes, scope);
  if (scope === 'local')
    return scores.map((each, index) => markLowest(each, Math.max(counts[index] as number, gone[index] as number)));
  const boundsOf = (index: number): SparsityBounds =>
    'minimum' in bounds ? bounds : (bounds[index] as SparsityBounds);
  const least = sizes.map((size, index) => Math.max(leastCount(boundsOf(index).minimum, size), gone[index] as number));
  const most = sizes.map((size, index) => Math.max(dropCount(boundsOf(index).maximum, size), gone[index] as number));
  const wanted = Math.max(sum(counts), sum(gone));
  const total = sum(sizes);
  if (wanted < sum(least) || wanted > sum(most)) {
    throw new ArgumentError(
      'prune',
      `${wanted} of ${total} are to be dropped, but with ${describeBounds(bounds)} it can be ${sum(least)} to ${sum(most)}; ` +
        'widen the bounds or change the sparsity',
    );
  }
  const joined = new Float32Array(total);
  let offset = 0;
  for (const [index, each] of scores.entries()) {
    joined.set(within(each, least[index] as number, most[index] as number), offset);
    offset += each.length;
  }
  const marks = markLowest(joined, wanted);
  offset = 0;
  return scores.map(({ length }) => marks.slice(offset, (offset += length)));
}

function describeBounds(bounds: SparsityBounds | readonly SparsityBounds[]): string {
  return 'minimum' in bounds
    ? `at least ${bounds.minimum} and at most ${bounds.maximum} of each tensor`
    : 'the bounds of each tensor';
}

/** How many go: of each tensor under local scope, of all together under global scope, by the first sparsity. */
export function dropCounts(
  sparsity: number | readonly number[],
  sizes: readonly number[],
  scope: PruneScope,
): number[] {
  return (scope === 'local' ? sizes : [sum(sizes)]).map((size, index) =>
    dropCount(typeof sparsity === 'number' ? sparsity : (sparsity[index] as number), size),
  );
}

// 0.3 · 10 is a little less than 3 in binary; the count meant is 3.
const rounding = 1e-9;

/** ⌊sparsity · size⌋, as meant in decimal. */
export function dropCount(sparsity: number, size: number): number {
  return Math.floor(sparsity * size + rounding);
}

/** ⌈minimum · size⌉, as meant in decimal. */
export function leastCount(minimum: number, size: number): number {
  return Math.ceil(minimum * size - rounding);
}

/** The scores with the `least` lowest made certain to be dropped, and all but the `most` lowest certain to be kept. */
function within(scores: Float32Array, least: number, most: number): Float32Array {
  const forced = markLowest(scores, least);
  const allowed = markLowest(scores, most);
  return scores.map((score, index) => (forced[index] === 1 ? -Infinity : allowed[index] === 0 ? Infinity : score));
}

/** The sum of some numbers. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
