/** Arbitraries for shapes and axes. All shrink towards fewer dimensions and smaller sizes. */
import fc from 'fast-check';
import type { Shape } from '@espalier/tensor';

/** Limits on drawn shapes. */
export interface ShapeLimits {
  /** Default 0. */
  readonly minRank?: number;
  /** Default 4. */
  readonly maxRank?: number;
  /** Smallest size of a dimension; 0 allows empty tensors. Default 1. */
  readonly minSize?: number;
  /** Default 6. */
  readonly maxSize?: number;
  /** Most elements in all. Default 240. */
  readonly maxElements?: number;
}

/** A shape within the limits; sizes are cut down from the last dimension on until the elements fit. */
export function anyShape(limits: ShapeLimits = {}): fc.Arbitrary<number[]> {
  const { minRank = 0, maxRank = 4, minSize = 1, maxSize = 6, maxElements = 240 } = limits;
  return fc
    .array(fc.integer({ min: minSize, max: Math.max(minSize, maxSize) }), {
      minLength: minRank,
      maxLength: Math.max(minRank, maxRank),
      size: 'max',
    })
    .map((sizes) => cutDown(sizes, minSize, maxElements));
}

function cutDown(sizes: readonly number[], minSize: number, maxElements: number): number[] {
  let room = maxElements;
  return sizes.map((size) => {
    const fitting = Math.max(minSize, Math.min(size, Math.floor(room)));
    if (fitting > 0) room /= fitting;
    return fitting;
  });
}

/** `count` shapes that broadcast to one another, and what they broadcast to. */
export function anyBroadcastableShapes(
  count: number,
  limits: ShapeLimits = {},
): fc.Arbitrary<{ shapes: number[][]; result: number[] }> {
  return anyShape(limits).chain((result) =>
    fc
      .array(
        fc.tuple(
          fc.integer({ min: 0, max: result.length }),
          fc.array(fc.boolean(), { minLength: result.length, maxLength: result.length }),
        ),
        {
          minLength: count,
          maxLength: count,
        },
      )
      .map((choices) => {
        const shapes = choices.map(([dropped, ones]) =>
          result.map((size, axis) => (ones[axis] === true ? 1 : size)).slice(dropped),
        );
        return { shapes, result: broadcast(shapes) };
      }),
  );
}

/** The two shapes of `anyBroadcastableShapes(2)` as a pair. */
export function anyBroadcastablePair(limits: ShapeLimits = {}): fc.Arbitrary<[number[], number[]]> {
  return anyBroadcastableShapes(2, limits).map(({ shapes: [first = [], second = []] }) => [first, second]);
}

function broadcast(shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

/** An axis of a tensor of rank `rank` (at least 1), counted from the front or from the end. */
export function anyAxis(rank: number): fc.Arbitrary<number> {
  return fc.nat({ max: rank - 1 }).chain((axis) => fc.constantFrom(axis, axis - rank));
}

/** Distinct axes of a tensor of rank `rank`, in any order; possibly none. */
export function anyAxes(rank: number): fc.Arbitrary<number[]> {
  return fc
    .subarray(range(rank))
    .chain((axes) => fc.shuffledSubarray(axes, { minLength: axes.length, maxLength: axes.length }));
}

/** An order of all axes of a tensor of rank `rank`. */
export function anyPermutation(rank: number): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray(range(rank), { minLength: rank, maxLength: rank });
}

function range(length: number): number[] {
  return Array.from({ length }, (_, position) => position);
}
