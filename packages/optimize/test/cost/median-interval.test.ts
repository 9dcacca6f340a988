import { Generator, rand } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { medianInterval } from '../../src/index.ts';

describe('medianInterval', () => {
  test('holds the true median at every look of nearly every sequence, whatever the distribution', () => {
    const [sequences, length, alpha] = [400, 150, 0.05];
    const uniform = rand([sequences, length], { generator: new Generator(3) }).dataSync();
    let missed = 0;
    for (let sequence = 0; sequence < sequences; sequence++) {
      // Heavy tails, median 0 (Cauchy).
      const draws = Array.from(uniform.slice(sequence * length, (sequence + 1) * length), (u) =>
        Math.tan(Math.PI * (u - 0.5)),
      );
      const isMissed = draws.some((_, seen) => {
        const { low, high } = medianInterval(draws.slice(0, seen + 1), alpha);
        return low > 0 || high < 0;
      });
      if (isMissed) missed++;
    }
    expect(missed / sequences).toBeLessThanOrEqual(alpha);
  });

  test('narrows with the number of draws', () => {
    const widths = [20, 100, 500].map((n) => {
      const { low, high } = medianInterval(
        Array.from({ length: n }, (_, index) => (index + 0.5) / n),
        0.001,
      );
      return high - low;
    });
    expect(widths).toEqual(widths.toSorted((a, b) => b - a));
    expect(widths.at(-1)).toBeLessThan(0.2);
  });

  test('turns with the sign of the draws, and holds their median', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (draws) => {
        const { median, low, high } = medianInterval(draws, 0.01);
        const turned = medianInterval(
          draws.map((draw) => 0 - draw),
          0.01,
        );
        expect([turned.median, turned.low, turned.high]).toEqual([0 - median, 0 - high, 0 - low]);
        expect(low <= median && median <= high).toBe(true);
      }),
    );
  });

  test('few draws rule out nothing', () => {
    expect(medianInterval([1, 2, 3], 0.001)).toEqual({ median: 2, low: -Infinity, high: Infinity });
    expect(() => medianInterval([], 0.001)).toThrow(/there are 0 draws/);
    expect(() => medianInterval([1], 0)).toThrow(/an alpha of 0/);
  });
});
