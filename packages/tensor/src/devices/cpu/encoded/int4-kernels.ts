/** WebAssembly functions for codes of 4 bits in groups of columns. */
import { f32, f64, i32, memoryOp, op, shuffle8, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { sumOfLanes } from '../gemm/dot-rows.ts';
import { addApart } from './columns-apart.ts';

/** The functions of one engine; `zeros` is 0 where all zero points are 8. */
export interface Int4Kernels {
  /**
   * (codes, scales, zeros, rows, column, columns, codeStep, groups, groupBits, target): target [rows, columns] = the columns
   * from `column` on, which is even; a group has 2^groupBits columns, a row `groups` of them.
   */
  readonly decodeInt4: WasmFunction;
  /**
   * (list, count, codes, scales, zeros, y, rows, codeStep, groups, groupBits): y[r] += Σ value · (code - zero) · scale for the
   * columns of a list.
   */
  readonly addColumns: WasmFunction;
  /** (planes, sums, chunks, perGroup, factor): for each group, of either plane the four sums that a dot product has, times -factor. */
  readonly sumPlanes: WasmFunction;
  /** (planes, xScales, sums, codes, scales, y, rows, chunks, perGroup, codeStep, scaleStep): y[r] = Σ x · (code - 8) · scale. */
  readonly planesInt4: WasmFunction;
  /** (…, zeros): the same with zero points; `sums` are of the factor 1. */
  readonly planesWithZeros: WasmFunction;
}

const built = new WeakMap<Engine, Int4Kernels>();

/** Compiles the functions once an engine. */
export function int4Kernels(engine: Engine): Int4Kernels {
  let kernels = built.get(engine);
  if (kernels === undefined) {
    const { module } = engine.module();
    addDecode(module);
    addColumns(module);
    addSumPlanes(module);
    addPlanes(module, 'planesInt4', false);
    addPlanes(module, 'planesWithZeros', true);
    kernels = engine.instantiate(module) as unknown as Int4Kernels;
    built.set(engine, kernels);
  }
  return kernels;
}

/** Columns of a chunk: 16 bytes of codes. */
export const chunkColumns = 32;
/** Rows side by side: each has a sum for each plane, one in f32 and its codes in registers. */
const rowsTogether = 4;
/** Groups that add up in f32 before their sum goes to f64. */
const groupBlock = 64;

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);
const splat = (address: Expression, offset = 0): Expression => memoryOp('v128.load32_splat', offset, [address]);
/** The smaller of a local and a number, as a new local. */
const atMost = (f: FunctionBuilder, value: Expression, limit: Expression): Local => {
  const result = f.let(value);
  f.if(op('i32.gt_s', result, limit), () => f.set(result, limit));
  return result;
};

/** Parameters of what decodes and of what adds columns. */
const tenWords = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;

/** The bytes of two vectors' lower halves, one of each in turns. */
const inTurns = Array.from({ length: 16 }, (_, byte) => (byte & 1) * 16 + (byte >> 1));

/** What codes of a group are counted from: `zeros` is 0 where that is 8 for all of them. */
function zeroOf(f: FunctionBuilder, zeros: Local, group: Local): Local {
  const zero = f.let(i32(8));
  f.if(zeros, () => f.set(zero, memoryOp('i32.load8_u', 0, [op('i32.add', zeros, group)])));
  return zero;
}

const scaleOf = (scales: Local, group: Local): Expression =>
  memoryOp('f32.load', 0, [op('i32.add', scales, op('i32.shl', group, i32(2)))]);

/** The code of a column, counted from `zero`: an i32. */
function codeOf(codes: Local, column: Local, zero: Local): Expression {
  const byte = memoryOp('i32.load8_u', 0, [op('i32.add', codes, op('i32.shr_u', column, i32(1)))]);
  const shift = op('i32.shl', op('i32.and', column, i32(1)), i32(2));
  return op('i32.sub', op('i32.and', op('i32.shr_u', byte, shift), i32(15)), zero);
}

function addDecode(module: ModuleBuilder): void {
  const f = module.function('decodeInt4', tenWords, 'none', true);
  const [codes, scales, zeros, rows, column, columns, codeStep, groups, groupBits, target] = f.arguments;
  const end = f.let(op('i32.add', column, columns));
  const nibbles = f.let(v128([0x0f0f0f0f, 0x0f0f0f0f, 0, 0]));
  f.repeat(rows, () => {
    const at = f.let(column);
    f.loop((again) => {
      const group = f.let(op('i32.shr_u', at, groupBits));
      const next = op('i32.shl', op('i32.add', group, i32(1)), groupBits);
      const count = f.let(op('i32.sub', atMost(f, next, end), at));
      const scale = f.let(scaleOf(scales, group));
      const zero = zeroOf(f, zeros, group);
      const [spread, zeroes] = [f.let(op('f32x4.splat', scale)), f.let(op('i8x16.splat', zero))];
      f.repeat(op('i32.shr_u', count, i32(4)), () => {
        const eight = f.let(memoryOp('v128.load64_zero', 0, [op('i32.add', codes, op('i32.shr_u', at, i32(1)))]));
        const [even, odd] = [eight, op('i16x8.shr_u', eight, i32(4))].map((half) => op('v128.and', half, nibbles));
        const code = f.let(op('i8x16.sub', shuffle8(even as Expression, odd as Expression, inTurns), zeroes));
        for (const [half, extend] of (['low', 'high'] as const).entries()) {
          const wide = f.let(op(`i16x8.extend_${extend}_i8x16_s`, code));
          for (const [quarter, four] of (['low', 'high'] as const).entries()) {
            const number = op('f32x4.convert_i32x4_s', op(`i32x4.extend_${four}_i16x8_s`, wide));
            f.store('v128.store', target, op('f32x4.mul', number, spread), half * 32 + quarter * 16);
          }
        }
        f.increase(at, 16);
        f.increase(target, 64);
      });
      f.repeat(op('i32.and', count, i32(15)), () => {
        const code = codeOf(codes, at, zero);
        f.store('f32.store', target, op('f32.mul', op('f32.convert_i32_s', code), scale));
        f.increase(at, 1);
        f.increase(target, 4);
      });
      f.branchIf(again, op('i32.lt_s', at, end));
    });
    f.increase(codes, codeStep);
    f.increase(scales, op('i32.shl', groups, i32(2)));
    f.if(zeros, () => f.increase(zeros, groups));
  });
}

function addColumns(module: ModuleBuilder): void {
  const f = module.function('addColumns', tenWords, 'none', true);
  const [list, count, codes, scales, zeros, y, rows, codeStep, groups, groupBits] = f.arguments;
  f.repeat(rows, () => {
    addApart(f, list, count, y, (column) => {
      const group = f.let(op('i32.shr_u', column, groupBits));
      const code = codeOf(codes, column, zeroOf(f, zeros, group));
      return op('f64.mul', op('f64.convert_i32_s', code), op('f64.promote_f32', scaleOf(scales, group)));
    });
    f.increase(codes, codeStep);
    f.increase(scales, op('i32.shl', groups, i32(2)));
    f.if(zeros, () => f.increase(zeros, groups));
    f.increase(y, 4);
  });
}

/** Runs the body for each group, with how many chunks it has. */
function forEachGroup(f: FunctionBuilder, chunks: Local, perGroup: Local, body: (now: Local) => void): void {
  const left = f.let(chunks);
  f.block((end) => {
    f.loop((again) => {
      f.branchIf(end, op('i32.le_s', left, i32(0)));
      const now = atMost(f, left, perGroup);
      f.increase(left, op('i32.sub', i32(0), perGroup));
      body(now);
      f.branchIf(again, i32(1));
    });
  });
}

function addSumPlanes(module: ModuleBuilder): void {
  const f = module.function('sumPlanes', ['i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [planes, sums, chunks, perGroup, factor] = f.arguments;
  const factors = f.let(op('i16x8.splat', op('i32.sub', i32(0), factor)));
  const both = [f.local('v128'), f.local('v128')];
  forEachGroup(f, chunks, perGroup, (now) => {
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

function addPlanes(module: ModuleBuilder, name: string, hasZeros: boolean): void {
  const f = module.function(
    name,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    'none',
    true,
  );
  const [planes, xScales, sums, codes, scales, y, rows, chunks, perGroup, codeStep, scaleStep, zeros] = f.arguments;
  const nibble = f.let(op('i16x8.splat', i32(15)));
  const zeroStep = op('i32.shr_u', scaleStep, i32(2));
  const pass = (count: number): void => {
    const each = (base: Local, step: Expression): Local[] =>
      Array.from({ length: count }, (_, row) => f.let(op('i32.add', base, op('i32.mul', step, i32(row)))));
    const walk: Walk = {
      x: f.let(planes),
      xScales: f.let(xScales),
      sums: f.let(sums),
      codes: each(codes, codeStep),
      scales: each(scales, scaleStep),
      zeros: hasZeros ? each(zeros, zeroStep) : [],
    };
    for (const total of groupDots(f, walk, chunks, perGroup, nibble)) {
      f.store('f32.store', y, op('f32.demote_f64', total));
      f.increase(y, 4);
    }
    f.increase(codes, op('i32.mul', codeStep, i32(count)));
    f.increase(scales, op('i32.mul', scaleStep, i32(count)));
    if (hasZeros) f.increase(zeros, op('i32.mul', zeroStep, i32(count)));
  };
  f.repeatTogether(rows, rowsTogether, pass);
}

interface Walk {
  readonly x: Local;
  readonly xScales: Local;
  readonly sums: Local;
  /** Of each row. */
  readonly codes: readonly Local[];
  readonly scales: readonly Local[];
  /** None where all are 8. */
  readonly zeros: readonly Local[];
}

/** The products of some rows with x, in f64. */
function groupDots(f: FunctionBuilder, walk: Walk, chunks: Local, perGroup: Local, nibble: Local): Local[] {
  const totals = walk.codes.map(() => f.let(f64(0)));
  const blocks = walk.codes.map(() => f.local('v128'));
  const sums = walk.codes.map(() => [f.local('v128'), f.local('v128')] as const);
  // Blocks of groups are groups of groups.
  const blockChunks = f.let(op('i32.mul', perGroup, i32(groupBlock)));
  forEachGroup(f, chunks, blockChunks, (inBlock) => {
    for (const block of blocks) f.set(block, op('f32x4.splat', f32(0)));
    forEachGroup(f, inBlock, perGroup, (now) => {
      startGroup(f, walk, sums);
      f.repeat(now, () => addChunk(f, walk, sums, nibble));
      finishGroup(f, walk, sums, blocks);
    });
    for (const [row, total] of totals.entries())
      f.set(total, op('f64.add', total, sumOfLanes(f, blocks[row] as Local)));
  });
  return totals;
}

type PlaneSums = readonly (readonly [Local, Local])[];

/** Sums begin with what zero points take off. */
function startGroup(f: FunctionBuilder, { sums: offsets, zeros }: Walk, sums: PlaneSums): void {
  const starts = [f.let(load(offsets)), f.let(load(offsets, 16))];
  for (const [row, pair] of sums.entries()) {
    const zero = zeros[row];
    const factor = zero && f.let(op('i32x4.splat', memoryOp('i32.load8_u', 0, [zero])));
    for (const [plane, sum] of pair.entries()) {
      const start = starts[plane] as Local;
      f.set(sum, factor === undefined ? start : op('i32x4.mul', start, factor));
    }
  }
}

function finishGroup(f: FunctionBuilder, walk: Walk, sums: PlaneSums, blocks: readonly Local[]): void {
  const [upper, lower] = [f.let(splat(walk.xScales)), f.let(splat(walk.xScales, 4))];
  const scaled = (sum: Local, scale: Local): Expression => op('f32x4.mul', op('f32x4.convert_i32x4_s', sum), scale);
  for (const [row, [high, low]] of sums.entries()) {
    const whole = op('f32x4.add', scaled(high, upper), scaled(low, lower));
    const block = blocks[row] as Local;
    f.set(block, op('f32x4.add', block, op('f32x4.mul', whole, splat(walk.scales[row] as Local))));
  }
  f.increase(walk.xScales, 8);
  f.increase(walk.sums, 32);
  for (const scale of walk.scales) f.increase(scale, 4);
  for (const zero of walk.zeros) f.increase(zero, 1);
}

/** Adds the products of a chunk: the codes of every fourth column stand together, in the same four bits of i16. */
function addChunk(f: FunctionBuilder, { x, codes }: Walk, sums: PlaneSums, nibble: Local): void {
  const words = codes.map((pointer) => f.let(load(pointer)));
  for (let place = 0; place < 4; place++) {
    const [upper, lower] = [f.let(load(x, place * 32)), f.let(load(x, place * 32 + 16))];
    for (const [row, word] of words.entries()) {
      const moved = place === 0 ? word : op('i16x8.shr_u', word, i32(place * 4));
      const code = f.let(place === 3 ? moved : op('v128.and', moved, nibble));
      const [high, low] = sums[row] as readonly [Local, Local];
      f.set(high, op('i32x4.add', high, op('i32x4.dot_i16x8_s', upper, code)));
      f.set(low, op('i32x4.add', low, op('i32x4.dot_i16x8_s', lower, code)));
    }
  }
  f.increase(x, 128);
  for (const pointer of codes) f.increase(pointer, 16);
}
