/** Fits costs of products to times that were measured. */
import { productTime, type ProductCost, type ProductSizes } from '../../../packages/tensor/src/device/encoded-costs.ts';

/** One product, and how long it took, in microseconds. */
export interface Timing {
  readonly sizes: ProductSizes;
  readonly time: number;
}

const nothing: ProductCost = { call: 0, moved: 0, scan: 0, manyRows: Infinity, few: 0, once: 0, each: 0, far: 0 };
type Part = Exclude<keyof ProductCost, 'manyRows'>;
const parts: readonly Part[] = ['call', 'moved', 'scan', 'few', 'once', 'each', 'far'];
const thresholds = [1, 2, 4, 8, 16, 32];

/** Fewer products with a matrix that comes from memory say nothing of what that takes. */
const leastFar = 4;

/** The costs with the least sum of squares of relative errors, for whichever number of rows is best called many. */
export function fitProduct(timings: readonly Timing[]): ProductCost {
  const counts = new Set(timings.map(({ sizes }) => sizes.rows));
  // One number of rows does not tell what grows with them from what does not.
  const told = thresholds.filter((manyRows) => [...counts].filter((rows) => rows >= manyRows).length > 1);
  const tried = told.map((manyRows) => fitWith(timings, manyRows));
  const [best = nothing] = tried.toSorted((a, b) => errorOf(a, timings) - errorOf(b, timings));
  return best;
}

/** The mean of the squares of relative errors. */
export function errorOf(cost: ProductCost, timings: readonly Timing[]): number {
  const squares = timings.map(({ sizes, time }) => (productTime(cost, sizes) / time - 1) ** 2);
  return squares.reduce((sum, square) => sum + square, 0) / squares.length;
}

function fitWith(timings: readonly Timing[], manyRows: number): ProductCost {
  // What one unit of each part adds to a time, relative to the time: costs are a linear function of their parts.
  const rows = timings.map(({ sizes, time }) =>
    parts.map((part) => productTime({ ...nothing, manyRows, [part]: 1 }, sizes) / time),
  );
  // Where all of a matrix is there, a part for each element is one for each that is stored.
  const isWhole = timings.every(({ sizes }) => sizes.density === 1);
  const fixed = new Set<Part>(isWhole ? ['scan'] : []);
  if (manyRows === 1) fixed.add('few');
  const far = timings.filter(({ sizes }) => productTime({ ...nothing, far: 1 }, sizes) > 0);
  if (far.length < leastFar) fixed.add('far');
  const values = leastSquares(
    rows,
    parts.map((part) => !fixed.has(part)),
  );
  const found = Object.fromEntries(parts.map((part, at) => [part, roundCost(values[at] ?? 0)]));
  return { ...nothing, manyRows, ...found };
}

/** Two digits; nothing below a millionth. */
export function roundCost(cost: number): number {
  return cost < 1e-6 ? 0 : Number(cost.toPrecision(2));
}

/**
 * x ≥ 0 with the least |A x - 1|², by coordinates in turns (C. Franc, V. Hlaváč, M. Navara, "Sequential coordinate-wise
 * algorithm for the non-negative least squares problem", CAIP 2005); columns that are not free stay 0.
 */
export function leastSquares(rows: readonly (readonly number[])[], free: readonly boolean[]): number[] {
  const count = free.length;
  const dot = (a: number, b?: number): number =>
    rows.reduce((sum, row) => sum + (row[a] ?? 0) * (b === undefined ? 1 : (row[b] ?? 0)), 0);
  const gram = Array.from({ length: count }, (_, a) => Array.from({ length: count }, (__, b) => dot(a, b)));
  const wanted = Array.from({ length: count }, (_, a) => dot(a));
  const x = Array.from({ length: count }, () => 0);
  for (let turn = 0; turn < 20_000; turn++)
    for (let at = 0; at < count; at++) {
      const own = gram[at]?.[at] ?? 0;
      if (!free[at] || own === 0) continue;
      const slope = (gram[at] ?? []).reduce((sum, value, other) => sum + value * (x[other] ?? 0), -(wanted[at] ?? 0));
      x[at] = Math.max(0, (x[at] ?? 0) - slope / own);
    }
  return x;
}
