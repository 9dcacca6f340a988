import { expect, test } from 'vitest';
import { inverseFactor } from '../../src/second-order/inverse-factor.ts';
import { sweep } from '../../src/second-order/sweep.ts';
import { at } from '../helpers/at.ts';
import { among, correlated, drawnWeights, inverse, rowsOf, times } from '../helpers/dense.ts';

const columns = 11;
const products = correlated(columns, 4, 9);
const inverted = inverseFactor(products, columns, 0);
if ('problem' in inverted) throw new Error(inverted.problem);
const { factor } = inverted;

const indices = Array.from({ length: columns }, (_, column) => column);

test.each(indices)('the weights behind a lost one are those of a dense least-squares solve: column %i', (lost) => {
  const before = drawnWeights(2, columns, 4);
  for (const block of [1, 3, 128]) {
    const weights = before.slice();
    sweep(
      { weights, rows: 2, columns, factor },
      { block, settle: (_, column, weight) => (column === lost ? 0 : weight) },
    );
    const behind = indices.filter((column) => column > lost);
    const matrix = rowsOf(products, columns);
    for (const [row, found] of rowsOf(weights, columns).entries()) {
      const weight = at(before, row * columns + lost);
      const pulled = behind.map((column) => weight * at(at(matrix, lost), column));
      const moved = behind.length > 0 ? times(pulled, inverse(among(matrix, behind))) : [];
      for (const column of indices) {
        const was = at(before, row * columns + column);
        const wanted = column < lost ? was : column === lost ? 0 : was + at(moved, column - lost - 1);
        expect(at(found, column)).toBeCloseTo(wanted, 10);
      }
    }
  }
});

test('rows, columns and blocks come in order, and blocks are told of once for all rows', () => {
  const seen: string[] = [];
  sweep(
    { weights: drawnWeights(2, columns, 1), rows: 2, columns, factor },
    {
      block: 8,
      beforeBlock: (begin, end) => void seen.push(`${begin}-${end}`),
      beforeColumn: (row, column) => void (column % 8 === 0 && seen.push(`${row}:${column}`)),
      settle: (_, __, weight) => weight,
    },
  );
  expect(seen).toEqual(['0-8', '0:0', '1:0', '8-11', '0:8', '1:8']);
});
