import { RandomStream } from '@espalier/search';
import { describe, expect, test } from 'vitest';
import { atLeastHits } from '../../src/goal/binomial.ts';
import { jackknife, pairedDifference, share } from '../../src/goal/interval.ts';
import { normalQuantile, studentQuantile } from '../../src/goal/quantile.ts';

test('quantiles are those of tables', () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 6);
  expect(normalQuantile(0.5)).toBeCloseTo(0, 9);
  expect(normalQuantile(0.999)).toBeCloseTo(3.090232, 6);
  expect(normalQuantile(0.01)).toBeCloseTo(-2.326348, 6);
  expect(studentQuantile(0.975, 1)).toBeCloseTo(12.7062, 4);
  expect(studentQuantile(0.975, 2)).toBeCloseTo(4.302653, 5);
  expect(studentQuantile(0.975, 4)).toBeCloseTo(2.776445, 3);
  expect(studentQuantile(0.975, 10)).toBeCloseTo(2.228139, 4);
  expect(studentQuantile(0.995, 30)).toBeCloseTo(2.749996, 5);
  expect(studentQuantile(0.025, 10)).toBeCloseTo(-2.228139, 4);
  expect(studentQuantile(0.6, 3)).toBeCloseTo(0.276671, 3);
});

describe('pairedDifference', () => {
  test('is centred, has a width where nothing changed, and is that of the normal approximation for many', () => {
    const none = pairedDifference(0, 0, 1000, 0.025);
    expect(none.value).toBe(0);
    // z² / (n + z²): what no change among n examples leaves possible.
    expect(none.high).toBeCloseTo(3.8414588 / 1003.8414588, 6);
    expect(none.low).toBeCloseTo(-none.high, 9);
    const many = pairedDifference(2300, 3800, 500_000, 0.025);
    const error = Math.sqrt(6100 - 1500 ** 2 / 500_000) / 500_000;
    expect(many.low).toBeCloseTo(-0.003 - 1.96 * error, 5);
    expect(many.high).toBeCloseTo(-0.003 + 1.96 * error, 5);
  });

  test('turns around with its counts, and reaches the ends', () => {
    const [there, back] = [pairedDifference(5, 2, 40, 0.05), pairedDifference(2, 5, 40, 0.05)];
    expect(there.low).toBeCloseTo(-back.high, 9);
    expect(pairedDifference(7, 0, 7, 0.025).high).toBe(1);
    expect(pairedDifference(0, 7, 7, 0.025).low).toBe(-1);
  });

  test('misses as seldom as it says, for few discordant pairs', () => {
    const random = new RandomStream(7, 1);
    const [gain, loss, examples, runs] = [0.01, 0.02, 1000, 4000];
    let missed = 0;
    for (let run = 0; run < runs; run++) {
      let [gained, lost] = [0, 0];
      for (let example = 0; example < examples; example++) {
        const draw = random.uniform();
        if (draw < gain) gained++;
        else if (draw < gain + loss) lost++;
      }
      const { low, high } = pairedDifference(gained, lost, examples, 0.025);
      if (gain - loss < low || gain - loss > high) missed++;
    }
    expect(missed / runs).toBeLessThan(0.06);
    expect(missed / runs).toBeGreaterThan(0.03);
  });
});

// Those of scipy.stats.binomtest(…).proportion_ci(method='exact').
test.each([
  [90, 100, 0.025, 0.8237774022598247, 0.9509953107785141],
  [5, 5, 0.025, 0.47817624989501856, 1],
  [0, 3, 0.025, 0, 0.7075982261787133],
  [6480, 6667, 0.025, 0.9677007462890853, 0.9757822020076381],
  [333_333, 1_000_000, 0.025, 0.3324090481238326, 0.33425791733809357],
])('the share of %d of %d has its exact interval', (hits, total, miss, low, high) => {
  const found = share(hits, total, miss);
  expect(found.low).toBeCloseTo(low, 11);
  expect(found.high).toBeCloseTo(high, 11);
});

test('a share misses no more often than it says, for any number of examples', () => {
  for (const total of [1, 2, 5, 12, 40]) {
    const lows = Array.from({ length: total + 1 }, (_, hits) => share(hits, total, 0.025).low);
    for (let truth = 0.02; truth < 1; truth += 0.02) {
      // The least number of hits whose interval lies above the truth, and how likely as many are.
      const first = lows.findIndex((low) => low > truth);
      if (first >= 0) expect(atLeastHits(first, total, truth)).toBeLessThanOrEqual(0.025);
    }
  }
});

const mean = (some: readonly number[]): number => some.reduce((sum, each) => sum + each, 0) / some.length;

/** The standard error of a mean. */
function errorOf(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, each) => sum + (each - middle) ** 2, 0) / (values.length - 1) / values.length);
}

test('the jackknife of a mean is its standard error', () => {
  const values = [3, 1, 4, 1, 5, 9, 5, 6, 7, 9];
  const even = [...values, ...values.map((value) => 10 - value)];
  const { value, low, high } = jackknife(even, mean, 0.025);
  expect(value).toBe(mean(even));
  expect(high - value).toBeCloseTo(2.093024 * errorOf(even), 4);
  expect(value - low).toBeCloseTo(high - value, 9);
  expect(jackknife([1], mean, 0.025)).toEqual({ value: 1, low: -Infinity, high: Infinity });
  expect(jackknife([1, 1, 1], mean, 0.025)).toEqual({ value: 1, low: 1, high: 1 });
});

test('the jackknife reaches further to the side of a long tail, and misses it less often for that', () => {
  const random = new RandomStream(3, 1);
  const [examples, runs] = [30, 2000];
  let [missed, missedWithout] = [0, 0];
  for (let run = 0; run < runs; run++) {
    // Of a mean of 1.
    const values = Array.from({ length: examples }, () => -Math.log(1 - random.uniform()));
    const { value, low, high } = jackknife(values, mean, 0.025);
    const plain = studentQuantile(0.975, examples - 1) * errorOf(values);
    expect(high - value).toBeGreaterThanOrEqual(plain * 0.999);
    expect(value - low).toBeGreaterThanOrEqual(plain * 0.999);
    if (high < 1) missed++;
    if (value + plain < 1) missedWithout++;
  }
  expect(missed).toBeLessThan(0.8 * missedWithout);
  expect(missed / runs).toBeLessThan(0.06);
});
