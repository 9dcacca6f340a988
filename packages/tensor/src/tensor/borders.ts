/** Padding with what is there: mirrored, repeated or continued from the other end. */
import { ShapeError } from '../errors.ts';
import { concat } from '../functions/join.ts';
import { showShape } from '../shape/shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * What stands beyond the ends of an axis a b c d: `reflect` mirrors without the end itself (c b | a b c d | c b),
 * `replicate` repeats the end (a a | a b c d | d d), `circular` goes on from the other end (c d | a b c d | a b).
 */
export type BorderMode = 'reflect' | 'replicate' | 'circular';

interface Border {
  /** How many elements there are to take from an axis of a size. */
  readonly most: (size: number) => number;
  /** `count` elements to stand before, or after, the axis. */
  readonly before: (x: Tensor, axis: number, count: number, size: number) => Tensor;
  readonly after: (x: Tensor, axis: number, count: number, size: number) => Tensor;
}

const repeated = (x: Tensor, axis: number, at: number, count: number): Tensor =>
  x.narrow(axis, at, 1).expand(x.shape.map((size, a) => (a === axis ? count : size)));

const borders: Readonly<Record<BorderMode, Border>> = {
  reflect: {
    most: (size) => size - 1,
    before: (x, axis, count) => x.narrow(axis, 1, count).flip(axis),
    after: (x, axis, count, size) => x.narrow(axis, size - 1 - count, count).flip(axis),
  },
  replicate: {
    most: (size) => (size > 0 ? Infinity : 0),
    before: (x, axis, count) => repeated(x, axis, 0, count),
    after: (x, axis, count, size) => repeated(x, axis, size - 1, count),
  },
  circular: {
    most: (size) => size,
    before: (x, axis, count, size) => x.narrow(axis, size - count, count),
    after: (x, axis, count) => x.narrow(axis, 0, count),
  },
};

/** The names of the ways. */
export const borderModes: readonly BorderMode[] = Object.keys(borders) as BorderMode[];

/**
 * `x` with a border of [before, after] elements along each axis.
 * @throws {ShapeError} where an axis has too few of them.
 */
export function withBorders(x: Tensor, widths: readonly (readonly [number, number])[], mode: BorderMode): Tensor {
  const { most, before, after } = borders[mode];
  return widths.reduce((padded, [left, right], axis) => {
    if (left === 0 && right === 0) return padded;
    const size = padded.shape[axis] as number;
    if (Math.max(left, right) > most(size))
      throw new ShapeError(
        'pad',
        `axis ${axis} of ${showShape(x.shape)} has ${size} elements, too few for a border of [${left}, ${right}] in mode '${mode}'; pad by at most ${most(size)}`,
      );
    return concat(
      [
        ...(left > 0 ? [before(padded, axis, left, size)] : []),
        padded,
        ...(right > 0 ? [after(padded, axis, right, size)] : []),
      ],
      axis,
    );
  }, x);
}
