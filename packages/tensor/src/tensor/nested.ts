/** Nested arrays of numbers: how tensors are written in code and printed. */
import type { TypedArray } from '../dtype/dtype.ts';
import { ShapeError } from '../errors.ts';
import { showShape, type Shape } from '../shape/shape.ts';

/** Numbers nested to the rank of a tensor; a plain number is a scalar. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** What a tensor can be written from; truth values count as 1 and 0. */
export type NestedValues = number | boolean | readonly NestedValues[];

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

/** The shape of nested arrays and their values in row-major order. Throws ShapeError if they are ragged. */
export function flatten(values: NestedValues): {
  readonly shape: number[];
  readonly data: number[];
  readonly isBool: boolean;
} {
  const shape: number[] = [];
  for (let level: NestedValues = values; Array.isArray(level); level = level[0] as NestedValues) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const data: number[] = [];
  let isBool = true;
  const visit = (level: NestedValues, axis: number, path: string): void => {
    if (Array.isArray(level)) {
      if (level.length !== shape[axis])
        throw new ShapeError(
          'tensor',
          `nested arrays are ragged: ${showShape(shape)} is expected from the first elements, but ${path || 'the value'} has ${level.length} elements; give every row equally many`,
        );
      for (const [index, element] of (level as readonly NestedValues[]).entries())
        visit(element, axis + 1, `${path}[${index}]`);
      return;
    }
    if (axis !== shape.length)
      throw new ShapeError(
        'tensor',
        `nested arrays are ragged: ${path} is a number where an array of ${shape[axis]} is expected`,
      );
    if (typeof level !== 'boolean') isBool = false;
    data.push(Number(level));
  };
  visit(values, 0, '');
  return { shape, data, isBool: isBool && data.length > 0 };
}

/** Nested numbers on one line, rounded to four decimals. */
export function printNested(values: NestedNumbers): string {
  if (typeof values === 'number')
    return Number.isInteger(values) ? String(values) : String(Number(values.toPrecision(5)));
  return `[${values.map(printNested).join(', ')}]`;
}
