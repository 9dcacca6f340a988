import { describe, expect, it } from 'vitest';
import {
  climb,
  logExpectedImprovement,
  logExpectedImprovementGradient,
} from '../../../src/strategies/gp/acquisition.ts';
import { fit, lossOf, posteriorOf, type Data, type Kinds } from '../../../src/strategies/gp/process.ts';
import golden from '../../golden/scipy.json' with { type: 'json' };

/** A table's data, hyperparameters and kinds. */
function setup(entry: (typeof golden.matern)[number]): { data: Data; hyper: Float64Array; kinds: Kinds } {
  return {
    data: { points: entry.x.map((point) => Float64Array.from(point)), values: Float64Array.from(entry.y) },
    hyper: Float64Array.from([
      ...entry.scales.map((scale) => -2 * Math.log(scale)),
      Math.log(entry.signal),
      Math.log(entry.noise),
    ]),
    kinds: entry.scales.map(() => 'number'),
  };
}

/** The derivative of a function along each coordinate, by central differences. */
function differences(fn: (x: Float64Array) => number, x: Float64Array): Float64Array {
  return x.map((value, index) => {
    const step = 1e-5;
    return (fn(x.with(index, value + step)) - fn(x.with(index, value - step))) / (2 * step);
  });
}

describe.each(golden.matern.map((entry) => [entry.scales.length, entry] as const))(
  'a Gaussian process in %i dimensions',
  (_, entry) => {
    const { data, hyper, kinds } = setup(entry);
    const posterior = posteriorOf(data, hyper, kinds);

    it("has SciPy's posterior", () => {
      entry.at.forEach((point, index) => {
        const { mean, deviation } = posterior.at(Float64Array.from(point));
        expect(mean).toBeCloseTo(entry.mean[index] ?? 0, 9);
        expect(deviation ** 2).toBeCloseTo(entry.variance[index] ?? 0, 9);
      });
    });

    it("has SciPy's likelihood, and the priors it says", () => {
      const found = lossOf(data, hyper, kinds, new Float64Array(hyper.length));
      const prior =
        entry.scales.reduce((sum, scale) => sum + 0.1 * (scale ** -2 + scale ** 2), 0) +
        (entry.signal - Math.log(entry.signal)) +
        (30 * entry.noise - 0.1 * Math.log(entry.noise));
      const constant = 0.5 * data.values.length * Math.log(2 * Math.PI);
      expect(found).toBeCloseTo(-entry.logLikelihood - constant + prior, 9);
    });

    it('has gradients that finite differences confirm', () => {
      const gradient = new Float64Array(hyper.length);
      lossOf(data, hyper, kinds, gradient);
      const numeric = differences((h) => lossOf(data, h, kinds, new Float64Array(h.length)), hyper);
      gradient.forEach((value, index) => expect(value).toBeCloseTo(numeric[index] ?? 0, 5));
      for (const point of entry.at.map((own) => Float64Array.from(own))) {
        const slope = new Float64Array(point.length);
        const gain = logExpectedImprovementGradient(posterior, -1, point, slope);
        expect(gain).toBeCloseTo(logExpectedImprovement(posterior, -1, point), 12);
        const expected = differences((x) => logExpectedImprovement(posterior, -1, x), point);
        slope.forEach((value, index) => {
          const right = expected[index] ?? 0;
          expect(Math.abs(value - right)).toBeLessThan(1e-5 * (1 + Math.abs(right)));
        });
      }
    });
  },
);

describe('a Gaussian process', () => {
  const points = [0, 0.2, 0.45, 0.7, 1].map((x) => Float64Array.from([x]));
  const data: Data = { points, values: Float64Array.from(points, ([x = 0]) => Math.sin(6 * x)) };

  it('passes through what it saw without noise, and knows least in the gaps', () => {
    const hyper = Float64Array.from([Math.log(9), 0, Math.log(1e-8)]);
    const posterior = posteriorOf(data, hyper, ['number']);
    points.forEach((point, index) => expect(posterior.at(point).mean).toBeCloseTo(data.values[index] ?? 0, 5));
    expect(posterior.at(Float64Array.from([0.2])).deviation).toBeLessThan(1e-3);
    expect(posterior.at(Float64Array.from([0.575])).deviation).toBeGreaterThan(0.02);
  });

  it('is fitted: the hyperparameters are no worse than any near them, and a useless coordinate is found out', () => {
    const two: Data = {
      points: Array.from({ length: 20 }, (_, index) => Float64Array.from([(index * 0.618) % 1, (index * 0.755) % 1])),
      values: Float64Array.from({ length: 20 }, (_, index) => Math.sin(8 * ((index * 0.618) % 1))),
    };
    const kinds: Kinds = ['number', 'number'];
    const hyper = fit(two, kinds);
    const scratch = new Float64Array(4);
    const least = lossOf(two, hyper, kinds, scratch);
    for (const index of [0, 1, 2]) {
      for (const change of [-0.2, 0.2]) {
        const other = hyper.with(index, (hyper[index] ?? 0) + change);
        expect(lossOf(two, other, kinds, scratch)).toBeGreaterThan(least);
      }
    }
    expect(hyper[0]).toBeGreaterThan((hyper[1] ?? 0) + 1);
  });

  it('keeps choices apart, whatever their codes', () => {
    const three: Data = {
      points: [0, 1, 2].map((code) => Float64Array.from([code])),
      values: Float64Array.from([1, 0, -1]),
    };
    const posterior = posteriorOf(three, Float64Array.from([0, 0, Math.log(1e-6)]), ['choice']);
    const swapped: Data = { points: [7, 1, 2].map((code) => Float64Array.from([code])), values: three.values };
    const other = posteriorOf(swapped, Float64Array.from([0, 0, Math.log(1e-6)]), ['choice']);
    expect(other.at(Float64Array.from([7]))).toEqual(posterior.at(Float64Array.from([0])));
    expect(other.at(Float64Array.from([5])).mean).toBeCloseTo(0, 6);
  });

  it('climbs to where the improvement is largest nearby', () => {
    const posterior = posteriorOf(data, Float64Array.from([Math.log(9), 0, Math.log(1e-6)]), ['number']);
    const best = Math.min(...data.values);
    const { point, gain } = climb(posterior, best, Float64Array.from([0.75]), [0]);
    for (let x = 0.71; x < 0.99; x += 0.002) {
      expect(gain).toBeGreaterThan(logExpectedImprovement(posterior, best, Float64Array.from([x])) - 1e-4);
    }
    expect(point[0]).toBeGreaterThan(0.7);
  });
});
