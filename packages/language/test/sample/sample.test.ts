/** What is left of scores, and what is drawn of it. */
import { readFileSync } from 'node:fs';
import { chooseToken, distributionOf, type SamplingOptions } from '@espalier/language';
import { ArgumentError, Generator, randomBits } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { threefryWords } from '../../src/sample/threefry.ts';

interface Case {
  readonly scores: readonly number[];
  readonly seen: readonly number[];
  readonly options: SamplingOptions;
  readonly shares: readonly number[];
}
const cases = JSON.parse(readFileSync(new URL('../golden/sampling.json', import.meta.url), 'utf8')) as readonly Case[];

const sharesOf = (scores: readonly number[], seen: readonly number[], options: SamplingOptions): number[] => {
  const { ids, probabilities } = distributionOf(Float32Array.from(scores), seen, options);
  const shares = Array<number>(scores.length).fill(0);
  for (const [at, id] of ids.entries()) shares[id] = probabilities[at] as number;
  return shares;
};

test.each(cases.map((each, at) => [at, each] as const))('case %i is as transformers has it', (_, each) => {
  const shares = sharesOf(each.scores, each.seen, each.options);
  for (const [id, share] of shares.entries()) expect(Math.abs(share - (each.shares[id] as number))).toBeLessThan(1e-7);
});

describe('the likeliest', () => {
  test('of equals is the one with the lower id', () => {
    expect(chooseToken(Float32Array.of(1, 3, 3, 2), [])).toBe(1);
    expect(chooseToken(Float32Array.of(1, 3, 3, 2), [1], { repetitionPenalty: 1.5 })).toBe(2);
  });

  test('is what a top-k of 1, a top-p of 0 and a min-p of 1 leave', () => {
    const scores = [0.5, -1, 2, 1.9];
    for (const options of [{ topK: 1 }, { topP: 0 }, { minP: 1 }])
      expect(sharesOf(scores, [], { temperature: 1, ...options })).toEqual([0, 0, 1, 0]);
  });
});

test('scores that are no numbers are refused', () => {
  for (const wrong of [Number.NaN, Infinity])
    expect(() => chooseToken(Float32Array.of(1, wrong, 2), [])).toThrow(ArgumentError);
  expect(() => chooseToken(new Float32Array(3).fill(-Infinity), [])).toThrow(ArgumentError);
  expect(chooseToken(Float32Array.of(-Infinity, 1), [])).toBe(1);
});

test('shares are of all, and those that are left out least of them', () => {
  const option = fc.record({
    temperature: fc.constantFrom(0.3, 1, 3),
    topK: fc.nat(70),
    topP: fc.constantFrom(0.1, 0.7, 0.95, 1),
    minP: fc.constantFrom(0, 0.02, 0.5),
  });
  const scores = fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(scores, option, (drawn, options) => {
      const shares = sharesOf(drawn, [], options);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      const least = Math.min(...drawn.filter((_, id) => (shares[id] as number) > 0));
      expect(drawn.every((score, id) => score <= least || (shares[id] as number) > 0)).toBe(true);
    }),
  );
});

test('draws are those of the engine', async () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.nat(20), (seed, draw) => {
      const generator = new Generator(seed);
      generator.setState({ seed, draws: draw });
      const bits = randomBits([3], { generator }).dataSync();
      for (let index = 0; index < 3; index++) expect(threefryWords(seed, draw, index)[0]).toBe(Number(bits[index]));
    }),
    { numRuns: 20 },
  );
});

test('tokens are drawn as often as they are likely', () => {
  const scores = Float32Array.of(0, 1, 2, -1);
  const wanted = sharesOf([...scores], [], { temperature: 1 });
  const counts = [0, 0, 0, 0];
  const runs = 20_000;
  for (let draw = 0; draw < runs; draw++) {
    const id = chooseToken(scores, [], { temperature: 1, seed: 5 }, draw);
    counts[id] = (counts[id] as number) + 1;
  }
  const chiSquare = counts.reduce((sum, count, id) => {
    const expected = runs * (wanted[id] as number);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  // Of 3 degrees of freedom, beyond which one in 10,000 lies; the seed is always the same.
  expect(chiSquare).toBeLessThan(21.1);
});
