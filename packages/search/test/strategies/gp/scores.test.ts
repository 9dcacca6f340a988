import { describe, expect, it } from 'vitest';
import { normalQuantile } from '../../../src/numeric/normal.ts';
import { scoresOf } from '../../../src/strategies/gp/scores.ts';

const normal = Array.from({ length: 41 }, (_, index) => normalQuantile((index + 0.5) / 41));

function momentsOf(values: Float64Array): { mean: number; variance: number; skewness: number } {
  const part = (power: number, middle: number): number =>
    values.reduce((sum, value) => sum + (value - middle) ** power, 0) / values.length;
  const mean = part(1, 0);
  const variance = part(2, mean);
  return { mean, variance, skewness: part(3, mean) / variance ** 1.5 };
}

describe('scores', () => {
  it.each([
    ['a few huge ones', (value: number) => Math.exp(2 * value)],
    ['a few very low ones', (value: number) => -Math.exp(-value)],
    ['a normal law', (value: number) => 5 + value],
  ])('of values with %s are less skewed, on the scale of a normal law and in the same order', (_, bend) => {
    const values = normal.map(bend);
    const scores = scoresOf(values);
    const { mean, variance, skewness } = momentsOf(scores);
    expect(mean).toBeCloseTo(0, 10);
    expect(variance).toBeCloseTo(1, 10);
    const before = momentsOf(Float64Array.from(values)).skewness;
    expect(Math.abs(skewness)).toBeLessThanOrEqual(Math.max(0.01, Math.abs(before) / 3));
    scores.slice(1).forEach((score, index) => expect(score).toBeGreaterThan(scores[index] ?? Infinity));
  });

  it('leave values of a normal law as they are', () => {
    const scores = scoresOf(normal);
    const { variance } = momentsOf(Float64Array.from(normal));
    scores.forEach((score, index) => expect(score).toBeCloseTo((normal[index] ?? 0) / Math.sqrt(variance), 4));
  });

  it('are 0 where all values are the same', () => {
    expect([...scoresOf([3, 3, 3])]).toEqual([0, 0, 0]);
  });

  it('of most values hardly depend on how large an outlier is', () => {
    const spreadWith = (outliers: readonly number[]): number => {
      const scores = scoresOf([...normal.slice(0, 30), ...outliers]);
      return (scores[29] ?? 0) - (scores[0] ?? 0);
    };
    const usual = spreadWith([3, 4, 5]);
    for (const huge of [1e6, 1e200]) expect(spreadWith([huge, 2 * huge, 3 * huge])).toBeGreaterThan(usual / 2);
  });

  it('tell an outlier where most values are the best', () => {
    const scores = scoresOf([0, 0, 0, 0, 1, 2, 1e300]);
    expect([...scores].every(Number.isFinite)).toBe(true);
    expect((scores[5] ?? 0) - (scores[4] ?? 0)).toBeGreaterThan(0.1);
  });
});
