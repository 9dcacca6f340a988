/** Shapes as plain lists of sizes, and the checks that every op shares. */
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

/** `[2, 3]`, as error messages show it. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** True if both shapes have the same sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** The axis counted from the front. Throws ShapeError when there is no such axis. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank)
    throw new ShapeError(
      operation,
      `axis ${axis} does not exist in a tensor of rank ${rank}; ${rank === 0 ? 'a scalar has no axes' : `use ${-rank} to ${rank - 1}`}`,
    );
  return normalized;
}

/** Sorted, distinct axes counted from the front; `undefined` means all of them. */
export function normalizeAxes(operation: string, axes: Axes | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => normalizeAxis(operation, axis, rank));
  if (new Set(list).size !== list.length)
    throw new ShapeError(
      operation,
      `axes [${(axes as readonly number[]).join(', ')}] name one axis twice; give each once`,
    );
  return list.toSorted((a, b) => a - b);
}

/** The shape that all given shapes broadcast to (NumPy's rule). Throws ShapeError naming both shapes. */
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

/** Checks that every size is a non-negative integer. */
export function checkShape(operation: string, shape: Shape): void {
  for (const dimension of shape)
    if (!Number.isInteger(dimension) || dimension < 0)
      throw new ShapeError(operation, `${showShape(shape)} is no shape: ${dimension} is not a non-negative integer`);
}
