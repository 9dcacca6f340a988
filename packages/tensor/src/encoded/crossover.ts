/** Whether a product with an encoded matrix is faster from its arrays, or from the dense matrix if that is kept. */
import { aBoolean, aCount, anObject, check, checkOptions, ruleOf, type OptionRules } from '../arguments/rules.ts';
import type { EncodedCosts } from '../device/encoded-costs.ts';
import { modes, withMode } from '../graph/modes.ts';
import { checkShape, type Shape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { EncodedMatrix } from './matrix.ts';

/** What a matrix W [rows, columns] is multiplied with. */
export interface ProductUse {
  /** Rows of x in x · Wᵀ; of a convolution, positions of all results. */
  readonly rows: number;
  /** Whether those rows are windows of an image, which a product from the arrays lays out in memory first. */
  readonly windows?: boolean;
}

/** What a product runs on, and the figures that decided it. */
export interface KernelChoice {
  /** `own`: from the arrays of the format. `dense`: from the dense matrix, which is made once and kept. */
  readonly kernel: 'own' | 'dense';
  /** Why, in a few words: `density 0.10 < crossover 0.34`. */
  readonly reason: string;
}

/**
 * Most elements of a matrix of which a dense copy is kept beside its arrays, 256 kB: a model of large weights takes no more
 * memory than its file.
 */
export const mostKeptDense: number = 2 ** 16;

/**
 * The density from which on the dense matrix is faster, by the costs that were measured on a device, `stored` that of the
 * layout; 0 or less where it is faster at any density.
 */
function crossoverOf(
  costs: EncodedCosts,
  stored: number,
  [rows, columns]: readonly [number, number],
  use: ProductUse,
): number {
  const products = use.rows * rows * columns;
  const laidOut = use.windows ? use.rows * columns * costs.window + costs.windowsCall : 0;
  const spare = products * costs[use.windows || use.rows >= costs.manyRows ? 'dense' : 'denseFewRows'];
  return (spare - costs.call - laidOut) / (products * stored);
}

const useRules: OptionRules<ProductUse> = { rows: aCount, windows: aBoolean };
// Told by what is asked of it: who has no matrix in a format must not bundle the class.
const anEncodedMatrix = ruleOf<EncodedMatrix>(
  'a matrix in a format',
  (value) => anObject.holds(value) && typeof (value as Partial<EncodedMatrix>).hasKernel === 'function',
);

/**
 * Chooses by shapes, format and the costs of the device alone, so that the same model always runs the same way.
 *
 * For finite x both kernels yield the same but for rounding. Where an infinity or NaN of x meets an element that a sparse
 * format left out, `own` leaves it out, and `dense` multiplies it with the 0 there: NaN, as a pruned model yields before it
 * is stored. A row of x without such numbers is not touched by those of others.
 * @throws {ArgumentError} for wrong arguments.
 */
export function chooseKernel(matrix: EncodedMatrix, use: ProductUse): KernelChoice {
  check('chooseKernel', 'the matrix', matrix, anEncodedMatrix);
  check<object>('chooseKernel', 'the use', use, anObject);
  checkOptions('chooseKernel', use, useRules);
  check('chooseKernel', 'rows', use.rows, aCount);
  const { device, density, format } = matrix;
  const elements = matrix.shape[0] * matrix.shape[1];
  if (!matrix.t().hasKernel(use.rows)) return { kernel: 'dense', reason: `${device.name} has no kernel for it` };
  const costs = device.encodedCosts;
  const stored = format.layout && costs?.stored[format.layout];
  if (!costs || stored === undefined)
    return { kernel: 'own', reason: `what ${format.name} costs on ${device.name} is not known` };
  if (elements > mostKeptDense) return { kernel: 'own', reason: `${elements} elements are not kept dense` };
  if (elements * use.rows === 0) return { kernel: 'own', reason: 'nothing is multiplied' };
  const crossover = crossoverOf(costs, stored, matrix.shape, use);
  const own = density < crossover;
  return {
    kernel: own ? 'own' : 'dense',
    reason: `density ${density.toFixed(2)} ${own ? '<' : '≥'} crossover ${Math.max(0, crossover).toFixed(2)}`,
  };
}

/**
 * The dense matrix in a shape of as many elements, computed once and not differentiated, which no scope disposes: a
 * step that is being recorded captures it. A dry run, which computes nothing, gets it without values.
 * @throws {ArgumentError} for wrong arguments.
 * @throws {ShapeError} for a shape of another size.
 */
export function denseToKeep(
  matrix: EncodedMatrix,
  shape: Shape,
): { readonly dense: Tensor; readonly isComputed: boolean } {
  check('denseToKeep', 'the matrix', matrix, anEncodedMatrix);
  checkShape('denseToKeep', shape);
  const make = (): Tensor => matrix.toDense().reshape(shape);
  if (modes.trace?.isDry) return { dense: withMode({ gradients: false }, make), isComputed: false };
  const outside = { gradients: false, trace: undefined, scope: undefined, touched: undefined };
  return { dense: withMode(outside, () => make().realizeSync()), isComputed: true };
}
