import { expect, test } from 'vitest';
import { compareValues, describeDifference } from '@espalier/testing';

const exact = { absolute: 0, relative: 0 };

test('equal lists have no difference, NaN and infinities included', () => {
  const values = [1, Number.NaN, Infinity, -Infinity, 0];
  expect(compareValues(values, values, exact)).toBeUndefined();
});

test('the bound is absolute plus relative', () => {
  const bound = { absolute: 0.1, relative: 0.01 };
  expect(compareValues([11.19], [10 + 1], { ...bound })).toBeUndefined();
  expect(compareValues([11.22], [11], bound)?.worst).toMatchObject({
    position: 0,
    allowed: expect.closeTo(0.21, 12) as number,
  });
});

test('NaN and infinity are never close to a number', () => {
  const bound = { absolute: 1e9, relative: 1e9 };
  for (const [actual, expected] of [
    [Number.NaN, 1],
    [1, Number.NaN],
    [Infinity, 1],
    [1, -Infinity],
    [Infinity, -Infinity],
  ] as const) {
    expect(compareValues([actual], [expected], bound)?.count).toBe(1);
  }
});

test('signed zeros differ only on request', () => {
  expect(compareValues([-0], [0], exact)).toBeUndefined();
  expect(compareValues([-0], [0], { ...exact, signedZeros: true })?.count).toBe(1);
});

test('a rounding at the largest value may overflow', () => {
  const max = 3.4028234663852886e38;
  const bound = { absolute: 0, relative: 1e-6, dtype: 'f32' } as const;
  expect(compareValues([Infinity], [max], bound)).toBeUndefined();
  expect(compareValues([-max], [-Infinity], bound)).toBeUndefined();
  expect(compareValues([-Infinity], [max], bound)?.count).toBe(1);
  expect(compareValues([Infinity], [max * 0.9], bound)?.count).toBe(1);
});

test('a difference names its first and its worst element', () => {
  const difference = compareValues([1, 2.5, 3, 9], [1, 2, 3, 4], exact);
  expect(difference && describeDifference(difference, [2, 2])).toBe(
    [
      '2 of 4 elements differ in shape [2, 2]',
      'first at [0, 1]: actual 2.5, expected 2, error 0.5, allowed 0',
      'worst at [1, 1]: actual 9, expected 4, error 5, allowed 0',
    ].join('\n'),
  );
});

test('an element may have an allowance of its own', () => {
  expect(compareValues([1.5, 1.5], [1, 1], { absolute: [1, 0.1], relative: 0 })?.first.position).toBe(1);
});
