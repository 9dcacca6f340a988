import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wilsonInterval } from '../../src/cost/interval.ts';

describe('wilsonInterval', () => {
  test('agrees with published values', () => {
    // R: prop.test(15, 20, correct = FALSE) and prop.test(0, 10, correct = FALSE)
    expect(wilsonInterval(15, 20)).toEqual({
      value: 0.75,
      low: expect.closeTo(0.5313, 4),
      high: expect.closeTo(0.8881, 4),
    });
    expect(wilsonInterval(0, 10)).toEqual({ value: 0, low: 0, high: expect.closeTo(0.2775, 4) });
  });

  test('holds the share, inside 0 … 1, and is the mirror image for failures', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (total, share) => {
        const successes = Math.round(share * total);
        const { value, low, high } = wilsonInterval(successes, total);
        const mirror = wilsonInterval(total - successes, total);
        expect(low).toBeLessThanOrEqual(value + 1e-12);
        expect(high).toBeGreaterThanOrEqual(value - 1e-12);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(mirror.low).toBeCloseTo(1 - high, 10);
      }),
    );
  });

  test('nothing out of nothing is refused', () => {
    expect(() => wilsonInterval(0, 0)).toThrow(/0 of 0/);
    expect(() => wilsonInterval(3, 2)).toThrow(/3 of 2/);
  });
});
