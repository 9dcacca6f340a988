// Groups of columns go where the rest makes up for them best, as the definition has it.
import { dropColumns } from '@espalier/optimize';
import { describe, expect, test } from 'vitest';
import { at } from '../helpers/at.ts';
import { among, correlated, drawnWeights, inverse, quadratic, rowsOf, times } from '../helpers/dense.ts';

const [rows, columns, group] = [3, 12, 3];
const products = correlated(columns, 5, 2);
const weights = Float32Array.from(drawnWeights(rows, columns, 4));
const matrix = rowsOf(products, columns);
const mean = matrix.reduce((sum, row, index) => sum + at(row, index) / columns, 0);
const damped = matrix.map((row, index) => row.map((value, column) => value + (index === column ? 0.01 * mean : 0)));
const columnsOf = (groups: readonly number[]): number[] =>
  groups.flatMap((index) => Array.from({ length: group }, (_, column) => index * group + column));

/** The best weights of some groups, and what their outputs lose with what is added to the inputs. */
function fitted(kept: readonly number[]): { readonly values: readonly number[][]; readonly loss: number } {
  const [own, inner] = [columnsOf(kept), inverse(among(damped, columnsOf(kept)))];
  let loss = 0;
  const values = rowsOf(weights, columns).map((row) => {
    const pull = times(row, damped);
    const best = times(
      own.map((column) => at(pull, column)),
      inner,
    );
    const differences = row.map((value, column) => value - (own.includes(column) ? at(best, own.indexOf(column)) : 0));
    loss += quadratic(differences, damped);
    return best;
  });
  return { values, loss };
}

test.each([1, 2, 3])('%i groups of four', (count) => {
  let kept = [0, 1, 2, 3];
  for (let gone = 0; gone < count; gone++) {
    const left = kept.map((index) => kept.filter((each) => each !== index));
    const losses = left.map((each) => fitted(each).loss);
    kept = at(left, losses.indexOf(Math.min(...losses)));
  }
  const found = dropColumns({ weights, products }, { group, count });
  expect(found.kept).toEqual(kept);
  const { values } = fitted(kept);
  for (const [row, own] of rowsOf(found.weights, kept.length * group).entries())
    for (const [column, value] of own.entries()) expect(value).toBeCloseTo(at(at(values, row), column), 4);
  const whole = rowsOf(weights, columns).map((row, index) => {
    const own = columnsOf(kept);
    const change = row.map(
      (value, column) => value - (own.includes(column) ? at(at(values, index), own.indexOf(column)) : 0),
    );
    return [quadratic(change, matrix), quadratic(row, matrix)] as const;
  });
  const [lost, energy] = [0, 1].map((each) => whole.reduce((sum, pair) => sum + at(pair, each), 0)) as [number, number];
  expect(found.loss).toBeCloseTo(lost / energy, 5);
  const plain = columnsOf([0, 1, 2, 3].filter((each) => !kept.includes(each)));
  const without = rowsOf(weights, columns).reduce(
    (sum, row) =>
      sum +
      quadratic(
        row.map((value, column) => (plain.includes(column) ? value : 0)),
        matrix,
      ),
    0,
  );
  expect(found.loss * energy).toBeLessThan(without);
});

describe('what needs no fitting', () => {
  test('groups with weights of 0 go first, and change nothing', () => {
    const own = weights.map((value, index) => (Math.floor((index % columns) / group) === 1 ? 0 : value));
    const { kept, weights: left, loss } = dropColumns({ weights: own, products }, { group, count: 1 });
    expect([kept, loss]).toEqual([[0, 2, 3], expect.closeTo(0, 10)]);
    for (const [row, values] of rowsOf(left, 9).entries())
      for (const [place, column] of columnsOf(kept).entries())
        expect(at(values, place)).toBeCloseTo(at(own, row * columns + column), 5);
  });

  test('with no group gone all is as it was', () => {
    expect(dropColumns({ weights, products }, { group, count: 0 })).toEqual({ kept: [0, 1, 2, 3], weights, loss: 0 });
  });

  test('inputs of 0 say nothing: groups go by their weights', () => {
    const own = Float32Array.of(1, 0.1, 3, 4);
    const nothing = new Float64Array(16);
    expect(dropColumns({ weights: own, products: nothing }, { group: 1, count: 2 })).toEqual({
      kept: [2, 3],
      weights: Float32Array.of(3, 4),
      loss: 0,
    });
  });
});

test.each([
  ['4 of 4 groups would be gone', { weights, products }, { group, count: 4 }],
  ['groups of 5 columns do not fit', { weights, products }, { group: 5, count: 1 }],
  ['7 weights, 4 products', { weights: new Float32Array(7), products: new Float64Array(4) }, { group: 1, count: 1 }],
  ['of finite numbers', { weights, products: products.map(() => Number.NaN) }, { group, count: 1 }],
])('what cannot be is refused: %s', (message, layer, options) => {
  expect(() => dropColumns(layer, options)).toThrow(message);
});
