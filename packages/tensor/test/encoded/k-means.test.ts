/** The few numbers that stand for many. */
import { Generator, kMeans, clusterStarts, type Clusters } from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const numbers = fc
  .array(fc.oneof(fc.float({ min: -100, max: 100, noNaN: true }), fc.constantFrom(0, 1, -3)), {
    minLength: 1,
    maxLength: 11,
  })
  .map((values) => Float32Array.from(values));

function errorOf(values: Float32Array, { centres, codes }: Clusters): number {
  return values.reduce((sum, value, index) => sum + (value - (centres[codes[index] as number] as number)) ** 2, 0);
}

/** Of all ways to cut sorted numbers into clusters the least error. */
function leastError(sorted: readonly number[], count: number): number {
  if (sorted.length === 0) return 0;
  if (count === 0) return Infinity;
  let least = Infinity;
  for (let size = 1; size <= sorted.length; size++) {
    const own = sorted.slice(0, size);
    const mean = own.reduce((sum, value) => sum + value, 0) / size;
    const error = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    least = Math.min(least, error + leastError(sorted.slice(size), count - 1));
  }
  return least;
}

test('exact clusters have the least error of all there are', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 5 }), (values, count) => {
      const least = leastError(
        [...values].toSorted((a, b) => a - b),
        count,
      );
      const found = errorOf(values, kMeans(values, count));
      // Centres are f32.
      expect(found).toBeLessThanOrEqual(least + 1e-4 * (1 + least));
    }),
  );
});

test('every start gives ascending centres, to the nearest of which each number belongs', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 16 }), fc.constantFrom(...clusterStarts), (values, count, start) => {
      const { centres, codes } = kMeans(values, count, { start, generator: new Generator(1) });
      // Not by a set, in which -0, a centre of numbers that are nearly 0, is 0.
      for (const [at, centre] of centres.subarray(1).entries()) expect(centre).toBeGreaterThan(centres[at] as number);
      expect(centres.length).toBeLessThanOrEqual(count);
      for (const [index, value] of values.entries()) {
        const own = Math.abs(value - (centres[codes[index] as number] as number));
        for (const centre of centres) expect(own).toBeLessThanOrEqual(Math.abs(value - centre) * (1 + 1e-6) + 1e-6);
      }
    }),
  );
});

test('what is drawn follows from the generator', () => {
  const values = Float32Array.from({ length: 500 }, (_, index) => Math.sin(index) ** 3);
  for (const start of ['random', 'k-means++'] as const) {
    const drawn = (seed: number): number[] => [...kMeans(values, 8, { start, generator: new Generator(seed) }).centres];
    expect(drawn(1)).toEqual(drawn(1));
    expect(errorOf(values, kMeans(values, 8))).toBeLessThanOrEqual(
      errorOf(values, kMeans(values, 8, { start, generator: new Generator(2) })) * (1 + 1e-6),
    );
  }
});

test('numbers that are none are refused', () => {
  expect(() => kMeans(Float32Array.of(1, NaN), 2)).toThrow(/value 1 is NaN/);
  expect(() => kMeans(Float32Array.of(1), 257)).toThrow(/count is 257; it must be a whole number from 1 to 256/);
});
