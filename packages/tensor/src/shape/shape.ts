/** Shapes as plain lists of sizes, and the checks that every op shares. */
import { describe } from '../arguments/describe.ts';
import { check, either, listOf, aNumber } from '../arguments/rules.ts';
import { ShapeError } from '../errors.ts';

/** Sizes of each dimension, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** One axis or several; negative axes count from the end. */
export type Axes = number | readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  return size;
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

/** Axes that are shown: shapes that come from outside may have any number. */
const mostShown = 8;

/** `[2, 3]`, as error messages show it: the first axes of one that has many. */
export function showShape(shape: Shape): string {
  return `[${shape.slice(0, mostShown).join(', ')}${shape.length > mostShown ? ', …' : ''}]`;
}

/** True if both shapes have the same sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/**
 * The axis counted from the front.
 * @throws {ShapeError} when there is no such axis.
 */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ShapeError(
      operation,
      `axis ${describe(axis)} does not exist in a tensor of rank ${rank}; ${rank === 0 ? 'a scalar has no axes' : `use ${-rank} to ${rank - 1}`}`,
    );
  return axis < 0 ? axis + rank : axis + 0;
}

const anAxisOrSeveral = either(aNumber, listOf(aNumber));

/**
 * Sorted, distinct axes counted from the front; `undefined` means all of them.
 * @throws {ShapeError} when there is no such axis, or one is named twice.
 */
export function normalizeAxes(operation: string, axes: Axes | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  check(operation, 'axis', axes, anAxisOrSeveral);
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => normalizeAxis(operation, axis, rank));
  if (new Set(list).size !== list.length)
    throw new ShapeError(
      operation,
      `axes [${(axes as readonly number[]).join(', ')}] name one axis twice; give each once`,
    );
  return list.toSorted((a, b) => a - b);
}

/**
 * The shape that all given shapes broadcast to (NumPy's rule).
 * @throws {ShapeError} naming both shapes.
 */
export function broadcastShapes(operation: string, ...shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let axis = 0; axis < shape.length; axis++) {
      const target = rank - shape.length + axis;
      const dimension = shape[axis] as number;
      const current = result[target] as number;
      if (dimension === current || dimension === 1) continue;
      if (current !== 1)
        throw new ShapeError(
          operation,
          `shapes ${shapes.map(showShape).join(' and ')} do not broadcast: sizes ${current} and ${dimension} meet; sizes must be equal or 1`,
        );
      result[target] = dimension;
    }
  }
  return result;
}

/** As many dimensions as NumPy and PyTorch know. */
const largestRank = 64;

/**
 * A copy of a shape that every tensor may have: at most 64 non-negative integers whose product, zeros left out, a
 * double holds exactly.
 * @throws {ShapeError} for anything else.
 */
export function checkShape(operation: string, shape: Shape): number[] {
  if (!Array.isArray(shape))
    throw new ShapeError(operation, `the shape is ${describe(shape)}; it must be an array of sizes, such as [2, 3]`);
  const sizes = Array.from(shape as Shape);
  if (sizes.length > largestRank)
    throw new ShapeError(
      operation,
      `a shape of ${sizes.length} sizes is more than the ${largestRank} a tensor can have`,
    );
  let size = 1;
  for (const dimension of sizes) {
    if (!Number.isSafeInteger(dimension) || dimension < 0)
      throw new ShapeError(
        operation,
        `${describe(shape)} is no shape: ${describe(dimension)} is not a non-negative integer`,
      );
    size *= Math.max(dimension, 1);
  }
  if (size > Number.MAX_SAFE_INTEGER)
    throw new ShapeError(
      operation,
      `${showShape(sizes)} has ${size} elements, more than can be counted; use smaller sizes`,
    );
  return sizes;
}
