import {
  RandomStream,
  choice,
  float,
  fromUnit,
  int,
  sampleParameter,
  toUnit,
  type NumberParameter,
} from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parameter } from '../helpers/arbitraries.ts';

const count = 20_000;
const samples = (of: NumberParameter): readonly number[] =>
  Array.from({ length: count }, (_, trial) => Number(sampleParameter(of, new RandomStream(3, trial, 'p'))));

/** The Kolmogorov-Smirnov distance to a distribution function, over the points given. */
function distance(values: readonly number[], points: readonly number[], cumulative: (at: number) => number): number {
  const below = (at: number): number => values.filter((value) => value <= at).length / values.length;
  return Math.max(...points.map((at) => Math.abs(below(at) - cumulative(at))));
}

/** What one in a hundred seeds would exceed; the seed here is fixed. */
const bound = 1.63 / Math.sqrt(count);
const grid = Array.from({ length: 200 }, (_, index) => (index + 0.5) / 200);

describe('a sampled number follows its exact distribution', () => {
  it('float: uniform', () => {
    const at = grid.map((unit) => -2 + 5 * unit);
    expect(distance(samples(float(-2, 3)), at, (value) => (value + 2) / 5)).toBeLessThan(bound);
  });

  it('float with log: uniform in the logarithm', () => {
    const at = grid.map((unit) => 10 ** (-5 + 5 * unit));
    const cumulative = (value: number): number => (Math.log10(value) + 5) / 5;
    expect(distance(samples(float(1e-5, 1, { log: true })), at, cumulative)).toBeLessThan(bound);
  });

  it('int: the same for each', () => {
    const at = [2, 3, 4, 5, 6, 7, 8];
    expect(distance(samples(int(2, 8)), at, (value) => (value - 1) / 7)).toBeLessThan(bound);
  });

  it('int with step: the same for each', () => {
    const parameterOf = int(10, 31, { step: 7 });
    const found = samples(parameterOf);
    expect([...new Set(found)].toSorted((a, b) => a - b)).toEqual([10, 17, 24, 31]);
    expect(distance(found, [10, 17, 24, 31], (value) => (value - 3) / 28)).toBeLessThan(bound);
  });

  it('int with log: each weighs the logarithm of its cell', () => {
    const at = Array.from({ length: 64 }, (_, index) => index + 1);
    const cumulative = (value: number): number => Math.log((value + 0.5) / 0.5) / Math.log(64.5 / 0.5);
    expect(distance(samples(int(1, 64, { log: true })), at, cumulative)).toBeLessThan(bound);
  });

  it('float with step: values without binary dust', () => {
    const found = new Set(samples(float(0.1, 0.75, { step: 0.1 })));
    expect([...found].toSorted((a, b) => a - b)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  });

  it('choice: the same for each', () => {
    const values = choice(['a', 'b', 'c']);
    const found = Array.from({ length: count }, (_, trial) => sampleParameter(values, new RandomStream(9, trial)));
    for (const value of values.values) {
      const share = found.filter((other) => other === value).length / count;
      expect(Math.abs(share - 1 / 3)).toBeLessThan(0.01);
    }
  });
});

describe('the unit interval', () => {
  it('maps onto every number parameter and back', () => {
    const number = parameter.filter((node) => node.kind !== 'choice');
    fc.assert(
      fc.property(number, fc.double({ min: 0, max: 1, noNaN: true }), (node, position) => {
        const value = fromUnit(node, position);
        expect(value).toBeGreaterThanOrEqual(node.low);
        expect(value).toBeLessThanOrEqual(node.high);
        const again = fromUnit(node, toUnit(node, value));
        if (node.step === undefined) expect(again).toBeCloseTo(value, 6);
        else expect(again).toBe(value);
      }),
    );
  });

  it('keeps the order of values', () => {
    const number = parameter.filter((node) => node.kind !== 'choice');
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(number, unit, unit, (node, a, b) => {
        expect(fromUnit(node, Math.min(a, b))).toBeLessThanOrEqual(fromUnit(node, Math.max(a, b)));
      }),
    );
  });
});
