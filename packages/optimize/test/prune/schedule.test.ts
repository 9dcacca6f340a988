import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskUpdates, scheduleShapes } from '../../src/prune/schedule.ts';

describe('maskUpdates', () => {
  test('one shot reaches the final sparsity at once', () => {
    expect(maskUpdates({ shape: 'one-shot' }, 0.9, 100)).toEqual([{ step: 0, sparsity: 0.9 }]);
    expect(maskUpdates({ shape: 'one-shot', begin: 0.5 }, 0.9, 100)).toEqual([{ step: 50, sparsity: 0.9 }]);
  });

  test('linear grows in equal steps', () => {
    expect(maskUpdates({ shape: 'linear', updates: 4, end: 0.8 }, 0.8, 100)).toEqual([
      { step: 20, sparsity: 0.2 },
      { step: 40, sparsity: 0.4 },
      { step: 60, sparsity: expect.closeTo(0.6) },
      { step: 80, sparsity: 0.8 },
    ]);
  });

  test('cubic follows s_f + (s_i - s_f)(1 - t)³', () => {
    const found = maskUpdates({ shape: 'cubic', initial: 0.1, updates: 2, end: 1 }, 0.9, 11);
    expect(found).toEqual([
      { step: 0, sparsity: expect.closeTo(0.1) },
      { step: 6, sparsity: expect.closeTo(0.9 - 0.8 / 8) },
      { step: 10, sparsity: 0.9 },
    ]);
  });

  test('exponential lets the density fall by the same factor each time', () => {
    const found = maskUpdates({ shape: 'exponential', initial: 0.2, updates: 3, end: 1 }, 0.9, 31);
    const densities = found.map(({ sparsity }) => 1 - sparsity);
    for (const [index, density] of densities.entries()) expect(density).toBeCloseTo(0.8 * (1 / 8) ** (index / 3), 12);
    expect(found.at(-1)?.sparsity).toBe(0.9);
  });

  test('every schedule ends exactly at its sparsity, in order, inside the training', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...scheduleShapes),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 40 }),
        fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        (shape, final, steps, updates, times) => {
          const [begin, end] = times.toSorted((a, b) => a - b) as [number, number];
          const found = maskUpdates({ shape, begin, end, updates }, final, steps);
          expect(found.at(-1)?.sparsity).toBe(final);
          for (const [index, { step, sparsity }] of found.entries()) {
            expect(step).toBeGreaterThan(found[index - 1]?.step ?? -1);
            expect(step).toBeLessThan(steps);
            expect(sparsity).toBeGreaterThanOrEqual(found[index - 1]?.sparsity ?? 0);
          }
        },
      ),
    );
  });

  test.each([
    [{ shape: 'cubic', begin: 0.6, end: 0.5 }, 0.5, /runs from 0.6 to 0.5/],
    [{ shape: 'cubic', initial: 0.6 }, 0.5, /goes from 0.6 to 0.5/],
    [{ shape: 'cubic' }, 1, /goes from 0 to 1/],
    [{ shape: 'cubic', updates: 0 }, 0.5, /updates is 0/],
  ] as const)('%j to %d is refused', (schedule, final, message) => {
    expect(() => maskUpdates(schedule, final, 10)).toThrow(message);
  });
});
