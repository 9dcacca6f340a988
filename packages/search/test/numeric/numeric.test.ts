import { describe, expect, it } from 'vitest';
import { erf, erfc, erfcx } from '../../src/numeric/erf.ts';
import { cholesky, eigenOf, inverseOf, solveLower, solveUpper } from '../../src/numeric/matrix.ts';
import { minimize } from '../../src/numeric/minimize.ts';
import {
  logImprovement,
  logNormalCdf,
  normalCdf,
  normalQuantile,
  truncatedLogDensity,
  truncatedQuantile,
} from '../../src/numeric/normal.ts';
import golden from '../golden/scipy.json' with { type: 'json' };

/** How far a number is off, as a part of the right one. */
function offBy(found: number, right: number): number {
  return Math.abs(found - right) / Math.max(1e-300, Math.abs(right));
}

function expectTable(fn: (x: number) => number, table: readonly (readonly number[])[], bound: number): void {
  for (const [x = 0, right = 0] of table) {
    const found = fn(x);
    expect(right === 0 ? Math.abs(found) : offBy(found, right), `at ${x}: ${found} for ${right}`).toBeLessThan(bound);
  }
}

describe('the normal law, beside SciPy', () => {
  it('has its error functions', () => {
    expectTable(erf, golden.erf, 1e-15);
    expectTable(erfc, golden.erfc, 1e-13);
    expectTable(erfcx, golden.erfcx, 1e-15);
  });

  it('has its distribution and quantiles, far into the tails', () => {
    expectTable(logNormalCdf, golden.logCdf, 1e-13);
    expectTable(normalQuantile, golden.quantile, 1e-13);
    for (const p of [1e-30, 0.01, 0.4, 0.9, 0.999]) expect(offBy(normalCdf(normalQuantile(p)), p)).toBeLessThan(1e-12);
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(2)]).toEqual([-Infinity, Infinity, Number.NaN]);
  });

  it('confined to [0, 1] has its densities and quantiles', () => {
    for (const { mean, sigma, logDensity, quantile } of golden.truncated) {
      expectTable((x) => truncatedLogDensity(x, mean, sigma), logDensity, 1e-11);
      expectTable((u) => truncatedQuantile(u, mean, sigma), quantile, 1e-11);
    }
  });

  it('expects an improvement, however small', () => {
    expectTable(logImprovement, golden.logImprovement, 1e-9);
  });
});

describe('matrices, beside SciPy', () => {
  it.each(golden.linear.map((entry) => [entry.right.length, entry] as const))(
    'of size %i are factored, solved and inverted',
    (size, { matrix, right, cholesky: factor, solution, eigenvalues }) => {
      const whole = Float64Array.from(matrix.flat());
      const lower = whole.slice();
      expect(cholesky(lower, size)).toBe(true);
      factor.forEach((row, i) =>
        row.slice(0, i + 1).forEach((value, j) => expect(lower[i * size + j]).toBeCloseTo(value, 10)),
      );
      const x = solveUpper(lower, size, solveLower(lower, size, Float64Array.from(right)));
      solution.forEach((value, index) => expect(x[index]).toBeCloseTo(value, 10));
      const inverse = inverseOf(lower, size);
      solution.forEach((value, row) => {
        const sum = right.reduce((total, item, column) => total + (inverse[row * size + column] ?? 0) * item, 0);
        expect(sum).toBeCloseTo(value, 10);
      });
      const { values, vectors } = eigenOf(whole, size);
      [...values].toSorted((a, b) => a - b).forEach((value, i) => expect(value).toBeCloseTo(eigenvalues[i] ?? 0, 9));
      for (let i = 0; i < size; i += 1) {
        for (let j = 0; j < size; j += 1) {
          let sum = 0;
          for (let k = 0; k < size; k += 1)
            sum += (vectors[i * size + k] ?? 0) * (values[k] ?? 0) * (vectors[j * size + k] ?? 0);
          expect(sum).toBeCloseTo(matrix[i]?.[j] ?? 0, 9);
        }
      }
    },
  );

  it('are refused when they are not positive definite', () => {
    expect(cholesky(Float64Array.from([1, 2, 2, 1]), 2)).toBe(false);
  });
});

describe('minimize', () => {
  it('finds the bottom of a curved valley', () => {
    const found = minimize(
      (v, gradient) => {
        const [x = 0, y = 0] = v;
        gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x);
        gradient[1] = 200 * (y - x * x);
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
      },
      Float64Array.from([-1.2, 1]),
      { low: -5, high: 5, iterations: 200 },
    );
    expect(found.value).toBeLessThan(1e-8);
    expect(found.x[0]).toBeCloseTo(1, 3);
  });

  it('stops at the wall when the bottom lies beyond, and goes on along it', () => {
    const { x } = minimize(
      (v, gradient) => {
        const [a = 0, b = 0] = v;
        gradient[0] = 2 * (a - 3) + (b - 0.2);
        gradient[1] = 4 * (b - 0.2) + (a - 3);
        return (a - 3) ** 2 + 2 * (b - 0.2) ** 2 + (a - 3) * (b - 0.2);
      },
      Float64Array.from([0.1, 0.9]),
      { low: 0, high: 1, iterations: 50 },
    );
    expect(x[0]).toBe(1);
    expect(x[1]).toBeCloseTo(0.7, 4);
  });
});
