/** Products of matrices: square, awkward, transposed, of few rows, and of one. */
import { at, type Operand, type Problem } from '../problem.ts';
import { expectedAt, stream, uniform } from '../random.ts';
import type { Row } from '../row.ts';

/** Sizes of a product [m, k] · [k, n], and which operands lie transposed in memory. */
interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly left?: boolean;
  readonly right?: boolean;
}

function product({ m, k, n, left = false, right = false }: Product): Problem {
  const next = stream(m + 3 * k + 5 * n);
  const a = uniform(next, left ? [k, m] : [m, k]);
  const b = uniform(next, right ? [n, k] : [k, n]);
  const element = (row: number, column: number): number => {
    let sum = 0;
    for (let inner = 0; inner < k; inner++)
      sum += entry(a, left, row, inner, m, k) * entry(b, right, inner, column, k, n);
    return sum;
  };
  return {
    op: 'matmul',
    operands: [a, b],
    settings: { left: Number(left), right: Number(right) },
    expected: () => expectedAt(m * n, (index) => element(Math.floor(index / n), index % n)),
  };
}

/** Of a matrix that has `height` rows and `width` columns when it is not transposed. */
function entry(
  { values }: Operand,
  turned: boolean,
  row: number,
  column: number,
  height: number,
  width: number,
): number {
  return at(values, turned ? column * height + row : row * width + column);
}

const row = (name: string, sizes: Product, targets: Row['targets'], bytes?: number): Row => ({
  name,
  sizes: `[${sizes.m}, ${sizes.k}] · [${sizes.k}, ${sizes.n}]${sizes.left ? ', left transposed' : ''}${sizes.right ? ', right transposed' : ''}`,
  problem: () => product(sizes),
  targets,
  ...(bytes !== undefined && { bytes }),
});

const cube = (size: number): Product => ({ m: size, k: size, n: size });
const compute = { js: 1.25, native: 0, threads: 1.85 };
const small = { js: 1.25, native: 0 };
const memory = { js: 1.1, streaming: 0.85, native: 0, threads: 1.6 };
const matrix = 4 * 4096 ** 2;

/** Products of numbers. */
export const productRows: readonly Row[] = [
  row('matmul-256', cube(256), small),
  ...[512, 1024, 2048].map((size) => row(`matmul-${size}`, cube(size), compute)),
  row('matmul-255x257x259', { m: 255, k: 257, n: 259 }, small),
  row('matmul-1023x1025x1021', { m: 1023, k: 1025, n: 1021 }, compute),
  row('matmul-at-b', { ...cube(1024), left: true }, compute),
  row('matmul-a-bt', { ...cube(1024), right: true }, compute),
  row('matmul-at-bt', { ...cube(1024), left: true, right: true }, compute),
  // A vector times a matrix, as layers have it: some peers have no kernel for a matrix times a column.
  row('matvec', { m: 1, k: 4096, n: 4096 }, memory, matrix),
  row('matvec-transposed', { m: 1, k: 4096, n: 4096, right: true }, memory, matrix),
  row(
    'matmul-8-rows',
    { m: 8, k: 1024, n: 1024 },
    { js: 1.1, streaming: 0.85, native: 0, threads: 1.6 },
    4 * 1024 ** 2,
  ),
];
