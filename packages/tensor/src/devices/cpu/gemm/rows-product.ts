/** Products with few rows, one after the other or side by side: kernels that read the second operand where it lies. */
import type { Access, LoopSpec, MatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { fewRowsBlock, isNear, panelBytes, stripDepth } from './few-rows.ts';
import { finishOf } from './epilogue.ts';
import { gemmKernels } from './gemm.ts';
import { placesOf, sizesNow } from './places.ts';
import { unitColumns } from './unit-columns.ts';
import { settle, wideBytes, type Blocks } from './wide-sums.ts';

/** Rows up to which packing the second operand costs more than it saves. */
export const mostFewRows = 16;

/** Rows up to which dot products cost less than packing: what comes from memory is dearer to pack. */
const mostDotRows = (isClose: boolean): number => (isClose ? 6 : 8);
/** Fewest columns, or depths, that vectors are worth it for. */
const leastLength = 16;

/** The calls of a product that has `rows` rows at a time, at most; undefined where no kernel suits its layouts. */
export function fewRowsCalls(spec: MatmulSpec, engine: Engine, rows: number): Calls | undefined {
  const { n, k, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  if (rows > mostFewRows) return undefined;
  const isClose = isNear(n * k * 4);
  if (b.strides[rank + 1] === 1 && out.strides[rank + 1] === 1 && n >= leastLength)
    return stripProduct(spec, engine, rows === 1);
  const isLong = k >= (rows > 2 ? 2 * leastLength : leastLength);
  return b.strides[rank] === 1 && isLong && rows <= mostDotRows(isClose) ? dotProduct(spec, engine) : undefined;
}

/** A few rows of a times a matrix whose columns are contiguous: a dot product an element. Units are columns. */
function dotProduct(spec: MatmulSpec, engine: Engine): Calls {
  const { m, n, k, a, b } = spec;
  const out = spec.out as Access;
  const rank = spec.batch.length;
  const { dotUnits } = gemmKernels(engine);
  const { count, offsets, isThere } = placesOf(spec, rank, [a, b, out]);
  const [aOffsets, bOffsets, outOffsets] = offsets as [Float64Array, Float64Array, Float64Array];
  const units = Math.ceil(n / unitColumns);
  const [[aRow, aStep], [, bStep], [cRow, cStep]] = [a, b, out].map((access) => stepsOf(access, rank)) as Steps;
  const most = Math.min(m, mostFewRows);
  const gather = aStep === 4 ? undefined : engine.loop(rowsSideBySide(most, k, a.strides.slice(rank)));
  if (gather) engine.reserve(most * k * 4, 'matmul');
  const sizes = sizesNow(spec, engine);
  const finish = finishOf(spec, engine);

  const product = (place: number, [x, w, y]: readonly [number, number, number], now: readonly number[]): void => {
    const [rows, columns, depth] = [now[rank] as number, now[rank + 1] as number, now[rank + 2] as number];
    const [left, leftRow] = gather ? [engine.workspace, k * 4] : [x, aRow];
    if (gather) engine.serve(place * units, units, () => gather.whole(x, left));
    const first = place * units;
    const [begin, end] = engine.part(units * count);
    engine.serve(first, units, () => {
      dotUnits(begin - first, end - first, left, w, y, rows, columns, depth, leftRow, bStep, cRow, cStep);
    });
    for (let j = 0; j < columns; j += unitColumns) {
      const some = Math.min(unitColumns, columns - j);
      engine.serve(first + j / unitColumns, 1, () => finish(place, 0, j, rows, some));
    }
  };

  return () => {
    const now = sizes();
    const [aBase, bBase, outBase] = [engine.address(a.binding), engine.address(b.binding), engine.address(out.binding)];
    for (let i = 0; i < count; i++) {
      const operands = [aBase + at(aOffsets, i), bBase + at(bOffsets, i), outBase + at(outOffsets, i)] as const;
      if (isThere(i, now)) product(i, operands, now);
    }
  };
}

type Steps = [a: readonly [number, number], b: readonly [number, number], c: readonly [number, number]];

/** Bytes between rows and between columns of a matrix behind `rank` dimensions. */
function stepsOf({ strides }: Access, rank: number): readonly [row: number, column: number] {
  return [(strides[rank] ?? 0) * 4, (strides[rank + 1] ?? 0) * 4];
}

/** A copy of a matrix whose rows are contiguous, from an address on. */
function rowsSideBySide(rows: number, columns: number, strides: readonly number[]): LoopSpec {
  return {
    kind: 'loop',
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
    ],
    outer: [rows, columns],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides }, dtype: 'f32' },
      { kind: 'store', access: { binding: 1, offset: 0, strides: [columns, 1] }, arg: 0, each: 'row' },
    ],
  };
}

/** A few rows of a at once, or a single one, times a matrix whose rows are contiguous. Units are columns, in each of the places. */
function stripProduct(spec: MatmulSpec, engine: Engine, isOne: boolean): Calls {
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
  const [[aRow, aStep], [bRow], [cRow]] = [a, b, out].map((access) => stepsOf(access, rank)) as Steps;

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
      const [from, to] = [begin - first, end - first];
      engine.serve(first, units, () => {
        if (isOne) kernels.scaledUnits(from, to, left, right, c, columns, layers, aStep, bRow);
        else kernels.fewRows(from, to, left, right, c, rows, columns, layers, aRow, aStep, bRow, cRow, panel, deep);
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
