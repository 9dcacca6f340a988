/** Products with few rows, one after the other or side by side: kernels that read the second operand where it lies. */
import type { Access, MatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { fewRowsBlock, isNear, panelBytes, stripDepth, unitColumns } from './few-rows.ts';
import { finishOf } from './epilogue.ts';
import { gemmKernels } from './gemm.ts';
import { placesOf, sizesNow, type Places } from './places.ts';
import { settle, sumOfBlocks, wideBytes, type Blocks } from './wide-sums.ts';

/** Rows up to which packing the second operand costs more than it saves. */
export const mostFewRows = 16;

/** Scaled rows that add up in f32 before their sum goes to a wide one. */
const scaledBlock = 512;

/** Most rows that go one after the other. */
const mostDotRows = 2;
/** Fewest columns, or depths, that vectors are worth it for. */
const leastLength = 16;

/** The calls of a product that has `rows` rows at a time, at most; undefined where no kernel suits its layouts. */
export function fewRowsCalls(spec: MatmulSpec, engine: Engine, rows: number): Calls | undefined {
  const { n, k, a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  if (rows > mostFewRows) return undefined;
  if (b.strides[rank + 1] === 1 && out.strides[rank + 1] === 1 && n >= leastLength)
    return rows === 1 && isNear(n * k * 4) ? scaledProduct(spec, engine) : stripProduct(spec, engine);
  if (b.strides[rank] === 1 && a.strides[rank + 1] === 1 && k >= leastLength && rows <= mostDotRows)
    return dotProduct(spec, engine);
  return undefined;
}

/** Where the rows of a and of the result are, and the matrix that each meets. */
function rowPlaces(spec: MatmulSpec): Places {
  const { a, b, batch } = spec;
  const rank = batch.length;
  return placesOf(spec, rank + 1, [a, { ...b, strides: [...b.strides.slice(0, rank), 0] }, spec.out as Access]);
}

/** Each row of a times a matrix whose columns are contiguous: one dot product an element. */
function dotProduct(spec: MatmulSpec, engine: Engine): Calls {
  const { a, b } = spec;
  const out = spec.out as Access;
  const { dotRows } = gemmKernels(engine);
  const rank = spec.batch.length;
  const sizes = sizesNow(spec, engine);
  const finish = finishOf(spec, engine);
  const { count, offsets, isThere } = rowPlaces(spec);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  const [columnStep, outStep] = [(b.strides[rank + 1] ?? 0) * 4, (out.strides[rank + 1] ?? 0) * 4];
  return () => {
    const now = sizes();
    const [n, k] = [now[rank + 1] as number, now[rank + 2] as number];
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      if (!isThere(i, now)) continue;
      const [x, w] = [aBase + (aOffsets[i] as number), bBase + (bOffsets[i] as number)];
      engine.serve(i, 1, () => {
        dotRows(x, w, outBase + (outOffsets[i] as number), n, k, columnStep, outStep);
        finish(Math.floor(i / spec.m), i % spec.m, 0, 1, n);
      });
    }
  };
}

/** Each row of a times a matrix whose rows are contiguous: a sum of scaled rows. */
function scaledProduct(spec: MatmulSpec, engine: Engine): Calls {
  const { a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const kernels = gemmKernels(engine);
  const { scaledRows } = kernels;
  const blocksIn = (k: number): Blocks => ({ count: Math.ceil(k / scaledBlock), together: 1 });
  engine.reserve(wideBytes(blocksIn(spec.k), spec.n), 'matmul');
  const sizes = sizesNow(spec, engine);
  const finish = finishOf(spec, engine);
  const { count, offsets, isThere } = rowPlaces(spec);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  const [xStep, rowStep] = [(a.strides[rank + 1] ?? 0) * 4, (b.strides[rank] ?? 0) * 4];
  /** A row whose sum is made of several blocks. */
  const inBlocks = (x: number, rows: number, c: number, n: number, k: number): void => {
    const sums = { c, wide: engine.workspace, rows: 1, columns: n, rowStep: 0 };
    sumOfBlocks(kernels, sums, blocksIn(k), (block) => {
      const p = block * scaledBlock;
      scaledRows(x + p * xStep, rows + p * rowStep, c, n, Math.min(scaledBlock, k - p), xStep, rowStep);
    });
  };
  return () => {
    const now = sizes();
    const [n, k] = [now[rank + 1] as number, now[rank + 2] as number];
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      if (!isThere(i, now)) continue;
      const [x, rows] = [aBase + (aOffsets[i] as number), bBase + (bOffsets[i] as number)];
      const c = outBase + (outOffsets[i] as number);
      engine.serve(i, 1, () => {
        if (k > scaledBlock) inBlocks(x, rows, c, n, k);
        else scaledRows(x, rows, c, n, k, xStep, rowStep);
        finish(Math.floor(i / spec.m), i % spec.m, 0, 1, n);
      });
    }
  };
}

/** A few rows of a at once times a matrix whose rows are contiguous. Units are columns, in each of the places. */
function stripProduct(spec: MatmulSpec, engine: Engine): Calls {
  const { m, n, k, a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const kernels = gemmKernels(engine);
  const blocksIn = (depth: number): Blocks => ({ count: Math.ceil(depth / fewRowsBlock), together: 1 });
  engine.reserve(panelBytes + wideBytes(blocksIn(k), Math.min(m, mostFewRows) * n), 'matmul');
  const sizes = sizesNow(spec, engine);
  const finish = finishOf(spec, engine);
  const { count, offsets, isThere } = placesOf(spec, rank, [a, b, out]);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  const units = Math.ceil(n / unitColumns);
  const steps = (access: Access): [row: number, column: number] => [
    (access.strides[rank] ?? 0) * 4,
    (access.strides[rank + 1] ?? 0) * 4,
  ];
  const [[aRow, aStep], [bRow], [cRow]] = [steps(a), steps(b), steps(out)];

  /** The product at one place, whose units begin at `first`. */
  const product = (first: number, [x, y, c]: readonly [number, number, number], now: readonly number[]): void => {
    const [rows, columns, depth] = [now[rank] as number, now[rank + 1] as number, now[rank + 2] as number];
    const [begin, end] = engine.part(units * count);
    const blocks = blocksIn(depth);
    const panel = engine.workspace;
    const deep = stripDepth(rows, columns * depth * 4);
    for (let block = 0; block < blocks.count; block++) {
      const p = block * fewRowsBlock;
      const [left, right] = [x + p * aStep, y + p * bRow];
      const layers = Math.min(fewRowsBlock, depth - p);
      engine.serve(first, units, () => {
        kernels.fewRows(
          begin - first,
          end - first,
          left,
          right,
          c,
          rows,
          columns,
          layers,
          aRow,
          aStep,
          bRow,
          cRow,
          panel,
          deep,
        );
      });
      for (let j = 0; j < columns; j += unitColumns) {
        const wide = panel + panelBytes + j * rows * 8;
        const sums = { c: c + j * 4, wide, rows, columns: Math.min(unitColumns, columns - j), rowStep: cRow };
        engine.serve(first + j / unitColumns, 1, () => {
          settle(kernels, sums, blocks, block);
          if (block === blocks.count - 1) finish(first / units, 0, j, rows, sums.columns);
        });
      }
    }
  };

  return () => {
    const now = sizes();
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      const operands = [aBase + at(aOffsets, i), bBase + at(bOffsets, i), outBase + at(outOffsets, i)] as const;
      if (isThere(i, now)) product(i * units, operands, now);
    }
  };
}

const at = (offsets: Float64Array, place: number): number => offsets[place] as number;
