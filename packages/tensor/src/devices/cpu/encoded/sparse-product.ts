/** Products with matrices of which only some entries are there, row by row. */
import type { Access, EncodedMatmulSpec, LoopSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { fillKernel } from '../fill.ts';
import { gemmKernels, roundUp } from '../gemm/gemm.ts';
import { sumOfBlocks, wideBytes } from '../gemm/wide-sums.ts';
import { addressesOf, rowsOfResult } from './decoded-product.ts';
import { columnsOfX, rowsOfX, sizesOf } from './rows-of-x.ts';
import { sparseKernels, type EntryLayout } from './sparse-kernels.ts';

/** Where the entries of some rows are. Offsets count from `values`; less the one at `origin`, from `columns`. */
export interface PlacedEntries {
  readonly offsets: number;
  readonly origin: number;
  readonly columns: number;
  readonly values: number;
  readonly scales: number;
}

/** How a layout gives its entries. */
export interface EntrySource extends EntryLayout {
  /** Rows at a time. */
  readonly rowsTogether: number;
  /** Bytes of workspace for what it has to write down of so many rows. */
  readonly bytes: number;
  /** The entries of rows of the matrix whose arrays lie at `parts`; `target` is the workspace. */
  readonly locate: (parts: readonly number[], row: number, rows: number, target: number) => PlacedEntries;
}

/** From this many rows of x on they are multiplied side by side. */
export const manyRows = 4;
/** Rows of the matrix that add up in f32. */
const rowBlock = 512;
/** f64 of one pass over a row. */
const wideRow = 32 * 8;

/** The calls of a product. */
export function sparseCalls(spec: EncodedMatmulSpec, engine: Engine, source: EntrySource): Calls {
  return (spec.m < manyRows ? rowByRow : sideBySide)(spec, engine, source);
}

/** Runs `body` for the entries of rows `begin` up to `end`, as many at a time as the source gives. */
function forEntries(
  { rowsTogether, locate }: EntrySource,
  parts: readonly number[],
  target: number,
  [begin, end]: readonly [number, number],
  body: (entries: PlacedEntries, row: number, rows: number) => void,
): void {
  for (let row = begin; row < end; row += rowsTogether) {
    const rows = Math.min(rowsTogether, end - row);
    body(locate(parts, row, rows, target), row, rows);
  }
}

function rowByRow(spec: EncodedMatmulSpec, engine: Engine, source: EntrySource): Calls {
  const { rows, m, walks } = spec;
  const { depth, width } = sizesOf(spec);
  const { dots, scatter } = sparseKernels(engine, source);
  const gemm = gemmKernels(engine);
  const fill = fillKernel(engine);
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const blocks = { count: Math.ceil(rows / rowBlock), together: 1 };
  const wideAt = x.bytes + roundUp(source.bytes, 16);
  engine.reserve(wideAt + (walks === 'rows' ? wideBytes(blocks, m * width) : 0), 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, to, parts] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const target = address + x.bytes;
    const forRows = (
      range: readonly [number, number],
      each: (entries: PlacedEntries, row: number, count: number, i: number) => void,
    ): void =>
      forEntries(source, parts, target, range, (entries, row, count) => {
        for (let i = 0; i < m; i++) each(entries, row, count, i);
      });
    if (walks === 'columns') {
      forRows([0, rows], ({ offsets, origin, columns, values, scales }, row, count, i) => {
        dots(offsets, origin, columns, values, scales, from + i * depth * 4, to + i * out.step + row * 4, count);
      });
      return;
    }
    const sums = { c: to, wide: address + wideAt, rows: m, columns: width, rowStep: out.step };
    sumOfBlocks(gemm, sums, blocks, (block) => {
      for (let i = 0; i < m; i++) fill(to + i * out.step, width * 4);
      const begin = block * rowBlock;
      forRows([begin, Math.min(begin + rowBlock, rows)], (entries, row, count, i) => {
        const { offsets, origin, columns, values, scales } = entries;
        scatter(offsets, origin, columns, values, scales, from + (i * depth + row) * 4, to + i * out.step, count);
      });
    });
  };
}

function sideBySide(spec: EncodedMatmulSpec, engine: Engine, source: EntrySource): Calls {
  const { rows, walks } = spec;
  const { width } = sizesOf(spec);
  const { dotRows, scatterRows } = sparseKernels(engine, source);
  const gemm = gemmKernels(engine);
  const fill = fillKernel(engine);
  const x = columnsOfX(spec, engine);
  const step = x.step * 4;
  const turn = turnResult(spec, engine, x.step);
  const blocks = { count: Math.ceil(rows / rowBlock), together: 1 };
  const resultAt = roundUp(x.bytes, 16);
  const entriesAt = resultAt + roundUp(width * step, 16);
  const wideAt = entriesAt + roundUp(source.bytes, 16);
  engine.reserve(wideAt + (walks === 'rows' ? wideBytes(blocks, width * x.step) : wideRow), 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, parts] = [x.place(address), addressesOf(spec, engine)];
    const [result, target, wide] = [address + resultAt, address + entriesAt, address + wideAt];
    if (walks === 'columns')
      forEntries(source, parts, target, [0, rows], (entries, row, count) => {
        const { offsets, origin, columns, values, scales } = entries;
        dotRows(offsets, origin, columns, values, scales, from, result + row * step, count, step, wide);
      });
    else {
      const sums = { c: result, wide, rows: 1, columns: width * x.step, rowStep: 0 };
      sumOfBlocks(gemm, sums, blocks, (block) => {
        fill(result, width * step);
        const begin = block * rowBlock;
        const range = [begin, Math.min(begin + rowBlock, rows)] as const;
        forEntries(source, parts, target, range, (entries, row, count) => {
          const { offsets, origin, columns, values, scales } = entries;
          scatterRows(offsets, origin, columns, values, scales, from + row * step, result, count, step);
        });
      });
    }
    turn(result);
  };
}

/** Copies a result [width, step], whose columns are the rows of x, to where it belongs. */
export function turnResult(spec: EncodedMatmulSpec, engine: Engine, step: number): (result: number) => void {
  const { m } = spec;
  const out = spec.out as Access;
  const loop: LoopSpec = {
    kind: 'loop',
    bindings: [
      { dtype: 'f32', access: 'read' },
      { dtype: 'f32', access: 'write' },
    ],
    outer: [m, sizesOf(spec).width],
    inner: [],
    body: [
      { kind: 'load', access: { binding: 0, offset: 0, strides: [1, step] }, dtype: 'f32' },
      { kind: 'store', access: { ...out, binding: 1 }, arg: 0, each: 'row' },
    ],
  };
  const copy = engine.loop(loop);
  return (result) => copy.whole(result, engine.address(out.binding));
}
