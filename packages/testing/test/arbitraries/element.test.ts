import { dtypeNames, dtypes } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyElement, smallestSubnormal, specialValues } from '@espalier/testing';

describe.each(dtypeNames)('%s', (dtype) => {
  const { round, min, max, kind } = dtypes[dtype];

  test('every drawn value is representable', () => {
    fc.assert(
      fc.property(
        anyElement(dtype, { low: -300, high: 300, special: true }),
        (value) => void expect(round(value)).toBe(value),
      ),
    );
  });

  test('ordinary values stay in range', () => {
    fc.assert(
      fc.property(anyElement(dtype, { low: 0.25, high: 3 }), (value) => {
        expect(value).toBeGreaterThanOrEqual(0.25);
        expect(value).toBeLessThanOrEqual(3);
      }),
    );
  });

  test('extremes are drawn', () => {
    const drawn = new Set(fc.sample(anyElement(dtype, { special: true }), { numRuns: 2000, seed: 1 }));
    expect(drawn).toContain(max);
    expect(drawn).toContain(min);
    if (kind !== 'float') return;
    for (const special of [Number.NaN, Infinity, -Infinity, -0, smallestSubnormal(dtype)])
      expect([...drawn].some((value) => Object.is(value, special) || value === special)).toBe(true);
  });
});

test('special values can be left out one kind at a time', () => {
  expect(specialValues('f32', { nan: true, infinity: true })).toEqual([Number.NaN, Infinity, -Infinity]);
  expect(specialValues('f16', { subnormal: true })[0]).toBe(2 ** -24);
  expect(specialValues('i8', true)).toEqual([0, 127, -128]);
  expect(specialValues('i8', false)).toEqual([]);
});

test('values shrink to 0, or to the nearest bound', () => {
  const smallestOver = (low: number): unknown =>
    fc.check(
      fc.property(anyElement('f32', { low, high: 8 }), () => false),
      { seed: 1 },
    ).counterexample?.[0];
  expect(smallestOver(-8)).toBe(0);
  expect(smallestOver(2)).toBe(2);
});
