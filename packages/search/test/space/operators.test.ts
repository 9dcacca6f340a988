import {
  RandomStream,
  crossover,
  mutate,
  onePointCrossover,
  polynomialMove,
  resampleParameter,
  simulatedBinary,
  simulatedBinaryCrossover,
  float,
  int,
  space,
  type ConfigObject,
  type Space,
} from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySpace, parameter, seed } from '../helpers/arbitraries.ts';
import { sampleParameter } from '../../src/space/space.ts';

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const draw = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const eta = fc.double({ min: 0, max: 30, noNaN: true });

describe('simulated binary crossover', () => {
  it("keeps the parents' mean and the interval", () => {
    fc.assert(
      fc.property(unit, unit, eta, draw, (a, b, index, u) => {
        const [one, other] = simulatedBinary(a, b, index, u);
        expect(one + other).toBeCloseTo(a + b, 12);
        expect(Math.min(one, other)).toBeGreaterThanOrEqual(0);
        expect(Math.max(one, other)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('spreads as the bounded distribution says, worked out by hand', () => {
    // The nearer end is 0.2 away and the gap is 0.4, so beta = 2 and alpha = 2 - 2^-3 with eta 2.
    const alpha = 2 - 2 ** -3;
    const spread = (0.25 * alpha) ** (1 / 3);
    expect(simulatedBinary(0.2, 0.6, 2, 0.25)[0]).toBeCloseTo(0.4 - 0.2 * spread, 14);
    const wide = (1 / (2 - 0.9 * alpha)) ** (1 / 3);
    expect(wide).toBeGreaterThan(1);
    expect(simulatedBinary(0.6, 0.2, 2, 0.9)[0]).toBeCloseTo(0.4 + 0.2 * wide, 14);
  });

  it('stays nearer with a larger index, and at equal parents', () => {
    const reach = (index: number): number => Math.abs(simulatedBinary(0.4, 0.6, index, 0.95)[1] - 0.6);
    expect(reach(20)).toBeLessThan(reach(2));
    expect(simulatedBinary(0.3, 0.3, 15, 0.9)).toEqual([0.3, 0.3]);
  });
});

describe('polynomial mutation', () => {
  it('stays in the interval, and moves down below a draw of a half and up above', () => {
    fc.assert(
      fc.property(unit, eta, draw, (position, index, u) => {
        const moved = polynomialMove(position, index, u);
        expect(moved).toBeGreaterThanOrEqual(-1e-12);
        expect(moved).toBeLessThanOrEqual(1 + 1e-12);
        if (u < 0.5) expect(moved).toBeLessThanOrEqual(position + 1e-12);
        else expect(moved).toBeGreaterThanOrEqual(position - 1e-12);
      }),
    );
    expect(polynomialMove(0.3, 20, 0.5)).toBeCloseTo(0.3, 14);
    expect(polynomialMove(0.3, 20, 0)).toBeCloseTo(0, 12);
  });
});

type Cross = (space: Space, a: ConfigObject, b: ConfigObject, random: RandomStream) => ConfigObject;

describe.each<[string, Cross]>([
  ['uniform', crossover],
  ['one-point', onePointCrossover],
  ['simulated binary', simulatedBinaryCrossover],
])('%s crossover', (_, cross) => {
  it('gives configs of the space, and of one parent that parent', () => {
    fc.assert(
      fc.property(anySpace, seed, (domain, s) => {
        const [a, b] = [1, 2].map((trial) => domain.sample(new RandomStream(s, trial)));
        if (a === undefined || b === undefined) return;
        expect(domain.contains(cross(domain, a, b, new RandomStream(s, 3)))).toBe(true);
        expect(domain.key(cross(domain, a, a, new RandomStream(s, 4)))).toBe(domain.key(a));
      }),
    );
  });
});

describe('operators on configs', () => {
  it('one-point takes a beginning of one parent and the rest of the other', () => {
    const domain = space(Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`n${index}`, int(0, 1)])));
    const [zeros, ones] = [domain.at(0), domain.at(63)];
    const seen = new Set<string>();
    for (let s = 0; s < 100; s += 1) {
      seen.add(Object.values(onePointCrossover(domain, zeros, ones, new RandomStream(s, 0))).join(''));
    }
    expect([...seen].toSorted()).toEqual(['000001', '000011', '000111', '001111', '011111']);
  });

  it('resampling gives another value wherever there is one', () => {
    fc.assert(
      fc.property(parameter, seed, (one, s) => {
        const value = sampleParameter(one, new RandomStream(s, 0));
        const domain = space({ one });
        const other = resampleParameter(one, value, new RandomStream(s, 1));
        expect(domain.contains({ one: other })).toBe(true);
        if (domain.size > 1) expect(other === value && domain.size < Infinity).toBe(false);
      }),
    );
  });

  it('mutation by resampling reaches far, polynomial mutation seldom does', () => {
    const domain = space({ x: float(0, 1) });
    const far = (kind: 'resample' | 'polynomial'): number =>
      Array.from({ length: 200 }, (_, s) => mutate(domain, { x: 0.5 }, new RandomStream(s, 0), { kind }).x).filter(
        (x) => Math.abs(x - 0.5) > 0.25,
      ).length;
    expect(far('resample')).toBeGreaterThan(60);
    expect(far('polynomial')).toBeLessThan(10);
  });
});
