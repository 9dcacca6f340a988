/** Plain linear algebra for tests: small, and obviously right. */
import { at } from './at.ts';

/** Rows of numbers. */
export type Rows = readonly (readonly number[])[];

/** The inverse by Gauss and Jordan, with the largest pivots. */
export function inverse(matrix: Rows): number[][] {
  const size = matrix.length;
  const rows = matrix.map((row, index) => {
    const wide = new Float64Array(2 * size);
    wide.set(row);
    wide[size + index] = 1;
    return wide;
  });
  for (let pivot = 0; pivot < size; pivot++) {
    let best = pivot;
    for (let row = pivot; row < size; row++)
      if (Math.abs(at(at(rows, row), pivot)) > Math.abs(at(at(rows, best), pivot))) best = row;
    [rows[pivot], rows[best]] = [at(rows, best), at(rows, pivot)];
    const lead = at(rows, pivot);
    const scale = at(lead, pivot);
    for (let column = 0; column < 2 * size; column++) lead[column] = (lead[column] as number) / scale;
    for (const row of rows) {
      const factor = at(row, pivot);
      if (row === lead || factor === 0) continue;
      for (let column = 0; column < 2 * size; column++)
        row[column] = (row[column] as number) - factor * (lead[column] as number);
    }
  }
  return rows.map((row) => [...row.subarray(size)]);
}

/** The part of a matrix with some rows and columns. */
export function among(matrix: Rows, indices: readonly number[]): number[][] {
  return indices.map((row) => indices.map((column) => at(at(matrix, row), column)));
}

/** A row times a matrix. */
export function times(row: readonly number[], matrix: Rows): number[] {
  return at(matrix, 0).map((_, column) =>
    row.reduce((sum, value, index) => sum + value * at(at(matrix, index), column), 0),
  );
}

/** d · P · dᵀ. */
export function quadratic(row: readonly number[], matrix: Rows): number {
  return times(row, matrix).reduce((sum, value, index) => sum + value * at(row, index), 0);
}

/** Numbers row after row, as rows. */
export function rowsOf(values: ArrayLike<number>, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, row) =>
    Array.from({ length: columns }, (__, column) => at(values, row * columns + column)),
  );
}

/** A normal number after another; the same ones each time. */
export function normals(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  const uniform = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e_37_79_b9) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** X · Xᵀ / n of n inputs that are mixtures of `sources` independent numbers, and of a little noise. */
export function correlated(columns: number, sources: number, seed: number, inputs = 4 * columns): Float64Array {
  const draw = normals(seed);
  const mix = Array.from({ length: sources }, () => Array.from({ length: columns }, draw));
  const products = new Float64Array(columns * columns);
  for (let input = 0; input < inputs; input++) {
    const source = Array.from({ length: sources }, draw);
    const x = times(source, mix).map((value) => value + 0.1 * draw());
    for (let row = 0; row < columns; row++)
      for (let column = 0; column < columns; column++)
        products[row * columns + column] = at(products, row * columns + column) + (at(x, row) * at(x, column)) / inputs;
  }
  return products;
}

/** Weights of a layer. */
export function drawnWeights(rows: number, columns: number, seed: number): Float64Array {
  const draw = normals(seed + 7919);
  return Float64Array.from({ length: rows * columns }, () => Math.fround(draw()));
}
