/** What the updates of a layer's weights are made of: the factor of the inverse of X · Xᵀ. */
import { cholesky, inverseOfLower } from './cholesky.ts';

/** Columns of a layer up to which there is one. */
export const mostColumns = 4096;

/** Of inputs that say nothing of the weights. */
export const noInputs = 'its inputs are all 0 on the examples';

/** The factor, or why there is none. */
export type InverseFactor =
  | {
      /** U, upper triangular, with Uᵀ · U = (X · Xᵀ + damping)⁻¹. Row c over U[c, c] says what the columns behind c make up for. */
      readonly factor: Float64Array;
      /** What was added to the diagonal, as a share of its mean. */
      readonly damping: number;
      /** The same as a number; where the diagonal is 0 it became 1. */
      readonly added: number;
    }
  | { readonly problem: string };

/** Of products that weights which are multiplied with the same have in common: the last factor of each, and what it is for. */
const known = new WeakMap<
  Float64Array,
  { readonly damping: number; readonly order: string; readonly made: InverseFactor }
>();

/** The factor for columns in an order, found once for all weights that have the same inputs. */
export function inverseFactorIn(products: Float64Array, order: Int32Array, damping: number): InverseFactor {
  const before = known.get(products);
  const key = order.join();
  if (before?.damping === damping && before.order === key) return before.made;
  const isSorted = order.every((column, place) => column === place);
  const made = inverseFactor(isSorted ? products : reordered(products, order), order.length, damping);
  known.set(products, { damping, order: key, made });
  return made;
}

/** Symmetric products with rows and columns in another order. */
function reordered(products: Float64Array, order: Int32Array): Float64Array {
  const size = order.length;
  const moved = new Float64Array(products.length);
  for (let row = 0, at = 0; row < size; row++) {
    const from = (order[row] as number) * size;
    for (let column = 0; column < size; column++, at++)
      moved[at] = products[from + (order[column] as number)] as number;
  }
  return moved;
}

/**
 * From the products of inputs, symmetric, of which the lower half is read. `damping` of the mean of the diagonal is added to
 * it; ten times that, up to all of it, as long as it does not make the matrix positive definite. An input that is always 0
 * stands alone, with 1 on the diagonal.
 */
export function inverseFactor(products: Float64Array, size: number, damping: number): InverseFactor {
  const diagonal = Float64Array.from({ length: size }, (_, column) => products[column * size + column] as number);
  const live = diagonal.filter((value) => value > 0);
  if (live.length === 0) return { problem: noInputs };
  const mean = live.reduce((sum, value) => sum + value / live.length, 0);
  for (let share = damping; share <= 1; share = Math.max(0.01, share * 10)) {
    // Backwards, so that the factor of the inverse comes out as an inverse itself: R upper with R · Rᵀ = A has U = R⁻¹.
    const backwards = turnedAround(products, size);
    for (let row = 0; row < size; row++) {
      const value = diagonal[size - 1 - row] as number;
      backwards[row * size + row] = value > 0 ? value + share * mean : 1;
    }
    const lower = cholesky(backwards, size);
    if (lower) return { factor: inverseOfLower(lower, size).toReversed(), damping: share, added: share * mean };
  }
  return { problem: 'the products of its inputs are not positive definite, however much is added to their diagonal' };
}

/** Rows and columns that are moved at once, so that neither is read from afar. */
const tile = 32;

/** The lower half of a symmetric matrix with its last row and column first, as a lower half. */
function turnedAround(matrix: Float64Array, size: number): Float64Array {
  const turned = new Float64Array(matrix.length);
  const last = size - 1;
  for (let top = 0; top < size; top += tile)
    for (let left = 0; left <= top; left += tile)
      for (let row = top; row < Math.min(size, top + tile); row++)
        for (let column = left; column < Math.min(row + 1, left + tile); column++)
          turned[row * size + column] = matrix[(last - column) * size + last - row] as number;
  return turned;
}
