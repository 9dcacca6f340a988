import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseDropped, dropCount } from '../../src/prune/allocate.ts';
import { markLowest } from '../../src/prune/exact-rank.ts';
import { at } from '../helpers/at.ts';

// Few different values, so that there are many ties.
const scores = fc
  .array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 60 })
  .map((all) => Float32Array.from(all));
const count = (marks: ArrayLike<number>): number => Array.from(marks).filter((mark) => mark === 1).length;

describe('markLowest', () => {
  test('drops exactly as many as asked, and of equal scores the first', () => {
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const dropped = Math.floor(share * all.length);
        const order = [...all.keys()].toSorted((a, b) => at(all, a) - at(all, b) || a - b);
        const expected = new Uint8Array(all.length);
        for (const index of order.slice(0, dropped)) expected[index] = 1;
        expect(markLowest(all, dropped)).toEqual(expected);
      }),
    );
  });

  test('a NaN has no rank', () => {
    expect(() => markLowest(Float32Array.of(1, Number.NaN), 1)).toThrow(/NaN/);
  });

  test('no more can be dropped than there is', () => {
    expect(() => markLowest(Float32Array.of(1), 2)).toThrow(/2 of 1/);
  });
});

describe('chooseDropped', () => {
  test('0.3 of 10 is 3', () => {
    expect(dropCount(0.3, 10)).toBe(3);
    expect(dropCount(0.29, 100)).toBe(29);
    expect(dropCount(0.999, 10)).toBe(9);
  });

  test('local: each tensor reaches the sparsity exactly', () => {
    fc.assert(
      fc.property(
        fc.array(scores, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, s) => {
          const marks = chooseDropped(all, s, 'local');
          expect(marks.map(count)).toEqual(all.map(({ length }) => dropCount(s, length)));
        },
      ),
    );
  });

  test('global: all together reach it exactly, and no kept weight scores below a dropped one', () => {
    fc.assert(
      fc.property(
        fc.array(scores, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, s) => {
          const marks = chooseDropped(all, s, 'global');
          const flat = all.flatMap((each) => [...each]);
          const dropped = marks.flatMap((each) => [...each]);
          expect(count(dropped)).toBe(dropCount(s, flat.length));
          const highest = Math.max(-Infinity, ...flat.filter((_, index) => dropped[index] === 1));
          const lowest = Math.min(Infinity, ...flat.filter((_, index) => dropped[index] === 0));
          expect(highest).toBeLessThanOrEqual(lowest);
        },
      ),
    );
  });

  test('global: bounds hold for each tensor', () => {
    const all = [Float32Array.from({ length: 10 }, () => 1), Float32Array.from({ length: 90 }, () => 9)];
    expect(chooseDropped(all, 0.1, 'global').map(count)).toEqual([10, 0]);
    expect(chooseDropped(all, 0.1, 'global', { minimum: 0, maximum: 0.5 }).map(count)).toEqual([5, 5]);
    expect(chooseDropped(all, 0.9, 'global', { minimum: 0.85, maximum: 0.95 }).map(count)).toEqual([9, 81]);
  });

  test('global: bounds that leave no choice are refused', () => {
    const all = [Float32Array.from({ length: 10 }, () => 1)];
    expect(() => chooseDropped(all, 0.9, 'global', { minimum: 0, maximum: 0.5 })).toThrow(
      /9 of 10 .* it can be 0 to 5/,
    );
  });

  test('what has the lowest possible score stays dropped when the sparsity grows', () => {
    fc.assert(
      fc.property(
        fc.array(scores, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('local', 'global'),
        (all, scope) => {
          const first = chooseDropped(all, 0.4, scope);
          const again = all.map((each, t) => each.map((score, i) => (first[t]?.[i] === 1 ? -Infinity : score)));
          const second = chooseDropped(again, 0.7, scope);
          for (const [t, marks] of first.entries()) {
            for (const [i, mark] of marks.entries()) if (mark === 1) expect(second[t]?.[i]).toBe(1);
          }
        },
      ),
    );
  });
});
