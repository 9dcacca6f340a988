import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createObserver } from '../../src/quantize/observers.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
const pieces = fc.array(fc.array(finite, { maxLength: 30 }), { minLength: 1, maxLength: 5 });

describe('min-max', () => {
  test('is the range of all pieces and 0', () => {
    fc.assert(
      fc.property(pieces, (all) => {
        const observer = createObserver({ type: 'min-max' });
        for (const piece of all) observer.observe(piece);
        expect(observer.range()).toEqual({ minimum: Math.min(0, ...all.flat()), maximum: Math.max(0, ...all.flat()) });
      }),
    );
  });

  test('passes over what is not finite', () => {
    const observer = createObserver({ type: 'min-max' });
    observer.observe([Number.NaN, Infinity, -1, 2]);
    expect(observer.range()).toEqual({ minimum: -1, maximum: 2 });
  });
});

describe('percentile', () => {
  test('100 covers everything seen', () => {
    fc.assert(
      fc.property(pieces, (all) => {
        const observer = createObserver({ type: 'percentile', percentile: 100 });
        for (const piece of all) observer.observe(piece);
        const extent = Math.max(1e-30, ...all.flat().map(Math.abs));
        const { minimum, maximum } = observer.range();
        expect(Math.abs(minimum - Math.min(0, ...all.flat()))).toBeLessThanOrEqual(extent / 1000);
        expect(Math.abs(maximum - Math.max(0, ...all.flat()))).toBeLessThanOrEqual(extent / 1000);
      }),
    );
  });

  test('leaves out the outliers', () => {
    const observer = createObserver({ type: 'percentile', percentile: 99 });
    observer.observe(Array.from({ length: 999 }, (_, index) => index / 999));
    observer.observe([1000]);
    const { minimum, maximum } = observer.range();
    expect(minimum).toBe(0);
    expect(maximum).toBeGreaterThan(0.98);
    expect(maximum).toBeLessThan(2);
  });

  test('a later outlier does not forget what was counted before', () => {
    const once = createObserver({ type: 'percentile', percentile: 90 });
    const twice = createObserver({ type: 'percentile', percentile: 90 });
    const body = Array.from({ length: 1000 }, (_, index) => (index - 500) / 500);
    once.observe([...body, 8]);
    twice.observe(body);
    twice.observe([8]);
    expect(twice.range().maximum).toBeCloseTo(once.range().maximum, 1);
  });

  test('nothing but zeros is an empty range', () => {
    const observer = createObserver({ type: 'percentile' });
    observer.observe([0, 0]);
    expect(observer.range()).toEqual({ minimum: 0, maximum: 0 });
  });

  test('50 or less is refused', () => {
    expect(() => createObserver({ type: 'percentile', percentile: 50 })).toThrow(/above 50/);
  });
});
