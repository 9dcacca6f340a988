/** Whether a product with an encoded matrix is faster from its arrays, or from the dense matrix if that is kept. */
import {
  aBoolean,
  aCount,
  aFiniteNumber,
  anObject,
  check,
  checkOptions,
  ruleOf,
  type OptionRules,
} from '../arguments/rules.ts';
import { productTime, windowsTime } from '../device/encoded-costs.ts';
import { modes, withMode } from '../graph/modes.ts';
import { isGrouped } from '../kernel/activations.ts';
import { fixValue } from '../runtime/fixed-values.ts';
import { checkShape, type Shape } from '../shape/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { EncodedMatrix } from './matrix.ts';

/** What a matrix W [rows, columns] is multiplied with. */
export interface ProductUse {
  /** Rows of x in x · Wᵀ; of a convolution, positions of all results. */
  readonly rows: number;
  /** Whether those rows are windows of an image, which a product from the arrays lays out in memory first. Default: false. */
  readonly windows?: boolean;
  /** Whether there is memory for the dense matrix beside the arrays. Default: true. */
  readonly mayKeepDense?: boolean;
}

/** What a product runs on, and the figures that decided it. */
export interface KernelChoice {
  /** `own`: from the arrays of the format. `dense`: from the dense matrix, which is made once and kept. */
  readonly kernel: 'own' | 'dense';
  /** Why, in a few words: `2.1 times faster at density 0.10 < crossover 0.34: 12 µs, dense 25 µs`. */
  readonly reason: string;
  /** From which density on the dense matrix is faster, by the costs that the device states; 0 where it is at any. Absent where there are none. */
  readonly crossover?: number;
  /** How long both take by those costs. */
  readonly microseconds?: { readonly own: number; readonly dense: number };
}

const useRules: OptionRules<ProductUse> = { rows: aCount, windows: aBoolean, mayKeepDense: aBoolean };
// Told by what is asked of it: who has no matrix in a format must not bundle the class.
const anEncodedMatrix = ruleOf<EncodedMatrix>(
  'a matrix in a format',
  (value) => anObject.holds(value) && typeof (value as Partial<EncodedMatrix>).hasKernel === 'function',
);

/**
 * Chooses by shapes, format and the costs of the device alone, so that the same model always runs the same way.
 * @throws {ArgumentError} for wrong arguments.
 */
export function chooseKernel(matrix: EncodedMatrix, use: ProductUse): KernelChoice {
  check('chooseKernel', 'the matrix', matrix, anEncodedMatrix);
  check<object>('chooseKernel', 'the use', use, anObject);
  checkOptions('chooseKernel', use, useRules);
  check('chooseKernel', 'rows', use.rows, aCount);
  const { device, format, shape } = matrix;
  if (!matrix.t().hasKernel(use.rows)) return { kernel: 'dense', reason: `${device.name} has no kernel for it` };
  if (shape[0] * shape[1] * use.rows === 0) return { kernel: 'own', reason: 'nothing is multiplied' };
  if (isGrouped(matrix.activations))
    return { kernel: 'own', reason: 'x is rounded in groups, whose codes meet those of the matrix as whole numbers' };
  const found = timesOf(matrix, use);
  if (!found) return { kernel: 'own', reason: `what ${format.name} costs on ${device.name} was not measured` };
  const { own, dense, crossover } = found;
  const figures = { crossover, microseconds: { own, dense } };
  const ratio = (Math.max(own, dense) / Math.min(own, dense)).toFixed(1);
  const at = `at density ${matrix.density.toFixed(2)} ${own > dense ? '≥' : '<'} crossover ${crossover.toFixed(2)}`;
  const [ofOwn, ofDense] = [showTime(own), showTime(dense)];
  if (own <= dense)
    return { kernel: 'own', reason: `${ratio} times faster ${at}: ${ofOwn}, dense ${ofDense}`, ...figures };
  if (use.mayKeepDense ?? true)
    return { kernel: 'dense', reason: `${ratio} times faster ${at}: ${ofDense}, own ${ofOwn}`, ...figures };
  const more = 1 + (4 * shape[0] * shape[1]) / matrix.bytes;
  const reason = `dense would be ${ratio} times faster ${at}, and take ${more.toFixed(1)} times the memory: ${ofOwn}, dense ${ofDense}`;
  return { kernel: 'own', reason, ...figures };
}

/** The time of a product both ways in microseconds, and the density at which they take the same. */
function timesOf(
  { device, format, shape, density }: EncodedMatrix,
  { rows, windows = false }: ProductUse,
): { readonly own: number; readonly dense: number; readonly crossover: number } | undefined {
  const [costs, { layout }] = [device.encodedCosts, format];
  if (!costs || layout === undefined) return undefined;
  const [width, depth] = shape;
  const own = (share: number): number => {
    const sizes = { rows, depth, width, density: share };
    return windows ? windowsTime(costs, layout, sizes) : productTime(costs.stored[layout], sizes);
  };
  const dense = productTime(windows ? costs.convolution : costs.dense, { rows, depth, width, density: 1 });
  const [none, all] = [own(0), own(1)];
  return { own: own(density), dense, crossover: Math.max(0, (dense - none) / (all - none)) };
}

const showTime = (microseconds: number): string =>
  microseconds < 1000 ? `${microseconds.toPrecision(2)} µs` : `${(microseconds / 1000).toPrecision(3)} ms`;

/**
 * The dense matrix in a shape of as many elements, computed once and not differentiated, which no scope disposes: a step that
 * is being recorded captures it. A dry run, which computes nothing, gets it without values. The arrays are not assigned to any more:
 * the copy would not see it.
 * @throws {ArgumentError} for wrong arguments.
 * @throws {ShapeError} for a shape of another size.
 */
export function denseToKeep(
  matrix: EncodedMatrix,
  shape: Shape,
): { readonly dense: Tensor; readonly isComputed: boolean } {
  check('denseToKeep', 'the matrix', matrix, anEncodedMatrix);
  checkShape('denseToKeep', shape);
  const { value, isComputed } = toKeep(matrix, 'a dense copy is kept', () => matrix.toDense().reshape(shape));
  return { dense: value, isComputed };
}

/**
 * The sums of the rows of a matrix times a number, f32 [rows], computed once as `denseToKeep` does: what a zero point of x adds
 * to each element of x · Wᵀ.
 * @throws {ArgumentError} for what is no matrix in a format, and no finite number.
 */
export function rowSumsToKeep(
  matrix: EncodedMatrix,
  times: number,
): { readonly sums: Tensor; readonly isComputed: boolean } {
  check('rowSumsToKeep', 'the matrix', matrix, anEncodedMatrix);
  check('rowSumsToKeep', 'times', times, aFiniteNumber);
  const { value, isComputed } = toKeep(matrix, 'the sums of rows are kept', () => matrix.toDense().sum(1).mul(times));
  return { sums: value, isComputed };
}

/** Something of a matrix, whose arrays must not change any more. */
function toKeep(
  matrix: EncodedMatrix,
  kept: string,
  make: () => Tensor,
): { readonly value: Tensor; readonly isComputed: boolean } {
  if (modes.trace?.isDry) return { value: withMode({ gradients: false }, make), isComputed: false };
  for (const [name, array] of Object.entries(matrix.arrays))
    fixValue(array, `the array '${name}' of a matrix in ${matrix.format.name} that ${kept} of`);
  const outside = { gradients: false, trace: undefined, scope: undefined, touched: undefined };
  return { value: withMode(outside, () => make().realizeSync()), isComputed: true };
}
