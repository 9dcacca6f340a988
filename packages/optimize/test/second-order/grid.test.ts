import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gridOf, onGrid } from '../../src/second-order/grid.ts';

test('a weight within reach of a grid is half a step off at most, whatever the bits and whatever holds the scale', () => {
  const anyWeights = fc
    .tuple(
      fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: -30, max: 14 }),
    )
    .map(([numbers, exponent]) => numbers.map((number) => number * 2 ** exponent));
  const anyGrid = fc.record({
    bits: fc.constantFrom(2, 3, 4),
    zeros: fc.boolean(),
    scales: fc.constantFrom('f32' as const, 'f16' as const),
    clip: fc.constant(false),
  });
  fc.assert(
    fc.property(anyWeights, anyGrid, (weights, options) => {
      const ones = weights.map(() => 1);
      const grid = gridOf(weights, ones, options);
      const ends = [grid.scale * grid.least, grid.scale * grid.most];
      const [low, high] = [Math.min(...ends), Math.max(...ends)];
      for (const weight of weights)
        if (options.zeros || (weight >= low && weight <= high))
          expect(Math.abs(onGrid(grid, weight) - weight)).toBeLessThanOrEqual(Math.abs(grid.scale) * 0.5001);
      // Around 0 they reach to the largest.
      const extreme = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
      expect(Math.max(-low, high) * (1 + 1e-6)).toBeGreaterThanOrEqual(options.zeros ? 0 : extreme);
    }),
    { examples: [[[0, -3 * 1.4 * 2 ** -24, 2 ** -30], { bits: 2, zeros: true, scales: 'f16', clip: false }]] },
  );
});
