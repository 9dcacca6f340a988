import { RandomStream, hypervolume } from '@espalier/search';
import { expect, it } from 'vitest';
import { byAddedVolume } from '../../../src/strategies/tpe/volume.ts';

it('takes from a front the point that adds the most volume, time after time', () => {
  const random = new RandomStream(5, 0);
  const points = Array.from({ length: 14 }, () => {
    const [a, b] = [random.uniform(), random.uniform()];
    return [a, b * (1 - a), (1 - b) * (1 - a)];
  });
  const reference = [1.1, 1.1, 1.1];
  const order = byAddedVolume(points, reference, 6);
  expect(new Set(order).size).toBe(6);
  order.forEach((index, place) => {
    const before = order.slice(0, place).flatMap((other) => [points[other] ?? []]);
    const volumeWith = (point: readonly number[]): number => hypervolume([...before, point], reference);
    expect(volumeWith(points[index] ?? [])).toBeCloseTo(Math.max(...points.map(volumeWith)), 12);
  });
});

it('gives all points where more are asked for', () => {
  expect(byAddedVolume([[0, 1]], [2, 2], 3)).toEqual([0]);
});
