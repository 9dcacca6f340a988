import {
  bernoulli,
  cpu,
  createReferenceDevice,
  Generator,
  permutation,
  rand,
  randint,
  randn,
  randomBits,
  truncatedNormal,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { errorFunction } from '../../src/scalar/error-function.ts';

const count = 200_000;
const draw = (): { generator: Generator } => ({ generator: new Generator(11) });
const moments = (values: Iterable<number>): { mean: number; variance: number; kurtosis: number } => {
  const list = [...values];
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const power = (p: number): number => list.reduce((a, b) => a + (b - mean) ** p, 0) / list.length;
  return { mean, variance: power(2), kurtosis: power(4) / power(2) ** 2 };
};

/** Kolmogorov-Smirnov statistic times the root of the sample size: above 1.95 has a probability of 0.001. */
function kolmogorov(values: ArrayLike<number>, distribution: (x: number) => number): number {
  const sorted = Float64Array.from(values).toSorted();
  const n = sorted.length;
  return (
    Math.max(
      ...sorted.map((x, index) =>
        Math.max(Math.abs(distribution(x) - index / n), Math.abs(distribution(x) - (index + 1) / n)),
      ),
    ) * Math.sqrt(n)
  );
}
const normalDistribution = (x: number): number => 0.5 * (1 + errorFunction(x / Math.SQRT2));

describe('random', () => {
  test('Threefry known answers (Random123)', async () => {
    // Key 0 and counter 0 of threefry2x32-20 give 6b200159 99ba4efe.
    const first = await randomBits([], { generator: new Generator(0) }).item();
    expect(first.toString(16)).toBe('6b200159');
  });

  test('uniform and normal draws have their distributions', () => {
    expect(kolmogorov(rand([20_000], draw()).dataSync(), (x) => Math.min(Math.max(x, 0), 1))).toBeLessThan(1.95);
    expect(kolmogorov(randn([20_000], draw()).dataSync(), normalDistribution)).toBeLessThan(1.95);
    const { mean, variance, kurtosis } = moments(randn([count], draw()).dataSync());
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.015);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.06);
  });

  test('truncated normal draws stay inside and follow the cut distribution', () => {
    const values = truncatedNormal([20_000], { mean: 1, std: 2 }, draw()).dataSync();
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
    expect(Math.max(...values)).toBeLessThanOrEqual(5);
    const [low, high] = [normalDistribution(-2), normalDistribution(2)];
    expect(kolmogorov(values, (x) => (normalDistribution((x - 1) / 2) - low) / (high - low))).toBeLessThan(1.95);
  });

  test('integers cover their range, bernoulli its probability, permutations every element', () => {
    const integers = randint(-2, 3, [5000], draw()).dataSync();
    expect([...new Set(integers)].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(Math.abs(moments(bernoulli(0.3, [count], draw()).cast('f32').dataSync()).mean - 0.3)).toBeLessThan(0.01);
    expect([...permutation(100, draw()).dataSync()].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
  });

  test('draws are equal bit for bit on cpu and reference, and differ from draw to draw', () => {
    const reference = createReferenceDevice('random');
    for (const make of [randn, rand]) {
      const [a, b] = [cpu(), reference].map((device) => make([1000], { device, ...draw() }).bytesSync());
      expect(a).toEqual(b);
    }
    const generator = new Generator(5);
    expect(rand([4], { generator }).arraySync()).not.toEqual(rand([4], { generator }).arraySync());
  });

  test('a low-precision uniform never reaches 1', () => {
    for (const dtype of ['f16', 'bf16'] as const)
      expect(Math.max(...rand([5000], { dtype, ...draw() }).dataSync())).toBeLessThan(1);
  });
});
