// Laws of splits: disjoint, whole, of their shares, and the same for the same seed.
import { ArgumentError } from '@espalier/tensor';
import { classWeights, kFolds, splitRows, type SplitOptions } from '@espalier/data';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { golden } from '../helpers/golden.ts';

const someShares = fc
  .array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.map((part) => part / parts.reduce((sum, each) => sum + each, 0)));
const seed = fc.integer({ min: 0, max: 1e6 });
const labels = (max: number) => fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: max });

const inOrder = (rows: number): number[] => Array.from({ length: rows }, (_, row) => row);
const isWhole = (parts: readonly Int32Array[], rows: number): void =>
  expect(parts.flatMap((part) => [...part]).toSorted((a, b) => a - b)).toEqual(inOrder(rows));
const near = (count: number, exact: number): void => {
  expect(count).toBeGreaterThanOrEqual(Math.floor(exact + 1e-6));
  expect(count).toBeLessThanOrEqual(Math.ceil(exact - 1e-6));
};

describe('parts of rows', () => {
  test('at random: whole, within one row of their shares, a function of the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80 }), someShares, seed, (rows, shares, own) => {
        const parts = splitRows(rows, shares, { seed: own });
        isWhole(parts, rows);
        for (const [index, part] of parts.entries()) near(part.length, (shares[index] as number) * rows);
        expect(splitRows(rows, shares, { seed: own })).toEqual(parts);
      }),
    );
  });

  test('by classes: each part has its share of every class and of the whole within one row', () => {
    fc.assert(
      fc.property(labels(120), someShares, seed, (classes, shares, own) => {
        const parts = splitRows(classes.length, shares, { seed: own, classes });
        isWhole(parts, classes.length);
        for (const [index, part] of parts.entries()) {
          const share = shares[index] as number;
          near(part.length, share * classes.length);
          for (const label of new Set(classes)) {
            const all = classes.filter((each) => each === label).length;
            near([...part].filter((row) => classes[row] === label).length, share * all);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('by groups: none is split, and no part is empty', () => {
    fc.assert(
      fc.property(labels(120), someShares, seed, (groups, shares, own) => {
        const names = groups.map((group) => `group ${group}`);
        fc.pre(new Set(names).size >= shares.length);
        const parts = splitRows(names.length, shares, { seed: own, groups: names });
        isWhole(parts, names.length);
        const found = parts.map((part) => new Set([...part].map((row) => names[row])));
        expect(found.reduce((sum, { size }) => sum + size, 0)).toBe(new Set(names).size);
        expect(parts.every(({ length }) => length > 0)).toBe(true);
      }),
    );
  });

  test('by time: each part comes before the next, and none is empty', () => {
    fc.assert(
      fc.property(labels(120), someShares, (times, shares) => {
        fc.pre(new Set(times).size >= shares.length);
        const parts = splitRows(times.length, shares, { times });
        isWhole(parts, times.length);
        for (const [index, part] of parts.entries()) {
          const before = parts[index - 1];
          expect(part.length).toBeGreaterThan(0);
          if (before)
            expect(Math.max(...[...before].map((row) => times[row] as number))).toBeLessThan(
              Math.min(...[...part].map((row) => times[row] as number)),
            );
        }
      }),
    );
    const [early, late] = splitRows(100, [0.8, 0.2], { times: inOrder(100).toReversed() });
    expect([early?.length, late?.length, late?.[0]]).toEqual([80, 20, 0]);
  });

  test.each([
    [[0.5, 0.6], {}, /shares above 0 that sum to 1/],
    [[1, 0], {}, /shares above 0/],
    [[0.5, 0.5], { classes: [1] }, /1 classes for 3 rows/],
    [[0.5, 0.5], { groups: [1, 1, 1] }, /1 groups cannot fill 2 parts/],
    [[0.5, 0.5], { times: [2, 2, 2] }, /1 different times cannot fill 2 parts/],
    [[0.5, 0.5], { times: [2, NaN, 2] }, /the time of row 2 is NaN/],
    [[0.5, 0.5], { times: [1, 2, 3], groups: [1, 2, 3] }, /takes one of groups and times/],
  ] satisfies [number[], SplitOptions, RegExp][])('%j of 3 rows with %j is refused', (shares, options, problem) => {
    expect(() => splitRows(3, shares, options)).toThrow(ArgumentError);
    expect(() => splitRows(3, shares, options)).toThrow(problem);
  });
});

describe('folds', () => {
  test('each row is judged once, by what was learnt without it', () => {
    const how = fc.constantFrom('rows', 'classes', 'groups');
    fc.assert(
      fc.property(labels(60), fc.integer({ min: 2, max: 6 }), how, seed, (values, count, by, own) => {
        fc.pre(values.length >= count && (by !== 'groups' || new Set(values).size >= count));
        const folds = kFolds(values.length, count, { seed: own, ...(by !== 'rows' && { [by]: values }) });
        expect(folds.length).toBe(count);
        isWhole(
          folds.map(({ test: judged }) => judged),
          values.length,
        );
        for (const { train, test: judged } of folds) {
          isWhole([train, judged], values.length);
          if (by === 'groups')
            expect([...judged].some((row) => [...train].some((other) => values[other] === values[row]))).toBe(false);
          if (by === 'classes')
            for (const value of new Set(values))
              near(
                [...judged].filter((row) => values[row] === value).length,
                values.filter((each) => each === value).length / count,
              );
        }
      }),
    );
  });

  test('by time, learn from what came before alone', () => {
    const folds = kFolds(12, 3, { times: inOrder(12) });
    expect(folds.map(({ train, test: judged }) => [train.length, [...judged]])).toEqual([
      [3, [3, 4, 5]],
      [6, [6, 7, 8]],
      [9, [9, 10, 11]],
    ]);
  });

  test('too many, or too few, are refused', () => {
    expect(() => kFolds(3, 4)).toThrow(/3 rows do not fill 4 parts/);
    expect(() => kFolds(3, 1)).toThrow(/folds is 1/);
  });
});

describe('class weights', () => {
  test("are scikit-learn's", () => {
    const { labels: given, balanced } = golden.weights;
    for (const [index, weight] of classWeights(given, 3).entries())
      expect(weight).toBeCloseTo(balanced[index] as number, 12);
    expect([...classWeights([0, 0, 2, 2], 3)]).toEqual([1, 0, 1]);
  });

  test('a label of no class is refused by its row', () => {
    expect(() => classWeights([0, 3], 3)).toThrow(/row 2 is 3/);
  });
});
