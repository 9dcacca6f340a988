import { RandomStream, float, int } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { truncatedLogDensity } from '../../../src/numeric/normal.ts';
import { codeOf } from '../../../src/strategies/codes.ts';
import { apart, together } from '../../../src/strategies/tpe/bandwidths.ts';
import { Density, type Observed } from '../../../src/strategies/tpe/density.ts';

const x: Observed = { parameter: float(-2, 3), codes: Float64Array.from([0.1, 0.15, 0.8]) };
const rate = int(1, 12, { log: true });
const n: Observed = { parameter: rate, codes: Float64Array.from([1, 7, 12], (value) => codeOf(rate, value)) };
const c: Observed = { parameter: { kind: 'choice', values: ['a', 'b', 'c'] }, codes: Float64Array.from([0, 0, 2]) };
const weights = Float64Array.from([0.5, 1, 1]);

describe('a density', () => {
  it('is a mixture of confined normal laws', () => {
    const density = new Density([x], weights, () => Float64Array.from([0.1, 0.2, 0.3, 1]));
    const at = 0.4;
    const kernels = [
      [0.5, 0.1, 0.1],
      [1, 0.15, 0.2],
      [1, 0.8, 0.3],
      [1, 0.5, 1],
    ] as const;
    const mixture = kernels.reduce(
      (sum, [w, mean, sigma]) => sum + (w / 3.5) * Math.exp(truncatedLogDensity(at, mean, sigma)),
      0,
    );
    expect(density.logAt([at])).toBeCloseTo(Math.log(mixture), 12);
  });

  it.each([
    ['together', together],
    ['apart', apart],
  ])('with bandwidths %s has mass 1 over numbers, grids and choices', (_, bandwidths) => {
    const density = new Density([x, n, c], weights, bandwidths);
    let mass = 0;
    for (let i = 0; i < 400; i += 1) {
      for (let value = 1; value <= 12; value += 1) {
        for (let index = 0; index < 3; index += 1) {
          mass += Math.exp(density.logAt([(i + 0.5) / 400, codeOf(rate, value), index])) / 400;
        }
      }
    }
    expect(mass).toBeCloseTo(1, 3);
  });

  it('draws what it says', () => {
    const density = new Density([x, n, c], weights, together);
    const random = new RandomStream(7, 0);
    const draws = Array.from({ length: 6000 }, () => density.draw(random));
    const shareOf = (test: (point: readonly number[]) => boolean): number => draws.filter(test).length / draws.length;
    let [below, seven, third] = [0, 0, 0];
    for (let i = 0; i < 200; i += 1) {
      for (let value = 1; value <= 12; value += 1) {
        for (let index = 0; index < 3; index += 1) {
          const part = Math.exp(density.logAt([(i + 0.5) / 200, codeOf(rate, value), index])) / 200;
          if (i < 60) below += part;
          if (value === 7) seven += part;
          if (index === 2) third += part;
        }
      }
    }
    // Three standard deviations of a share of 6000 are 0.02 at most.
    expect(Math.abs(shareOf(([position = 0]) => position < 0.3) - below)).toBeLessThan(0.02);
    expect(Math.abs(shareOf((point) => point[1] === codeOf(rate, 7)) - seven)).toBeLessThan(0.02);
    expect(Math.abs(shareOf((point) => point[2] === 2) - third)).toBeLessThan(0.02);
  });
});

describe('bandwidths', () => {
  it('of one parameter reach to the farther neighbour, the middle being one', () => {
    const widths = [...apart(Float64Array.from([0.9, 0.2, 0.3]), 1)];
    [0.4, 1 / 5.75, 0.2, 1].forEach((width, index) => expect(widths[index]).toBeCloseTo(width, 12));
  });

  it('of several shrink with what agrees, and not to nothing', () => {
    const width = (positions: readonly number[]): number => together(Float64Array.from(positions), 3)[0] ?? 0;
    const close = Array.from({ length: 20 }, (_, index) => 0.4 + index / 1000);
    expect(width(close)).toBeLessThan(width([0.1, 0.4, 0.9]) / 3);
    expect(width(Array.from({ length: 20_000 }, () => 0.4))).toBe(0.01);
  });
});
