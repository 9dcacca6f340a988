/** Rows of activations rounded to codes of 8 bits: half to even, with the scale max |x| / 127. */
import { largestCode, largestScaled } from '../../../kernel/activations.ts';
import { f32, i32, laneOp, memoryOp, op, select, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { forEachFour } from './vectors.ts';

/** The functions of one engine. */
export interface RoundingKernels {
  /** (x, count): x = code · scale, NaN throughout where the scale is not finite. */
  readonly roundRow: WasmFunction;
  /** (x, codes, count, scale): codes are i16, and 0 where the scale is not finite; an odd row ends with a 0 more. */
  readonly codeRow: WasmFunction;
  /** The same of an x that is codes already, i8: their scale is 1. */
  readonly widenRow: WasmFunction;
  /** (scale, scales, blocks, codes, values, count): the scale of a row for each of its blocks, and values of codes, f64. */
  readonly spreadScale: WasmFunction;
}

/** Compiles the functions once an engine. */
export const roundingKernels: (engine: Engine) => RoundingKernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  addRoundRow(module);
  addCodeRow(module);
  addWidenRow(module);
  addSpreadScale(module);
  return engine.instantiate(module) as unknown as RoundingKernels;
});

const load = (address: Expression): Expression => memoryOp('v128.load', 0, [address]);
const loadOne = (address: Expression): Expression => memoryOp('f32.load', 0, [address]);

/** max |x|; NaN if there is one. Magnitudes are in the order of their bits, in which NaN is past all numbers. */
export function largestOf(f: FunctionBuilder, x: Local, count: Local): Local {
  const from = f.let(x);
  const magnitude = i32(0x7fffffff);
  const magnitudes = f.let(op('i32x4.splat', magnitude));
  const most = f.let(op('i32x4.splat', i32(0)));
  const one = f.let(i32(0));
  const raise = (bits: Expression): void => {
    const own = f.let(bits);
    f.set(one, select(op('i32.gt_s', own, one), own, one));
  };
  forEachFour(f, count, {
    four: () => {
      f.set(most, op('i32x4.max_s', most, op('v128.and', load(from), magnitudes)));
      f.increase(from, 16);
    },
    one: () => {
      raise(op('i32.and', memoryOp('i32.load', 0, [from]), magnitude));
      f.increase(from, 4);
    },
  });
  for (let lane = 0; lane < 4; lane++) raise(laneOp('i32x4.extract_lane', lane, most));
  return f.let(op('f32.reinterpret_i32', one));
}

/** The scale of a row, and what to divide by: not by the 0 of a row of zeros. */
function scaleOf(f: FunctionBuilder, x: Local, count: Local): { readonly scale: Local; readonly divisor: Local } {
  const most = largestOf(f, x, count);
  // Only what is finite is held down: a row with NaN or an infinity has no scale.
  const isPast = op('i32.and', op('f32.gt', most, f32(largestScaled)), op('f32.lt', most, f32(Infinity)));
  const scale = f.let(op('f32.div', select(isPast, f32(largestScaled), most), f32(largestCode)));
  return { scale, divisor: f.let(select(op('f32.eq', scale, f32(0)), f32(1), scale)) };
}

function addRoundRow(module: ModuleBuilder): void {
  const f = module.function('roundRow', ['i32', 'i32'], 'none', true);
  const [x, count] = f.arguments;
  const { scale, divisor } = scaleOf(f, x, count);
  const [scales, divisors] = [f.let(op('f32x4.splat', scale)), f.let(op('f32x4.splat', divisor))];
  forEachFour(f, count, {
    four: () => {
      f.store('v128.store', x, op('f32x4.mul', op('f32x4.nearest', op('f32x4.div', load(x), divisors)), scales));
      f.increase(x, 16);
    },
    one: () => {
      f.store('f32.store', x, op('f32.mul', op('f32.nearest', op('f32.div', loadOne(x), divisor)), scale));
      f.increase(x, 4);
    },
  });
}

function addCodeRow(module: ModuleBuilder): void {
  const f = module.function('codeRow', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, codes, count, scaleTo] = f.arguments;
  const { scale, divisor } = scaleOf(f, x, count);
  const divisors = f.let(op('f32x4.splat', divisor));
  forEachFour(f, count, {
    four: () => {
      const code = f.let(op('i32x4.trunc_sat_f32x4_s', op('f32x4.nearest', op('f32x4.div', load(x), divisors))));
      f.store('v128.store64_lane', codes, op('i16x8.narrow_i32x4_s', code, code), 0, 0);
      f.increase(x, 16);
      f.increase(codes, 8);
    },
    one: () => {
      f.store('i32.store16', codes, op('i32.trunc_sat_f32_s', op('f32.nearest', op('f32.div', loadOne(x), divisor))));
      f.increase(x, 4);
      f.increase(codes, 2);
    },
  });
  f.if(op('i32.and', count, i32(1)), () => f.store('i32.store16', codes, i32(0)));
  f.store('f32.store', scaleTo, scale);
}

function addWidenRow(module: ModuleBuilder): void {
  const f = module.function('widenRow', ['i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, codes, count, scaleTo] = f.arguments;
  f.repeat(op('i32.shr_u', count, i32(3)), () => {
    f.store('v128.store', codes, memoryOp('v128.load8x8_s', 0, [x]));
    f.increase(x, 8);
    f.increase(codes, 16);
  });
  f.repeat(op('i32.and', count, i32(7)), () => {
    f.store('i32.store16', codes, memoryOp('i32.load8_s', 0, [x]));
    f.increase(x, 1);
    f.increase(codes, 2);
  });
  f.if(op('i32.and', count, i32(1)), () => f.store('i32.store16', codes, i32(0)));
  f.store('f32.store', scaleTo, f32(1));
}

function addSpreadScale(module: ModuleBuilder): void {
  const f = module.function('spreadScale', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [from, scales, blocks, codes, values, count] = f.arguments;
  const scale = f.let(op('f64.promote_f32', loadOne(from)));
  f.repeat(blocks, () => {
    f.store('f64.store', scales, scale);
    f.increase(scales, 8);
  });
  f.repeat(count, () => {
    const code = op('f64.convert_i32_s', memoryOp('i32.load16_s', 0, [codes]));
    f.store('f64.store', values, op('f64.mul', code, scale));
    f.increase(codes, 2);
    f.increase(values, 8);
  });
}
