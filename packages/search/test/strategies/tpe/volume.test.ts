import { RandomStream, hypervolume } from '@espalier/search';
import { expect, it } from 'vitest';
import { byAddedVolume } from '../../../src/strategies/tpe/volume.ts';

it.each([2, 3, 4, 5])(
  'takes from a front of %i losses the point that adds the most volume, time after time',
  (size) => {
    const random = new RandomStream(5, 0);
    const points = Array.from({ length: 14 }, () => {
      const parts = Array.from({ length: size }, () => -Math.log(1 - random.uniform()));
      return parts.map((part) => part / parts.reduce((sum, other) => sum + other, 0));
    });
    const reference = points[0]?.map(() => 1.1) ?? [];
    const order = byAddedVolume(points, reference, 6);
    expect(new Set(order).size).toBe(6);
    order.forEach((index, place) => {
      const before = order.slice(0, place).flatMap((other) => [points[other] ?? []]);
      const volumeWith = (point: readonly number[]): number => hypervolume([...before, point], reference);
      expect(volumeWith(points[index] ?? [])).toBeCloseTo(Math.max(...points.map(volumeWith)), 12);
    });
  },
);

it('gives all points where more are asked for', () => {
  expect(byAddedVolume([[0, 1]], [2, 2], 3)).toEqual([0]);
});

it('puts what no volume tells apart last, losses without bound among it', () => {
  const points = [
    [Infinity, Infinity, 0],
    [1, 1, 1],
    [1, 1, 1],
    [Infinity, 0, 0],
    [0, 2, 1],
  ];
  const order = byAddedVolume(points, [3, 3, 3], 5);
  expect(order.slice(0, 2)).toEqual([1, 4]);
  expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
});
