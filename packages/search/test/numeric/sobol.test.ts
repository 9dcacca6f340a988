import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { owenScramble, sobolDimensions, sobolWord } from '../../src/numeric/sobol.ts';
import golden from '../golden/scipy.json' with { type: 'json' };

const unit = (word: number): number => word / 2 ** 32;

describe('the Sobol sequence', () => {
  it('begins as it does everywhere', () => {
    const points = [0, 1, 2, 3].map((index) => [0, 1].map((dimension) => unit(sobolWord(index, dimension))));
    expect(points).toEqual([
      [0, 0],
      [0.5, 0.5],
      [0.75, 0.25],
      [0.25, 0.75],
    ]);
  });

  it("is SciPy's, in all its dimensions", () => {
    golden.sobol.first.forEach((point, index) =>
      expect(point.map((_, dimension) => unit(sobolWord(index, dimension)))).toEqual(point),
    );
    const { later } = golden.sobol;
    expect(later).toHaveLength(sobolDimensions);
    // SciPy's points have 30 bits.
    later.forEach((value, dimension) => expect(unit(sobolWord(1000, dimension))).toBeCloseTo(value, 9));
  });

  it('puts one point into every elementary interval, scrambled or not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        fc.tuple(fc.nat(), fc.nat()),
        fc.boolean(),
        (a, b, seeds, scrambled) => {
          const cells = new Set<string>();
          for (let index = 0; index < 2 ** (a + b); index += 1) {
            const [x = 0, y = 0] = seeds.map((seed, dimension) => {
              const word = sobolWord(index, dimension);
              return unit(scrambled ? owenScramble(word, seed) : word);
            });
            cells.add(`${Math.floor(x * 2 ** a)} ${Math.floor(y * 2 ** b)}`);
          }
          expect(cells.size).toBe(2 ** (a + b));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('integrates a smooth function far better than its number of points suggests of random ones', () => {
    const f = (index: number, seed: number): number =>
      [0, 1, 2, 3, 4].reduce(
        (product, k) => product * (1 + 0.5 * (unit(owenScramble(sobolWord(index, k), seed + k)) - 0.5)),
        1,
      );
    for (let seed = 1; seed < 6; seed += 1) {
      let sum = 0;
      for (let index = 0; index < 1024; index += 1) sum += f(index, seed * 1000);
      // Of 1024 random points the mean is off by 0.01, give or take.
      expect(Math.abs(sum / 1024 - 1)).toBeLessThan(1e-3);
    }
  });

  it('scrambled otherwise by another seed', () => {
    const words = (seed: number): readonly number[] =>
      [1, 2, 3, 4].map((index) => owenScramble(sobolWord(index, 0), seed));
    expect(words(1)).not.toEqual(words(2));
  });
});
