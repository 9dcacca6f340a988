/** WebAssembly functions for codes of 4 bits in groups of columns. */
import { i32, memoryOp, op, select, shuffle8, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { addApart } from './columns-apart.ts';
import { atMost } from './vectors.ts';

/** The functions of one engine; `zeros` is 0 where all zero points are 8. */
export interface Int4Kernels {
  /**
   * (codes, scales, zeros, rows, column, columns, codeStep, groups, groupBits, target): target [rows, columns] = the columns
   * from `column` on, which is even; a group has 2^groupBits columns, a row `groups` of them.
   */
  readonly decodeInt4: WasmFunction;
  /**
   * (list, count, codes, scales, zeros, y, rows, codeStep, groups, groupBits): y[r] += Σ value · (code - zero) · scale for the
   * columns of a list, as many as the i32 at `count`.
   */
  readonly addColumns: WasmFunction;
}

/** Compiles the functions once an engine. */
export const int4Kernels: (engine: Engine) => Int4Kernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  addDecode(module);
  addColumns(module);
  return engine.instantiate(module) as unknown as Int4Kernels;
});

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
  const [list, countAt, codes, scales, zeros, y, rows, codeStep, groups, groupBits] = f.arguments;
  const count = f.let(memoryOp('i32.load', 0, [countAt]));
  f.repeat(select(count, rows, i32(0)), () => {
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
