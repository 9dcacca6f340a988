/** Nested arrays of numbers: how tensors are written in code and printed. */
import { describe } from '../arguments/describe.ts';
import type { DType, TypedArray } from '../dtype/dtype.ts';
import { dtypeOfArray, isNumberArray, type NumberArray } from '../dtype/typed-array.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { checkShape, showShape, type Shape } from '../shape/shape.ts';

/** Numbers nested to the rank of a tensor; a plain number is a scalar. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** What a tensor can be written from; truth values count as 1 and 0. */
export type NestedValues = number | boolean | NumberArray | readonly NestedValues[];

/** Flat row-major data as nested arrays. */
export function nest(data: TypedArray, shape: Shape): NestedNumbers {
  const build = (axis: number, offset: number, stride: number): NestedNumbers => {
    if (axis === shape.length) return data[offset] as number;
    const size = shape[axis] as number;
    const step = size === 0 ? 0 : stride / size;
    return Array.from({ length: size }, (_, index) => build(axis + 1, offset + index * step, step));
  };
  return build(0, 0, data.length);
}

/** Values in row-major order, and what they were written as. */
export interface Flattened {
  readonly shape: number[];
  readonly data: readonly number[];
  /** The dtype of the values themselves: that of their typed arrays, or bool if all are truth values. */
  readonly dtype: DType | undefined;
}

/**
 * The shape of nested arrays and their values.
 * @throws {ShapeError} if they are ragged.
 * @throws {ArgumentError} for what is no number.
 */
export function flatten(operation: string, values: NestedValues): Flattened {
  const shape = shapeOf(operation, values);
  const data: number[] = [];
  const found = new Set<DType | undefined>();
  const path: number[] = [];
  const row = (level: ArrayLike<unknown>): void => {
    const dtype = isNumberArray(level) ? dtypeOfArray(level) : undefined;
    if (dtype !== undefined) found.add(dtype);
    for (let index = 0; index < level.length; index++) {
      const value = level[index];
      if (typeof value === 'number') {
        if (dtype === undefined) found.add(undefined);
        data.push(value);
      } else if (typeof value === 'boolean') {
        found.add('bool');
        data.push(value ? 1 : 0);
      } else {
        path.push(index);
        refuseElement(operation, value, path, shape);
      }
    }
  };
  const visit = (level: unknown, axis: number): void => {
    if (axis === shape.length) return row([level]);
    if (!isLevel(level)) refuseElement(operation, level, path, shape);
    if (level.length !== shape[axis])
      throw new ShapeError(
        operation,
        `nested arrays are ragged: ${showShape(shape)} is expected from the first elements, but ${showPath(path)} has ${level.length} elements; give every row equally many`,
      );
    if (axis === shape.length - 1) return row(level);
    for (let index = 0; index < level.length; index++) {
      path.push(index);
      visit(level[index], axis + 1);
      path.pop();
    }
  };
  visit(values, 0);
  return { shape, data, dtype: found.size === 1 ? [...found][0] : undefined };
}

/** The sizes along the first elements of each level; what does not follow them is ragged. */
function shapeOf(operation: string, values: unknown): number[] {
  const shape: number[] = [];
  for (let level = values; isLevel(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
    // An array that holds itself has no end.
    if (shape.length > 64) throw new ShapeError(operation, 'the arrays are nested more than 64 levels deep');
  }
  return checkShape(operation, shape);
}

function isLevel(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || isNumberArray(value);
}

const showPath = (path: readonly number[]): string =>
  path.length === 0 ? 'the value' : `the value at ${path.map((index) => `[${index}]`).join('')}`;

function refuseElement(operation: string, value: unknown, path: readonly number[], shape: Shape): never {
  if (isLevel(value) || typeof value === 'number' || typeof value === 'boolean')
    throw new ShapeError(
      operation,
      `nested arrays are ragged: ${showPath(path)} is ${describe(value)}, but ${showShape(shape)} is expected from the first elements; give every row equally many`,
    );
  throw new ArgumentError(
    operation,
    `${showPath(path)} is ${describe(value)}; values are numbers or truth values, in arrays or typed arrays (convert bigints with Number(), join tensors with stack or concat)`,
  );
}
