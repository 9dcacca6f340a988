import { cpu, ones } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { accumulationLaws } from './accumulation-laws.ts';

accumulationLaws(() => cpu(), { elements: 1e7, sum: 72, product: 520, scan: 1 });

test('a product of a million factors keeps more than one factor rounds off', () => {
  const factor = Math.fround(1.00001);
  const expected = factor ** 1e6;
  expect(Math.abs(ones([1e6]).mul(factor).prod().itemSync() / expected - 1)).toBeLessThan(2 ** -23);
});
