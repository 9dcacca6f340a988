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
    }
  | { readonly problem: string };

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
    const backwards = new Float64Array(products.length);
    for (let row = 0; row < size; row++)
      for (let column = 0; column <= row; column++)
        backwards[row * size + column] = products[(size - 1 - column) * size + size - 1 - row] as number;
    for (let row = 0; row < size; row++) {
      const value = diagonal[size - 1 - row] as number;
      backwards[row * size + row] = value > 0 ? value + share * mean : 1;
    }
    const lower = cholesky(backwards, size);
    if (lower) return { factor: inverseOfLower(lower, size).toReversed(), damping: share };
  }
  return { problem: 'the products of its inputs are not positive definite, however much is added to their diagonal' };
}
