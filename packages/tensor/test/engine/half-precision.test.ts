import { cpu, createReferenceDevice, Generator, truncatedNormal } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { halfPrecisionLaws } from './half-precision-laws.ts';

describe('on cpu', () => {
  halfPrecisionLaws(() => cpu(), 2 ** 25);
});
describe('on the reference', () => {
  const reference = createReferenceDevice('half');
  halfPrecisionLaws(() => reference, 70_000);
});

test('normals cut off far outside are finite', () => {
  const drawn = truncatedNormal([10_000], { low: -Infinity, high: Infinity }, { generator: new Generator(3) });
  expect(drawn.dataSync().every(Number.isFinite)).toBe(true);
});
