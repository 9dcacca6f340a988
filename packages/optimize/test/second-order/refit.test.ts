import { expect, test } from 'vitest';
import { sparsifyPart } from '../../src/second-order/sparsify-part.ts';
import { at } from '../helpers/at.ts';
import { among, correlated, drawnWeights, inverse, rowsOf } from '../helpers/dense.ts';

test('what is kept is fitted to all that is gone, as its definition has it', () => {
  const [rows, columns, damping] = [3, 12, 0.05];
  const products = correlated(columns, 5, 2);
  const part = { weights: drawnWeights(rows, columns, 4), rows, columns, kept: undefined, products };
  const options = { drop: { count: 18 }, damping, round: undefined };
  const plain = sparsifyPart(part, options);
  const found = sparsifyPart(part, { ...options, refit: columns });
  expect([...found.kept]).toEqual([...plain.kept]);
  expect(found.loss).toBeLessThan(plain.loss);
  const matrix = rowsOf(products, columns);
  const mean = matrix.reduce((sum, row, index) => sum + at(row, index) / columns, 0);
  const damped = matrix.map((row, index) =>
    row.map((value, column) => value + (index === column ? damping * mean : 0)),
  );
  for (const [row, weights] of rowsOf(part.weights, columns).entries()) {
    const kept = [...weights.keys()].filter((column) => found.kept[row * columns + column] === 1);
    const gone = [...weights.keys()].filter((column) => !kept.includes(column));
    const inner = inverse(among(damped, kept));
    // q = w + A(kept, kept)⁻¹ · A(kept, gone) · w, of the weights that are gone
    const pulls = kept.map((one) =>
      gone.reduce((sum, other) => sum + at(at(damped, one), other) * at(weights, other), 0),
    );
    for (const [place, column] of kept.entries()) {
      const change = pulls.reduce((sum, pull, index) => sum + at(at(inner, place), index) * pull, 0);
      expect(found.values[row * columns + column]).toBeCloseTo(at(weights, column) + change, 4);
    }
  }
});

test('what is fitted worse than it was, or on inputs that are 0, stays', () => {
  const products = Float64Array.of(0, 0, 0, 4);
  const part = { weights: Float64Array.of(1, 2), rows: 1, columns: 2, kept: undefined, products };
  const found = sparsifyPart(part, { drop: { count: 0 }, damping: 0.01, refit: 3, round: undefined });
  expect([...found.values]).toEqual([0, 2]);
});
