/**
 * Panels of the blocked product made of codes at once: eight rows of the matrix, whose bytes are turned before they become
 * numbers, four times as many an instruction. A byte becomes a number by standing in the last bits of 2^23, which is then
 * taken off again with what codes count from: both are exact.
 */
import {
  f32,
  i32,
  laneOp,
  memoryOp,
  op,
  shuffle8,
  v128,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngine } from '../once-an-engine.ts';
import { atMost } from './vectors.ts';

/** The functions of one engine: each writes [columns, 8] from 8 rows, f32. */
export interface PanelKernels {
  /** (codes, scales, columns, rowStep, scaleStep, target) for codes of 8 bits; columns are whole eights. */
  readonly panelInt8: WasmFunction;
  /**
   * (codes, scales, zeros, column, columns, codeStep, groups, groupBits, target) for codes of 4 bits, the columns from
   * `column` on, whole sixteens; `zeros` is 0 where all are 8, and rows begin where the arrays do.
   */
  readonly panelInt4: WasmFunction;
}

/** Rows of a panel: the columns of the product's tile. */
export const panelRows = 8;

/** Compiles the functions once an engine. */
export const panelKernels: (engine: Engine) => PanelKernels = onceAnEngine((engine) => {
  const { module } = engine.module();
  addInt8(module);
  addInt4(module);
  return engine.instantiate(module) as unknown as PanelKernels;
});

/** The units of `bytes` of the lower or upper halves of two vectors, one of each in turns. */
function inTurns(a: Expression, b: Expression, bytes: 1 | 2 | 4, half: 0 | 1): Expression {
  return shuffle8(
    a,
    b,
    Array.from({ length: 16 }, (_, byte) => {
      const unit = Math.floor(byte / bytes);
      return (unit & 1) * 16 + half * 8 + (unit >> 1) * bytes + (byte % bytes);
    }),
  );
}

/** Eight bytes of each of 8 rows, of the lower or upper half: vectors of two columns each, a byte of each row. */
export function turned(f: FunctionBuilder, rows: readonly Local[], upper: 0 | 1 = 0): Local[] {
  const pairs = (vectors: readonly Local[], bytes: 1 | 2 | 4, halves: readonly (0 | 1)[]): Local[] =>
    vectors.flatMap((vector, place) =>
      place % 2 === 0 ? halves.map((half) => f.let(inTurns(vector, vectors[place + 1] as Local, bytes, half))) : [],
    );
  const [a, b, c, d] = pairs(pairs(rows, 1, [upper]), 2, [0, 1]) as [Local, Local, Local, Local];
  return pairs([a, c, b, d], 4, [0, 1]);
}

/** What bytes count from, what they are multiplied by, and what is added then, for rows 0 to 3 and 4 to 7. */
export interface Scaling {
  readonly zeros: readonly Local[];
  readonly scales: readonly Local[];
  readonly minima?: readonly Local[] | undefined;
}

/** Constants that make numbers of bytes. */
export interface Widening {
  readonly none: Local;
  /** The upper half of 2^23 as f32. */
  readonly upper: Local;
}

/** The same in registers. */
export const wideningOf = (f: FunctionBuilder): Widening => ({
  none: f.let(v128([0, 0, 0, 0])),
  upper: f.let(op('i16x8.splat', i32(0x4b00))),
});
/** What bytes of this meaning of 0 count from, in the last bits of 2^23. */
export const shifted = (zero: number): Expression => op('f32x4.splat', f32(2 ** 23 + zero));

/** Stores the numbers of two columns of bytes. */
export function storeColumns(
  f: FunctionBuilder,
  bytes: Local,
  columns: readonly [number, number],
  target: Local,
  { none, upper }: Widening,
  { zeros, scales, minima }: Scaling,
): void {
  for (const half of [0, 1] as const) {
    const words = f.let(inTurns(bytes, none, 1, half));
    for (const four of [0, 1] as const) {
      const code = op('f32x4.sub', inTurns(words, upper, 2, four), zeros[four] as Local);
      const scaled = op('f32x4.mul', code, scales[four] as Local);
      const number = minima ? op('f32x4.add', scaled, minima[four] as Local) : scaled;
      f.store('v128.store', target, number, columns[half] * 32 + four * 16);
    }
  }
}

/** Pointers to 8 rows. */
export const rowsFrom = (f: FunctionBuilder, first: Local, step: Expression): Local[] =>
  Array.from({ length: panelRows }, (_, row) => f.let(op('i32.add', first, op('i32.mul', step, i32(row)))));

/** An f32 of each row, 4 and 4 of them. */
function gathered(f: FunctionBuilder, pointers: readonly Local[]): Local[] {
  return [0, 4].map((first) => {
    const [one, ...others] = pointers.slice(first, first + 4) as [Local, Local, Local, Local];
    const four = f.let(memoryOp('v128.load32_zero', 0, [one]));
    for (const [place, pointer] of others.entries())
      f.set(four, memoryOp('v128.load32_lane', 0, [pointer, four], place + 1));
    return four;
  });
}

const loadEight = (f: FunctionBuilder, pointers: readonly Local[]): Local[] =>
  pointers.map((pointer) => f.let(memoryOp('v128.load64_zero', 0, [pointer])));

/** Codes of 4 bits of sixteen columns of 8 rows as bytes, two columns a vector. */
export function turnedNibbles(
  f: FunctionBuilder,
  pointers: readonly Local[],
  nibbles: Local,
): { readonly bytes: Local; readonly columns: readonly [number, number] }[] {
  return turned(f, loadEight(f, pointers)).flatMap((bytes, pair) => {
    const odd = op('v128.and', op('i16x8.shr_u', bytes, i32(4)), nibbles);
    return [op('v128.and', bytes, nibbles), odd].map((codes, place) => ({
      bytes: f.let(codes),
      columns: [pair * 4 + place, pair * 4 + 2 + place] as const,
    }));
  });
}

function addInt8(module: ModuleBuilder): void {
  const f = module.function('panelInt8', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [codes, scales, columns, rowStep, scaleStep, target] = f.arguments;
  const pointers = rowsFrom(f, codes, rowStep);
  const widening = wideningOf(f);
  const zero = f.let(shifted(128));
  const scaling = { zeros: [zero, zero], scales: gathered(f, rowsFrom(f, scales, scaleStep)) };
  const sign = f.let(op('i8x16.splat', i32(0x80)));
  f.repeat(op('i32.shr_u', columns, i32(3)), () => {
    for (const [pair, bytes] of turned(f, loadEight(f, pointers)).entries()) {
      const counted = f.let(op('v128.xor', bytes, sign));
      storeColumns(f, counted, [pair * 2, pair * 2 + 1], target, widening, scaling);
    }
    for (const pointer of pointers) f.increase(pointer, 8);
    f.increase(target, 256);
  });
}

function addInt4(module: ModuleBuilder): void {
  const f = module.function('panelInt4', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [codes, scales, zeros, column, columns, codeStep, groups, groupBits, target] = f.arguments;
  const at = f.let(column);
  const end = f.let(op('i32.add', column, columns));
  const group = f.let(op('i32.shr_u', at, groupBits));
  const pointers = rowsFrom(f, f.let(op('i32.add', codes, op('i32.shr_u', column, i32(1)))), codeStep);
  const fourGroups = op('i32.shl', group, i32(2));
  const ofScales = rowsFrom(f, f.let(op('i32.add', scales, fourGroups)), op('i32.shl', groups, i32(2)));
  const ofZeros = f.let(op('i32.add', zeros, group));
  const widening = wideningOf(f);
  const nibbles = f.let(op('i8x16.splat', i32(15)));
  const counted = [f.let(shifted(8)), f.let(shifted(8))];
  f.loop((again) => {
    f.increase(group, 1);
    const count = f.let(op('i32.sub', atMost(f, op('i32.shl', group, groupBits), end), at));
    const scaling = { zeros: counted, scales: gathered(f, ofScales) };
    f.if(zeros, () => {
      for (let row = 0; row < panelRows; row++) {
        const zero = memoryOp('i32.load8_u', 0, [op('i32.add', ofZeros, op('i32.mul', groups, i32(row)))]);
        const four = counted[row >> 2] as Local;
        const number = op('f32.convert_i32_u', op('i32.add', zero, i32(2 ** 23)));
        f.set(four, laneOp('f32x4.replace_lane', row & 3, four, number));
      }
    });
    f.repeat(op('i32.shr_u', count, i32(4)), () => {
      for (const { bytes, columns: two } of turnedNibbles(f, pointers, nibbles))
        storeColumns(f, bytes, two, target, widening, scaling);
      for (const pointer of pointers) f.increase(pointer, 8);
      f.increase(target, 512);
    });
    f.increase(at, count);
    for (const pointer of ofScales) f.increase(pointer, 4);
    f.increase(ofZeros, 1);
    f.branchIf(again, op('i32.lt_s', at, end));
  });
}
