/** How a sparsity is shared among tensors. */
import { ArgumentError } from '@espalier/tensor';
import { markLowest } from './exact-rank.ts';

/** Whether each tensor reaches the sparsity, or all of them together. */
export type PruneScope = 'local' | 'global';

/** Bounds on the sparsity of each single tensor under global scope. */
export interface SparsityBounds {
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * Marks (1) what to drop in each tensor, from the scores of its weights.
 *
 * - `local`: the lowest ⌊sparsity · size⌋ of each tensor.
 * - `global`: the lowest ⌊sparsity · total size⌋ of all tensors in one ranking, with every tensor's own sparsity kept
 *   inside the bounds, so that no layer is cut through. Throws ArgumentError when the bounds leave no such choice.
 */
export function chooseDropped(
  scores: readonly Float32Array[],
  sparsity: number,
  scope: PruneScope,
  bounds: SparsityBounds = { minimum: 0, maximum: 1 },
): Uint8Array<ArrayBuffer>[] {
  if (scope === 'local') return scores.map((each) => markLowest(each, dropCount(sparsity, each.length)));
  const total = sum(scores.map(({ length }) => length));
  const least = scores.map(({ length }) => Math.ceil(bounds.minimum * length - rounding));
  const most = scores.map(({ length }) => dropCount(bounds.maximum, length));
  const wanted = dropCount(sparsity, total);
  if (wanted < sum(least) || wanted > sum(most)) {
    throw new ArgumentError(
      'prune',
      `${wanted} of ${total} weights are to be dropped, but with at least ${bounds.minimum} and at most ${bounds.maximum} of each tensor ` +
        `it can be ${sum(least)} to ${sum(most)}; widen the bounds or change the sparsity`,
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

// 0.3 · 10 is a little less than 3 in binary; the count meant is 3.
const rounding = 1e-9;

/** ⌊sparsity · size⌋, as meant in decimal. */
export function dropCount(sparsity: number, size: number): number {
  return Math.floor(sparsity * size + rounding);
}

/** The scores with the `least` lowest made certain to be dropped, and all but the `most` lowest certain to be kept. */
function within(scores: Float32Array, least: number, most: number): Float32Array {
  const forced = markLowest(scores, least);
  const allowed = markLowest(scores, most);
  return scores.map((score, index) => (forced[index] === 1 ? -Infinity : allowed[index] === 0 ? Infinity : score));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
