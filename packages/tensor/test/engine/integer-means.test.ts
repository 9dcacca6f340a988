import { device } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { tensor } from '../../src/index.ts';
import { integerMeanLaws } from './integer-means-laws.ts';

describe.each(['reference', 'cpu'] as const)('%s', (name) => {
  integerMeanLaws(() => device(name), 30);
});

test('variances and norms of integers that f32 cannot hold', () => {
  const x = tensor([16777217, 16777216, 16777219], { dtype: 'i32' });
  expect(x.var().itemSync()).toBeCloseTo(7 / 3, 6);
  expect(x.std().dtype).toBe('f32');
  expect(x.logSumExp().itemSync()).toBe(16777220);
});
