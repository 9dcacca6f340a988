import { dasDennis, hypervolume } from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exclusiveVolume } from '../../src/multi-objective/hypervolume.ts';
import { divisionsFor } from '../../src/multi-objective/reference-directions.ts';

/** Counts the unit cells below the reference that a point dominates. */
function cells(points: readonly (readonly number[])[], reference: readonly number[]): number {
  const visit = (corner: readonly number[]): number => {
    const axis = corner.length;
    if (axis === reference.length) {
      return points.some((point) => point.every((value, index) => value <= (corner[index] ?? 0))) ? 1 : 0;
    }
    return Array.from({ length: reference[axis] ?? 0 }, (_, value) => visit([...corner, value])).reduce(
      (a, b) => a + b,
      0,
    );
  };
  return visit([]);
}

describe('hypervolume', () => {
  it.each([1, 2, 3, 4])('in %i objectives counts the dominated cells', (axes) => {
    const points = fc.array(fc.array(fc.nat(6), { minLength: axes, maxLength: axes }), { maxLength: 12 });
    fc.assert(
      fc.property(points, (all) => {
        const reference = Array.from({ length: axes }, () => 5);
        expect(hypervolume(all, reference)).toBe(cells(all, reference));
      }),
    );
  });

  it.each([2, 3, 4])('in %i objectives tells what a point adds to others', (axes) => {
    const points = fc.array(fc.array(fc.nat(5), { minLength: axes, maxLength: axes }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(points, ([point = [], ...others]) => {
        const reference = Array.from({ length: axes }, () => 5);
        const sorted = others.toSorted((a, b) => (a.at(-1) ?? 0) - (b.at(-1) ?? 0));
        const added = hypervolume([...others, point], reference) - hypervolume(others, reference);
        expect(exclusiveVolume(point, sorted, reference)).toBe(added);
      }),
    );
  });

  it('comes near the exact value of a known front', () => {
    const front = Array.from({ length: 2001 }, (_, index) => [index / 2000, 1 - Math.sqrt(index / 2000)]);
    expect(hypervolume(front, [1.1, 1.1])).toBeCloseTo(0.876667, 3);
  });

  it('refuses a reference of another size', () => {
    expect(() => hypervolume([[1, 2]], [3])).toThrow('hypervolume: a point has 2 losses, the reference 1');
  });
});

describe('reference directions', () => {
  it('are as many as there are compositions, on the simplex, all different', () => {
    expect(dasDennis(3, 12)).toHaveLength(91);
    expect(dasDennis(2, 99)).toHaveLength(100);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), (axes, divisions) => {
        const all = dasDennis(axes, divisions);
        for (const point of all) expect(point.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        expect(new Set(all.map(String)).size).toBe(all.length);
      }),
    );
  });

  it('are as fine as a population has room for', () => {
    expect(divisionsFor(3, 100)).toBe(12);
    expect(divisionsFor(3, 90)).toBe(11);
    expect(divisionsFor(2, 100)).toBe(99);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 10, max: 300 }), (axes, count) => {
        const divisions = divisionsFor(axes, count);
        expect(dasDennis(axes, divisions).length).toBeLessThanOrEqual(count);
        expect(dasDennis(axes, divisions + 1).length).toBeGreaterThan(count);
      }),
    );
  });
});
