import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cholesky, inverseOfLower } from '../../src/second-order/cholesky.ts';
import { inverseFactor } from '../../src/second-order/inverse-factor.ts';
import { at } from '../helpers/at.ts';
import { correlated, inverse, rowsOf } from '../helpers/dense.ts';

/** A · Bᵀ of row-major square matrices. */
function timesTransposed(a: Float64Array, b: Float64Array, size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, index) => {
    const [row, column] = [Math.floor(index / size), index % size];
    let sum = 0;
    for (let each = 0; each < size; each++) sum += at(a, row * size + each) * at(b, column * size + each);
    return sum;
  });
}

function transposed(a: Float64Array, size: number): Float64Array {
  return a.map((_, index) => at(a, (index % size) * size + Math.floor(index / size)));
}

function expectClose(actual: Float64Array, wanted: ArrayLike<number>, tolerance: number): void {
  const largest = Math.max(...Array.from(wanted, Math.abs));
  expect(actual).toHaveLength(wanted.length);
  for (const [index, value] of actual.entries())
    expect(Math.abs(value - at(wanted, index))).toBeLessThanOrEqual(tolerance * largest);
}

// Sizes within a tile, of one tile, just above, and of several.
const sizes = [1, 2, 5, 63, 64, 65, 130, 200];

describe.each(sizes)('of %i columns', (size) => {
  const products = correlated(size, 5, size);
  const lower = cholesky(products, size) as Float64Array;

  test('the factor times itself is the matrix, with zeros above its diagonal', () => {
    expectClose(timesTransposed(lower, lower, size), products, 1e-12);
    for (let row = 0; row < size; row++)
      for (let column = row + 1; column < size; column++) expect(lower[row * size + column]).toBe(0);
  });

  test('the inverse of the factor times the factor is the identity', () => {
    const identity = Float64Array.from({ length: size * size }, (_, index) => Number(index % (size + 1) === 0));
    expectClose(timesTransposed(inverseOfLower(lower, size), transposed(lower, size), size), identity, 1e-10);
  });

  test('the upper factor of the inverse is upper, and gives the inverse', () => {
    const found = inverseFactor(products, size, 0.01);
    if ('problem' in found) throw new Error(found.problem);
    expect(found.damping).toBe(0.01);
    let mean = 0;
    for (let index = 0; index < size; index++) mean += at(products, index * (size + 1)) / size;
    const damped = products.map((value, index) => (index % (size + 1) === 0 ? value + 0.01 * mean : value));
    const up = transposed(found.factor, size);
    expectClose(timesTransposed(up, up, size), inverse(rowsOf(damped, size)).flat(), 1e-9);
    for (let row = 0; row < size; row++)
      for (let column = 0; column < row; column++) expect(at(found.factor, row * size + column)).toBe(0);
  });
});

test('only the lower half is read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.double({ noNaN: true }), (size, junk) => {
      const products = correlated(size, 3, 1);
      const halved = products.map((value, index) => (index % size > Math.floor(index / size) ? junk : value));
      expect(cholesky(halved, size)).toEqual(cholesky(products, size));
      expect(inverseFactor(halved, size, 0.01)).toEqual(inverseFactor(products, size, 0.01));
    }),
    { numRuns: 10 },
  );
});

test('what is not positive definite has no factor', () => {
  expect(cholesky(Float64Array.of(1, 0, 2, 1), 2)).toBeUndefined();
  expect(cholesky(Float64Array.of(0), 1)).toBeUndefined();
  expect(cholesky(Float64Array.of(Number.NaN), 1)).toBeUndefined();
  // Of rank 1: rounding may leave a little at the last place.
  expect(cholesky(Float64Array.of(0.01, 0, 0.03, 0.09), 2)).toBeUndefined();
});

describe('damping', () => {
  test('is ten times larger, from a hundredth on, until there is a factor', () => {
    // Two inputs that are always equal.
    expect(inverseFactor(Float64Array.of(1, 1, 1, 1), 2, 0)).toMatchObject({ damping: 0.01 });
    expect(inverseFactor(Float64Array.of(1, 1, 1, 1), 2, 0.02)).toMatchObject({ damping: 0.02 });
    // Indefinite by about 1.05 - 1, and by 1.5 - 1.
    expect(inverseFactor(Float64Array.of(1, 0, 1.05, 1), 2, 0.01)).toMatchObject({ damping: 0.1 });
    expect(inverseFactor(Float64Array.of(1, 0, 1.5, 1), 2, 0.01)).toMatchObject({ damping: 1 });
  });

  test('ends at the whole mean, and says so', () => {
    expect(inverseFactor(Float64Array.of(1, 0, 3, 1), 2, 0.01)).toEqual({
      problem: expect.stringContaining('not positive definite'),
    });
  });

  test('an input that is always 0 stands alone, and has no part in the mean', () => {
    const found = inverseFactor(Float64Array.of(4, 0, 0, 0), 2, 0.01);
    expect(found).toEqual({ factor: Float64Array.of(1 / Math.sqrt(4.04), 0, 0, 1), damping: 0.01, added: 0.04 });
    expect(inverseFactor(new Float64Array(4), 2, 0.01)).toEqual({ problem: 'its inputs are all 0 on the examples' });
  });
});
