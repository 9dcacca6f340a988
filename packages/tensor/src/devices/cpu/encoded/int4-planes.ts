/**
 * WebAssembly functions for codes of 4 bits with rows of x in planes. Four lanes of i32 add up the products of a row: of a
 * large group with every fourth pair of columns each, of four small ones with a group each, so that scales are a vector and
 * meet four groups at once. Codes count from 0; what zero points take off is the same sum of x for all rows.
 */
import { f32, f64, i32, memoryOp, op, shuffle32, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { sumOfLanes } from '../gemm/dot-rows.ts';
import { forEachRowApart } from './rows-apart.ts';
import { atMost } from './vectors.ts';

/** What the groups of a matrix are like. */
export interface Int4Groups {
  /** Columns of a group. */
  readonly group: number;
  /** Whether there are zero points; else they are 8. */
  readonly hasZeros: boolean;
  /** Groups whose products add up side by side, a unit. */
  readonly lanes: 1 | 4;
}

/** The functions for matrices of such groups; a chunk is 32 columns. */
export interface Int4PlaneKernels {
  /** (planes, sums, chunks, factor): for each unit, of either plane the sums of its lanes, times -factor. */
  readonly sumPlanes: WasmFunction;
  /**
   * (planes, xScales, sums, codes, scales, zeros, y, rows, chunks, codeStep, scaleStep): y[r] = Σ x · (code - zero) · scale.
   * A unit has two scales of x, of either plane; `sums` are of the factor 8, or of 1 where there are zero points.
   */
  readonly multiply: WasmFunction;
}

/** Compiles the functions once an engine. */
export const int4PlaneKernels: (engine: Engine, groups: Int4Groups) => Int4PlaneKernels = onceAnEngineEach(
  (engine, groups) => {
    const { module } = engine.module();
    addSumPlanes(module, groups);
    addMultiply(module, groups);
    return engine.instantiate(module) as unknown as Int4PlaneKernels;
  },
  (groups) => JSON.stringify(groups),
);

/** Columns of a chunk: what a vector of codes has. */
export const chunkColumns = 32;
/** Rows side by side: each has a sum for each plane and one in f32. */
const rowsTogether = 3;
/** Units that add up in f32 before their sum goes to f64. */
const unitBlock = 64;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const splat = (address: Expression, offset = 0): Expression => memoryOp('v128.load32_splat', offset, [address]);

/** Chunks of a unit. */
const chunksOf = ({ group, lanes }: Int4Groups): number => (group * lanes) / chunkColumns;

/** Runs the body for as many of `count` at a time as `most`, with how many there are. */
function inPieces(f: FunctionBuilder, count: Local, most: number, body: (now: Local) => void): void {
  const left = f.let(count);
  f.block((end) => {
    f.loop((again) => {
      f.branchIf(end, op('i32.le_s', left, i32(0)));
      const now = atMost(f, left, i32(most));
      f.increase(left, -most);
      body(now);
      f.branchIf(again, i32(1));
    });
  });
}

function addSumPlanes(module: ModuleBuilder, groups: Int4Groups): void {
  const f = module.function('sumPlanes', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [planes, sums, chunks, factor] = f.arguments;
  const factors = f.let(op('i16x8.splat', op('i32.sub', i32(0), factor)));
  const both = [f.local('v128'), f.local('v128')];
  inPieces(f, chunks, chunksOf(groups), (now) => {
    for (const sum of both) f.set(sum, v128([0, 0, 0, 0]));
    f.repeat(op('i32.shl', now, i32(2)), () => {
      for (const [plane, sum] of both.entries())
        f.set(sum, op('i32x4.add', sum, op('i32x4.dot_i16x8_s', load(planes, plane * 16), factors)));
      f.increase(planes, 32);
    });
    for (const [plane, sum] of both.entries()) f.store('v128.store', sums, sum, plane * 16);
    f.increase(sums, 32);
  });
}

function addMultiply(module: ModuleBuilder, groups: Int4Groups): void {
  const f = module.function(
    'multiply',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [planes, xScales, sums, codes, scales, zeros, y, rows, chunks, codeStep, scaleStep] = f.arguments;
  const nibble = f.let(op('i16x8.splat', i32(15)));
  const arrays = [
    { at: codes, step: codeStep },
    { at: scales, step: scaleStep },
    { at: y, step: i32(4) },
    ...(groups.hasZeros ? [{ at: zeros, step: op('i32.shr_u', scaleStep, i32(2)) }] : []),
  ];
  forEachRowApart(f, rows, rowsTogether, arrays, ([ofCodes = [], ofScales = [], ofY = [], ofZeros = []]) => {
    const walk: Walk = {
      groups,
      nibble,
      x: f.let(planes),
      xScales: f.let(xScales),
      sums: f.let(sums),
      codes: ofCodes,
      scales: ofScales,
      zeros: ofZeros,
    };
    for (const [row, total] of unitDots(f, walk, chunks).entries())
      f.store('f32.store', ofY[row] as Local, op('f32.demote_f64', total));
  });
}

interface Walk {
  readonly groups: Int4Groups;
  readonly nibble: Local;
  readonly x: Local;
  readonly xScales: Local;
  readonly sums: Local;
  /** Of each row. */
  readonly codes: readonly Local[];
  readonly scales: readonly Local[];
  /** None where all are 8. */
  readonly zeros: readonly Local[];
}

type PlaneSums = readonly (readonly [Local, Local])[];

/** The products of some rows with x, in f64. */
function unitDots(f: FunctionBuilder, walk: Walk, chunks: Local): Local[] {
  const totals = walk.codes.map(() => f.let(f64(0)));
  const blocks = walk.codes.map(() => f.local('v128'));
  const sums = walk.codes.map(() => [f.local('v128'), f.local('v128')] as const);
  const perUnit = chunksOf(walk.groups);
  inPieces(f, chunks, perUnit * unitBlock, (inBlock) => {
    for (const block of blocks) f.set(block, op('f32x4.splat', f32(0)));
    inPieces(f, inBlock, perUnit, (now) => {
      startUnit(f, walk, sums);
      addChunks(f, walk, sums, now);
      finishUnit(f, walk, sums, blocks);
    });
    for (const [row, total] of totals.entries())
      f.set(total, op('f64.add', total, sumOfLanes(f, blocks[row] as Local)));
  });
  return totals;
}

/** The zero points of a unit, i32. */
function zerosOf(lanes: 1 | 4, address: Local): Expression {
  if (lanes === 1) return op('i32x4.splat', memoryOp('i32.load8_u', 0, [address]));
  const bytes = memoryOp('v128.load32_zero', 0, [address]);
  return op('i32x4.extend_low_i16x8_u', op('i16x8.extend_low_i8x16_u', bytes));
}

/** Sums begin with what zero points take off. */
function startUnit(f: FunctionBuilder, { groups, sums: offsets, zeros }: Walk, sums: PlaneSums): void {
  const starts = [f.let(load(offsets)), f.let(load(offsets, 16))];
  for (const [row, pair] of sums.entries()) {
    const zero = zeros[row];
    const factor = zero && f.let(zerosOf(groups.lanes, zero));
    for (const [plane, sum] of pair.entries()) {
      const start = starts[plane] as Local;
      f.set(sum, factor === undefined ? start : op('i32x4.mul', start, factor));
    }
  }
}

function finishUnit(f: FunctionBuilder, walk: Walk, sums: PlaneSums, blocks: readonly Local[]): void {
  const { lanes } = walk.groups;
  const [upper, lower] = [f.let(splat(walk.xScales)), f.let(splat(walk.xScales, 4))];
  const scaled = (sum: Local, scale: Local): Expression => op('f32x4.mul', op('f32x4.convert_i32x4_s', sum), scale);
  for (const [row, [high, low]] of sums.entries()) {
    const whole = op('f32x4.add', scaled(high, upper), scaled(low, lower));
    const scale = walk.scales[row] as Local;
    const block = blocks[row] as Local;
    f.set(block, op('f32x4.add', block, op('f32x4.mul', whole, lanes === 1 ? splat(scale) : load(scale))));
  }
  f.increase(walk.xScales, 8);
  f.increase(walk.sums, 32);
  for (const scale of walk.scales) f.increase(scale, lanes * 4);
  for (const zero of walk.zeros) f.increase(zero, lanes);
}

/** Adds the products of a unit. */
function addChunks(f: FunctionBuilder, walk: Walk, sums: PlaneSums, chunks: Local): void {
  const { x, codes, groups } = walk;
  if (groups.lanes === 1) {
    f.repeat(chunks, () => {
      addWords(f, walk, sums, [codes.map((pointer) => f.let(load(pointer)))]);
      f.increase(x, 128);
      for (const pointer of codes) f.increase(pointer, 16);
    });
    return;
  }
  // Of 16 columns of each group, which are two words, the first words side by side and the second ones.
  const bytes = groups.group / 2;
  f.repeat(bytes / 8, () => {
    const pairs = codes.map((pointer) => {
      const [ab, cd] = [0, 2].map((group) => {
        const first = memoryOp('v128.load64_zero', group * bytes, [pointer]);
        return f.let(memoryOp('v128.load64_lane', (group + 1) * bytes, [pointer, first], 1));
      }) as [Local, Local];
      return [f.let(shuffle32(ab, cd, [0, 2, 4, 6])), f.let(shuffle32(ab, cd, [1, 3, 5, 7]))] as const;
    });
    addWords(
      f,
      walk,
      sums,
      [0, 1].map((word) => pairs.map((pair) => pair[word] as Local)),
    );
    f.increase(x, 256);
    for (const pointer of codes) f.increase(pointer, 8);
  });
  for (const pointer of codes) f.increase(pointer, 3 * bytes);
}

/** Adds the products of some vectors of codes, row by row: the same four bits of i16 at a time. */
function addWords(
  f: FunctionBuilder,
  { x, nibble }: Walk,
  sums: PlaneSums,
  vectors: readonly (readonly Local[])[],
): void {
  for (const [vector, words] of vectors.entries())
    for (let place = 0; place < 4; place++) {
      const at = vector * 128 + place * 32;
      const [upper, lower] = [f.let(load(x, at)), f.let(load(x, at + 16))];
      for (const [row, word] of words.entries()) {
        const moved = place === 0 ? word : op('i16x8.shr_u', word, i32(place * 4));
        const code = f.let(place === 3 ? moved : op('v128.and', moved, nibble));
        const [high, low] = sums[row] as readonly [Local, Local];
        f.set(high, op('i32x4.add', high, op('i32x4.dot_i16x8_s', upper, code)));
        f.set(low, op('i32x4.add', low, op('i32x4.dot_i16x8_s', lower, code)));
      }
    }
}
