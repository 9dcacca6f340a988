/** Products with matrices of which, of every m columns of a row, n are there. */
import { groupsOf, type Groups } from '../../../kernel/groups.ts';
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import type { Calls, Engine } from '../engine.ts';
import { gemmKernels, roundUp } from '../gemm/gemm.ts';
import { sumOfBlocks, wideBytes } from '../gemm/wide-sums.ts';
import { addressesOf, rowsOfResult } from './decoded-product.ts';
import { columnKernels } from './entry-columns.ts';
import type { EncodedRule } from './encoded-rule.ts';
import { pairBytes, placeBlock } from './pair-dots.ts';
import { pairKernels } from './pair-kernels.ts';
import { columnsOfX, rowsOfX } from './rows-of-x.ts';
import { manyRows, sparseCalls, turnResult, type EntrySource } from './sparse-product.ts';

/** Entries whose columns are written down at a time. */
const entriesTogether = 8192;

/** The rule of the layout. */
export const nOfMRule: EncodedRule = {
  accepts: () => true,
  calls: (spec, engine) => {
    const { n, m } = layoutOf(spec);
    // Whole bytes of the places of 2 of 4, which have a kernel of their own.
    if (n !== 2 || m !== 4 || spec.columns % 8 !== 0 || spec.walks === 'rows')
      return sparseCalls(spec, engine, entriesOf(spec, engine));
    return (spec.m < manyRows ? pairDots : pairsSideBySide)(spec, engine);
  },
};

/** The groups, and as what values are stored. */
function layoutOf(spec: EncodedMatmulSpec): Groups & { readonly values: 'f32' | 'int8'; readonly valueBytes: number } {
  const values = spec.settings['values'] as 'f32' | 'int8';
  return { ...groupsOf(spec), values, valueBytes: values === 'f32' ? 4 : 1 };
}

/** The entries of some rows: their values as they lie, and their columns written down. */
function entriesOf(spec: EncodedMatmulSpec, engine: Engine): EntrySource {
  const { places, ranges } = columnKernels(engine);
  const { n, m, bits, kept, used, rowBytes, values, valueBytes } = layoutOf(spec);
  const rowsTogether = Math.min(spec.rows, Math.max(1, Math.floor(entriesTogether / kept)));
  const offsetsAt = rowsTogether * kept * 4;
  return {
    columnBytes: 4,
    values,
    rowsTogether,
    // A row ends before what only makes up the number, and the next one begins after it.
    rangeBytes: 8,
    bytes: offsetsAt + rowsTogether * 8,
    locate: ([codes = 0, ofEntries = 0, scales = 0], row, count, target) => {
      places(codes + row * rowBytes, count, kept, n, m, bits, target);
      ranges(target + offsetsAt, count, kept, used);
      return {
        offsets: target + offsetsAt,
        origin: target + offsetsAt,
        columns: target,
        values: ofEntries + row * kept * valueBytes,
        scales: scales + row * 4,
      };
    },
  };
}

/** Few rows of x with 2 of 4: block after block of columns, for which the pairs of x that can be picked are written down. */
function pairDots(spec: EncodedMatmulSpec, engine: Engine): Calls {
  const { rows, columns, m } = spec;
  const { values, kept, rowBytes, valueBytes } = layoutOf(spec);
  const { tabulate, dotPairs, narrowRows } = pairKernels(engine, values);
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const wideAt = x.bytes + Math.min(rowBytes, placeBlock) * pairBytes;
  engine.reserve(wideAt + rows * 8, 'matmul');
  return () => {
    const address = engine.workspace;
    const [from, to] = [x.place(address), out.at()];
    const [pairs, wide] = [address + x.bytes, address + wideAt];
    const [places = 0, entries = 0, scales = 0] = addressesOf(spec, engine);
    for (let i = 0; i < m; i++) {
      for (let at = 0; at < rowBytes; at += placeBlock) {
        const bytes = Math.min(placeBlock, rowBytes - at);
        const [place, value] = [places + at, entries + at * 4 * valueBytes];
        tabulate(from + (i * columns + at * 8) * 4, pairs, bytes);
        dotPairs(place, value, scales, pairs, wide, rows, bytes, rowBytes, kept * valueBytes, at === 0 ? 1 : 0);
      }
      narrowRows(wide, to + i * out.step, rows);
    }
  };
}

/** Bytes of x that stay in the first-level cache while all rows of the matrix go over them. */
const cachedBytes = 16384;
/** Blocks of columns that add up in f32. */
const blocksTogether = 32;
/** Bytes of results that stay in the second-level cache while all columns are added to them. */
const keptBytes = 65536;

/** Many rows of x with 2 of 4: some rows of the matrix after others, and of those a block of columns at a time. */
function pairsSideBySide(spec: EncodedMatmulSpec, engine: Engine): Calls {
  const { rows } = spec;
  const { values, kept, rowBytes, valueBytes } = layoutOf(spec);
  const { placeColumns, dotPairRows } = pairKernels(engine, values);
  const gemm = gemmKernels(engine);
  const x = columnsOfX(spec, engine);
  const step = x.step * 4;
  const turn = turnResult(spec, engine, x.step);
  const blockBytes = Math.min(rowBytes, Math.max(4, Math.floor(cachedBytes / step / 8)));
  const blocks = { count: Math.ceil(rowBytes / blockBytes), together: blocksTogether };
  const together = Math.min(rows, Math.max(1, Math.floor(keptBytes / step)));
  const resultAt = roundUp(x.bytes, 16);
  const wideAt = resultAt + rows * step;
  const columnsAt = wideAt + roundUp(wideBytes(blocks, together * x.step), 16);
  const valueStep = kept * valueBytes;
  engine.reserve(columnsAt + 256 * 16, 'matmul');
  return () => {
    const address = engine.workspace;
    const from = x.place(address);
    const [places = 0, entries = 0, scales = 0] = addressesOf(spec, engine);
    const [result, columns] = [address + resultAt, address + columnsAt];
    placeColumns(columns, step);
    for (let row = 0; row < rows; row += together) {
      const count = Math.min(together, rows - row);
      const [place, value, scale] = [places + row * rowBytes, entries + row * valueStep, scales + row * 4];
      const c = result + row * step;
      const sums = { c, wide: address + wideAt, rows: 1, columns: count * x.step, rowStep: 0 };
      sumOfBlocks(gemm, sums, blocks, (block, accumulate) => {
        const at = block * blockBytes;
        const bytes = Math.min(blockBytes, rowBytes - at);
        const [ofBlock, valuesAt] = [from + at * 8 * step, value + at * 4 * valueBytes];
        dotPairRows(
          place + at,
          valuesAt,
          scale,
          ofBlock,
          c,
          columns,
          count,
          bytes,
          rowBytes,
          valueStep,
          step,
          accumulate,
        );
      });
    }
    turn(result);
  };
}
