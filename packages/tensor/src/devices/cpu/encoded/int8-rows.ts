/**
 * Products with codes of 8 bits that add up rows: few rows of x, whose elements are multiplied by the scales of the rows that
 * they meet and then split into planes of whole numbers. Pairs of rows meet pairs of elements, and sums of columns stay in
 * memory, so that codes are read in order.
 */
import type { EncodedMatmulSpec } from '../../../kernel/spec.ts';
import { f64, memoryOp, op, shuffle32, shuffle8, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Calls, Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { gemmKernels, roundUp } from '../gemm/gemm.ts';
import { apartBytes } from './columns-apart.ts';
import { addressesOf, rowsOfResult } from './decoded-product.ts';
import { planeBlock } from './int8-kernels.ts';
import { mostLost } from './planes-product.ts';
import { planeKernels, stateOf } from './planes.ts';
import { rowsOfX } from './rows-of-x.ts';

/** Whether a matrix is whole chunks of rows and of columns. */
export const hasWholeRows = ({ rows, columns }: EncodedMatmulSpec): boolean =>
  rows % chunk === 0 && columns % chunk === 0;

/** Rows and columns of a chunk: as many rows are added at a time. */
const chunk = 8;

/** The functions of one engine; sums are i32, those of upper halves and then of lower ones for each chunk of columns. */
interface Int8RowKernels {
  /** (planes, codes, sums, chunks, columnChunks, rowStep): adds the chunks of rows. */
  readonly addRows: WasmFunction;
  /** (x, scales, scaled, rows, scaleStep): scaled = x · scale, row by row. */
  readonly scaleRows: WasmFunction;
  /** (sums, totals, columnChunks): all 0. */
  readonly clear: WasmFunction;
  /** (sums, totals, columnChunks, scale): totals, f64, += sums · the f64 at `scale`, and sums = 0. */
  readonly settle: WasmFunction;
  /** (list, count, codes, totals, columnChunks, rowStep): totals += row · factor, for each of a list of rows. */
  readonly addApart: WasmFunction;
}

const int8RowKernels: (engine: Engine) => Int8RowKernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  addRows(module);
  addScaleRows(module);
  addClear(module);
  addSettle(module);
  addRowsApart(module);
  return engine.instantiate(module) as unknown as Int8RowKernels;
});

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
/** The bytes of two vectors' lower halves, one of each in turns. */
const inTurns = Array.from({ length: 16 }, (_, byte) => (byte & 1) * 16 + (byte >> 1));

function addRows(module: ModuleBuilder): void {
  const f = module.function('addRows', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [planes, codes, sums, chunks, columnChunks, rowStep] = f.arguments;
  const pointers = Array.from({ length: chunk }, () => f.local('i32'));
  const at = f.local('i32');
  f.repeat(chunks, () => {
    for (const pointer of pointers) {
      f.set(pointer, codes);
      f.increase(codes, rowStep);
    }
    const factors = Array.from({ length: chunk / 2 }, (_, pair) =>
      [0, 16].map((plane) => f.let(memoryOp('v128.load32_splat', plane + pair * 4, [planes]))),
    );
    f.set(at, sums);
    f.repeat(columnChunks, () => {
      const all = [0, 16, 32, 48].map((offset) => f.let(load(at, offset)));
      for (const [pair, both] of factors.entries()) {
        const [even, odd] = pointers
          .slice(pair * 2, pair * 2 + 2)
          .map((pointer) => memoryOp('v128.load64_zero', 0, [pointer]));
        const bytes = f.let(shuffle8(even as Expression, odd as Expression, inTurns));
        const halves = [f.let(op('i16x8.extend_low_i8x16_s', bytes)), f.let(op('i16x8.extend_high_i8x16_s', bytes))];
        for (const [plane, factor] of both.entries())
          for (const [half, code] of halves.entries()) {
            const sum = all[plane * 2 + half] as Local;
            f.set(sum, op('i32x4.add', sum, op('i32x4.dot_i16x8_s', factor, code)));
          }
      }
      for (const [place, sum] of all.entries()) f.store('v128.store', at, sum, place * 16);
      for (const pointer of pointers) f.increase(pointer, chunk);
      f.increase(at, 64);
    });
    f.increase(planes, 32);
  });
}

/** Two of four i32, in f64. */
const twoOf = (four: Expression, half: 0 | 1): Expression =>
  op('f64x2.convert_low_i32x4_s', half === 0 ? four : shuffle32(four, four, [2, 3, 2, 3]));

function addSettle(module: ModuleBuilder): void {
  const f = module.function('settle', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [sums, totals, columnChunks, scaleAt] = f.arguments;
  const scale = f.let(memoryOp('f64.load', 0, [scaleAt]));
  const lower = f.let(op('f64x2.splat', scale));
  const upper = f.let(op('f64x2.splat', op('f64.mul', scale, f64(65536))));
  const none = f.let(v128([0, 0, 0, 0]));
  f.repeat(columnChunks, () => {
    for (const four of [0, 1]) {
      const [high, low] = [f.let(load(sums, four * 16)), f.let(load(sums, 32 + four * 16))];
      for (const half of [0, 1] as const) {
        const offset = four * 32 + half * 16;
        const whole = op(
          'f64x2.add',
          op('f64x2.mul', twoOf(high, half), upper),
          op('f64x2.mul', twoOf(low, half), lower),
        );
        f.store('v128.store', totals, op('f64x2.add', load(totals, offset), whole), offset);
      }
    }
    for (const offset of [0, 16, 32, 48]) f.store('v128.store', sums, none, offset);
    f.increase(sums, 64);
    f.increase(totals, 64);
  });
}

function addScaleRows(module: ModuleBuilder): void {
  const f = module.function('scaleRows', ['i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, scales, scaled, rows, scaleStep] = f.arguments;
  f.repeat(rows, () => {
    f.store('f32.store', scaled, op('f32.mul', memoryOp('f32.load', 0, [x]), memoryOp('f32.load', 0, [scales])));
    f.increase(x, 4);
    f.increase(scales, scaleStep);
    f.increase(scaled, 4);
  });
}

function addClear(module: ModuleBuilder): void {
  const f = module.function('clear', ['i32', 'i32', 'i32'], 'none', true);
  const [sums, totals, columnChunks] = f.arguments;
  const none = f.let(v128([0, 0, 0, 0]));
  f.repeat(columnChunks, () => {
    for (const all of [sums, totals]) {
      for (const offset of [0, 16, 32, 48]) f.store('v128.store', all, none, offset);
      f.increase(all, 64);
    }
  });
}

function addRowsApart(module: ModuleBuilder): void {
  const f = module.function('addApart', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [list, count, codes, totals, columnChunks, rowStep] = f.arguments;
  const [from, to] = [f.local('i32'), f.local('i32')];
  f.repeat(memoryOp('i32.load', 0, [count]), () => {
    f.set(from, op('i32.add', codes, op('i32.mul', memoryOp('i32.load', 0, [list]), rowStep)));
    f.set(to, totals);
    const spread = f.let(op('f64x2.splat', memoryOp('f64.load', 8, [list])));
    f.repeat(columnChunks, () => {
      const eight = f.let(memoryOp('v128.load8x8_s', 0, [from]));
      for (const [four, extend] of (['low', 'high'] as const).entries()) {
        const wide = f.let(op(`i32x4.extend_${extend}_i16x8_s`, eight));
        for (const half of [0, 1] as const) {
          const offset = four * 32 + half * 16;
          const product = op('f64x2.mul', twoOf(wide, half), spread);
          f.store('v128.store', to, op('f64x2.add', load(to, offset), product), offset);
        }
      }
      f.increase(from, chunk);
      f.increase(to, 64);
    });
    f.increase(list, apartBytes);
  });
}

/** The calls of a product that walks rows, of which `hasWholeRows`; `exact` computes what planes cannot hold. */
export function int8Rows(spec: EncodedMatmulSpec, engine: Engine, scaleStep: number, exact: Calls): Calls {
  const { rows, columns, m } = spec;
  const kernels = int8RowKernels(engine);
  const { narrow } = gemmKernels(engine);
  const { inOrder } = planeKernels(engine);
  const x = rowsOfX(spec, engine);
  const out = rowsOfResult(spec, engine);
  const columnChunks = columns / chunk;
  const most = mostLost(rows);
  const planesAt = x.bytes + roundUp(rows * 4, 16);
  const sumsAt = planesAt + rows * 4;
  const totalsAt = sumsAt + columns * 8;
  const scalesAt = totalsAt + columns * 8;
  const listAt = scalesAt + roundUp(Math.ceil(rows / planeBlock) * 8, 16);
  const stateAt = listAt + most * apartBytes;
  engine.reserve(stateAt + stateOf.bytes, 'matmul');
  const all = (): void => {
    const address = engine.workspace;
    const [from, to, [codes = 0, scales = 0]] = [x.place(address), out.at(), addressesOf(spec, engine)];
    const [scaled, planes, sums, totals] = [
      address + x.bytes,
      address + planesAt,
      address + sumsAt,
      address + totalsAt,
    ];
    const [ofBlocks, list, state] = [address + scalesAt, address + listAt, address + stateAt];
    inOrder.start(state);
    for (let i = 0; i < m; i++) {
      kernels.scaleRows(from + i * rows * 4, scales, scaled, rows, scaleStep);
      engine.onlyIf(state + stateOf.fits, () =>
        inOrder.split(scaled, planes, ofBlocks, list, state, rows, planeBlock, most, 0),
      );
      engine.onlyIf(state + stateOf.fits, () => {
        kernels.clear(sums, totals, columnChunks);
        for (let row = 0; row < rows; row += planeBlock) {
          const chunks = Math.min(planeBlock, rows - row) / chunk;
          kernels.addRows(planes + row * 4, codes + row * columns, sums, chunks, columnChunks, columns);
          kernels.settle(sums, totals, columnChunks, ofBlocks + (row / planeBlock) * 8);
        }
        kernels.addApart(list, state + stateOf.apart, codes, totals, columnChunks, columns);
        narrow(to + i * out.step, totals, 1, columns, 0);
      });
    }
    engine.onlyIf(state + stateOf.fails, exact);
  };
  return () => engine.undivided(all);
}
