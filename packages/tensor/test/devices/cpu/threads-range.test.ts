import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeControl, nextApart, places } from '../../../src/devices/cpu/threads/control.ts';
import { divide, makeShares } from '../../../src/devices/cpu/threads/range.ts';

/** A range that is told to so many shares. */
function told(range: number, chunk: number, shares: number): Int32Array {
  const control = makeControl();
  control[places.range] = range;
  control[places.chunk] = chunk;
  control[places.shares] = shares;
  divide(control, Math.ceil(range / chunk));
  return control;
}

test('each unit is taken once, whoever comes, and in whatever order', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 16 }),
      fc.array(fc.nat(15), { maxLength: 200 }),
      (range, chunk, shares, order) => {
        const take = makeShares(told(range, chunk, shares), places, nextApart);
        const taken: number[] = [];
        const turns = order.map((share) => share % shares);
        const part = (begin: number, end: number): void => {
          for (let unit = begin; unit < end; unit++) taken.push(unit);
          // Another thread comes while this one is at it.
          const next = turns.pop();
          if (next !== undefined) take(next, part);
        };
        take(turns.pop() ?? 0, part);
        expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: range }, (_, unit) => unit));
      },
    ),
  );
});

test('a thread begins with neighbours of its own, and goes on with what others have left', () => {
  const take = makeShares(told(16, 2, 2), places, nextApart);
  const begins: number[] = [];
  take(1, (begin) => begins.push(begin));
  expect(begins).toEqual([8, 10, 12, 14, 0, 2, 4, 6]);
});
