import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createObserver, observerTypes } from '../../src/quantize/observers/observers.ts';

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

describe('moving-average', () => {
  test('is the mean of the ranges, of which those that came last count most', () => {
    const observer = createObserver({ type: 'moving-average', momentum: 0.75 });
    observer.observe([-4, 8]);
    observer.observe([0, 4]);
    expect(observer.range()).toEqual({ minimum: -3, maximum: 7 });
    expect(() => createObserver({ type: 'moving-average', momentum: 1 })).toThrow(/momentum/);
  });
});

test('pieces of which nothing is finite change the range of no observer', () => {
  for (const type of observerTypes) {
    const [plain, other] = [createObserver({ type }), createObserver({ type })];
    for (const observer of [plain, other]) {
      if (observer === other) observer.observe([]);
      observer.observe([1, -4, 3]);
      if (observer === other) observer.observe([Number.NaN, Infinity]);
      if (observer === other) observer.observe(new Float32Array());
    }
    expect(other.range(), type).toEqual(plain.range());
  }
});

test('ranges of numbers near the largest there are stay finite', () => {
  for (const type of observerTypes) {
    const observer = createObserver({ type });
    observer.observe([1e308, -1.5e308, 3]);
    const { minimum, maximum } = observer.range();
    expect(minimum, type).toBeGreaterThanOrEqual(-1.5e308);
    expect(maximum, type).toBeLessThanOrEqual(1e308);
  }
});

describe('mse', () => {
  /** Σ |x - x̂|² over codes from -7 to 7 that reach to a limit. */
  const errorAt = (values: readonly number[], limit: number): number =>
    values.reduce((sum, value) => {
      const scale = limit / 7;
      return sum + (value - Math.max(-7, Math.min(7, Math.round(value / scale))) * scale) ** 2;
    }, 0);

  test('clips where the errors are least: no worse than the whole range, or any share of it', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 20, maxLength: 60 }), (values) => {
        const observer = createObserver({ type: 'mse', norm: 2 });
        observer.observe(values);
        const { minimum, maximum } = observer.range({ minimum: -7, maximum: 7, zeros: false });
        const [limit, whole] = [Math.max(-minimum, maximum), Math.max(...values.map(Math.abs))];
        if (whole === 0) return;
        for (const share of [1, 0.9, 0.7, 0.5, 0.3])
          expect(errorAt(values, limit)).toBeLessThanOrEqual(errorAt(values, whole * share) * 1.02 + whole ** 2 * 1e-3);
      }),
      { numRuns: 30 },
    );
  });

  test('reckons with the codes as they are used: from -8 to 7 an extreme below 0 has the code -8', () => {
    const observer = createObserver({ type: 'mse' });
    observer.observe([-2, 1, 0.5]);
    expect(observer.range({ minimum: -8, maximum: 7, zeros: false })).toEqual({ minimum: -2, maximum: 1 });
  });

  test('a single outlier among many is not worth the steps of all others', () => {
    const observer = createObserver({ type: 'mse' });
    observer.observe([...Array.from({ length: 4000 }, (_, index) => Math.sin(index)), 3]);
    expect(observer.range({ minimum: -7, maximum: 7, zeros: false }).maximum).toBeLessThan(2);
  });
});

describe('entropy', () => {
  const bell = Array.from({ length: 20_000 }, (_, index) => {
    const u = (index + 0.5) / 20_000;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * ((index * 0.618034) % 1));
  });

  test('keeps what is spread evenly whole, and clips the tail of a bell with outliers', () => {
    const even = createObserver({ type: 'entropy' });
    even.observe(Array.from({ length: 10_000 }, (_, index) => index / 5000 - 1));
    expect(even.range().maximum).toBeGreaterThan(0.95);
    const tailed = createObserver({ type: 'entropy' });
    tailed.observe([...bell, 40]);
    const { maximum } = tailed.range();
    expect(maximum).toBeGreaterThan(2);
    expect(maximum).toBeLessThan(20);
  });

  test('nothing but zeros is an empty range', () => {
    const observer = createObserver({ type: 'entropy' });
    observer.observe([0, 0]);
    expect(observer.range()).toEqual({ minimum: 0, maximum: 0 });
  });
});
