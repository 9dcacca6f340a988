import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyAxes, anyAxis, anyBroadcastableShapes, anyPermutation, anyShape } from '@espalier/testing';

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dimension) => size * dimension, 1);

test('shapes stay within their limits', () => {
  const limits = { minRank: 1, maxRank: 5, minSize: 0, maxSize: 9, maxElements: 50 };
  fc.assert(
    fc.property(anyShape(limits), (shape) => {
      expect(shape.length).toBeGreaterThanOrEqual(1);
      expect(shape.length).toBeLessThanOrEqual(5);
      expect(Math.max(...shape)).toBeLessThanOrEqual(9);
      expect(sizeOf(shape)).toBeLessThanOrEqual(50);
    }),
  );
});

test('every rank up to the limit is drawn, and empty shapes where allowed', () => {
  const drawn = fc.sample(anyShape({ maxRank: 4, minSize: 0 }), { numRuns: 400, seed: 1 });
  expect(new Set(drawn.map((shape) => shape.length))).toEqual(new Set([0, 1, 2, 3, 4]));
  expect(drawn.some((shape) => shape.includes(0))).toBe(true);
});

test('broadcastable shapes meet at equal sizes or 1', () => {
  fc.assert(
    fc.property(anyBroadcastableShapes(3), ({ shapes, result }) => {
      for (const shape of shapes) {
        for (const [axis, size] of shape.entries()) {
          const target = result[result.length - shape.length + axis];
          expect(size === 1 || size === target).toBe(true);
        }
      }
      expect(result).toHaveLength(Math.max(...shapes.map((shape) => shape.length)));
    }),
  );
});

test('some broadcastable shapes differ in rank and in size', () => {
  const drawn = fc
    .sample(anyBroadcastableShapes(2), { numRuns: 200, seed: 1 })
    .map(({ shapes: [a = [], b = []] }) => ({ a, b }));
  expect(drawn.some(({ a, b }) => a.length !== b.length)).toBe(true);
  expect(drawn.some(({ a, b }) => a.length === b.length && a.join() !== b.join())).toBe(true);
});

test('axes exist, are distinct, and are counted from either end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.gen(), (rank, draw) => {
      const axis = draw(anyAxis, rank);
      expect(axis >= -rank && axis < rank).toBe(true);
      const axes = draw(anyAxes, rank);
      expect(new Set(axes).size).toBe(axes.length);
      expect(draw(anyPermutation, rank).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: rank }, (_, position) => position),
      );
    }),
  );
  expect(fc.sample(anyAxis(3), { numRuns: 100, seed: 1 }).some((axis) => axis < 0)).toBe(true);
});
