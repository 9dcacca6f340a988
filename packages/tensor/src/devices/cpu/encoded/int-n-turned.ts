/**
 * Panels of the blocked product made of codes of 1 to 8 bits in groups at once: bytes of eight rows are turned before they become
 * numbers, which are those that decoding gives.
 */
import { centreOf, type GroupedCodes } from '../../../kernel/grouped-codes.ts';
import { i32, memoryOp, op, shuffle32, v128, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { codeReader, codesTogether } from './int-n-codes.ts';
import { groupedArrays } from './int-n-kernels.ts';
import { groupsOfStepBits, scaleBytes, scaleRule } from './int-n-scales.ts';
import {
  panelRows,
  rowsFrom,
  shifted,
  storeColumns,
  turned,
  turnedNibbles,
  wideningOf,
  type Scaling,
} from './panels.ts';
import { atMost } from './vectors.ts';

/** The function for matrices of a kind. */
export interface TurnedKernels {
  /**
   * (codes, scales, others, steps, otherSteps, table, codeStep, scaleStep, otherStep, stepStep, column, columns, target): the
   * columns from `column` on of `panelRows` rows, turned: target [columns, 8]. Both are whole sixteens.
   */
  readonly panel: WasmFunction;
}

/** Compiles the function once an engine. */
export const turnedKernels: (engine: Engine, own: GroupedCodes) => TurnedKernels = onceAnEngineEach(
  (engine, own) => {
    const { module } = engine.module();
    const words = Array.from({ length: 13 }, () => 'i32' as const);
    addPanel(module.function('panel', words, 'none', true), own);
    return engine.instantiate(module) as unknown as TurnedKernels;
  },
  (own) => JSON.stringify(own),
);

function addPanel(f: FunctionBuilder, own: GroupedCodes): void {
  const { arrays, more } = groupedArrays(f);
  const [column, columns, target] = more as [Local, Local, Local];
  const codeStep = f.arguments[6] as Local;
  const groupBits = i32(Math.log2(own.group));
  const widening = wideningOf(f);
  const begin = op('i32.add', arrays.codes, op('i32.shr_u', op('i32.mul', column, i32(own.bits)), i32(3)));
  const pointers = rowsFrom(f, f.let(begin), codeStep);
  const read = columnReader(f, own, arrays.table, pointers);
  const numbers = numbersOfRows(f, own);
  const at = f.let(column);
  const end = f.let(op('i32.add', column, columns));
  f.loop((again) => {
    const group = f.let(op('i32.shr_u', at, groupBits));
    const stop = atMost(f, op('i32.shl', op('i32.add', group, i32(1)), groupBits), end);
    const scaling = numbers(group);
    f.repeat(op('i32.shr_u', op('i32.sub', stop, at), i32(4)), () => {
      for (const { bytes, columns: two } of read()) storeColumns(f, bytes, two, target, widening, scaling);
      for (const pointer of pointers) f.increase(pointer, (codesTogether * own.bits) / 8);
      f.increase(target, codesTogether * panelRows * 4);
    });
    f.set(at, stop);
    f.branchIf(again, op('i32.lt_s', at, end));
  });
}

type TwoColumns = ReturnType<typeof turnedNibbles>[number];

/** Code that reads the counts of sixteen columns, two columns of 8 rows a vector; entries of a table as bytes from -128 on. */
function columnReader(
  f: FunctionBuilder,
  own: GroupedCodes,
  table: Local,
  pointers: readonly Local[],
): () => TwoColumns[] {
  if (own.bits === 4) {
    const nibbles = f.let(op('i8x16.splat', i32(15)));
    if (!own.table) return () => turnedNibbles(f, pointers, nibbles);
    const entries = f.let(op('v128.xor', memoryOp('v128.load', 0, [table]), op('i8x16.splat', i32(128))));
    return () =>
      turnedNibbles(f, pointers, nibbles).map(({ bytes, columns }) => ({
        bytes: f.let(op('i8x16.swizzle', entries, bytes)),
        columns,
      }));
  }
  const { inOrder } = codeReader(f, own, table);
  const sixteen = (pointer: Local): Expression =>
    own.bits === 8 ? memoryOp('v128.load', 0, [pointer]) : op('i8x16.narrow_i16x8_u', ...inOrder(pointer, 0));
  return () => {
    const rows = pointers.map((pointer) => f.let(sixteen(pointer)));
    return ([0, 1] as const).flatMap((half) =>
      turned(f, rows, half).map((bytes, pair) => ({
        bytes,
        columns: [half * 8 + pair * 2, half * 8 + pair * 2 + 1] as const,
      })),
    );
  };
}

/** Numbers of a group in each of 8 rows, from an address in the first on, behind each other in as few vectors as hold them. */
function gathered(f: FunctionBuilder, address: Expression, step: Local, width: 1 | 2 | 4): Local[] {
  const names = { 1: 'v128.load8_lane', 2: 'v128.load16_lane', 4: 'v128.load32_lane' } as const;
  const pointer = f.let(address);
  return Array.from({ length: width === 4 ? 2 : 1 }, () => {
    const all = f.let(v128([0, 0, 0, 0]));
    for (let lane = 0; lane < Math.min(panelRows, 16 / width); lane++) {
      f.set(all, memoryOp(names[width], 0, [pointer, all], lane));
      f.increase(pointer, step);
    }
    return all;
  });
}

/** Those of rows 0 to 3 and of rows 4 to 7, each in the lowest bytes. */
function byFours(vectors: readonly Local[], width: 1 | 2 | 4): readonly [Expression, Expression] {
  const [one, other] = vectors as [Local, Local | undefined];
  return [one, other ?? shuffle32(one, one, width === 2 ? [2, 3, 2, 3] : [1, 1, 1, 1])];
}

/** Code that reads what the counts of a group become numbers by. */
function numbersOfRows(f: FunctionBuilder, own: GroupedCodes): (group: Local) => Scaling {
  const { arrays } = groupedArrays(f);
  const [scaleStep, otherStep, stepStep] = f.arguments.slice(7) as [Local, Local, Local];
  const rule = scaleRule(f, own);
  const width = scaleBytes[own.scales];
  const centre = f.let(shifted(own.table ? 128 : centreOf(own).centre));
  // The upper bits of 2^23, whose last ones a zero point is.
  const upper = f.let(op('i32x4.splat', i32(0x4b000000)));
  return (group) => {
    const rows = (
      base: Local,
      step: Local,
      bytes: 1 | 2 | 4,
      of: Expression = group,
    ): readonly [Expression, Expression] =>
      byFours(gathered(f, op('i32.add', base, op('i32.mul', of, i32(bytes))), step, bytes), bytes);
    const numbers = (base: Local, step: Local, steps: Local): Local[] => {
      const read = rows(base, step, width);
      const shared = op('i32.shr_u', group, i32(own.scales === 'i8' ? groupsOfStepBits(own) : 0));
      const halves = own.scales === 'i8' ? rows(steps, stepStep, 2, shared) : undefined;
      return read.map((four, place) => f.let(rule(four, () => (halves as readonly Expression[])[place] as Expression)));
    };
    const zeros = own.zeros
      ? rows(arrays.others, otherStep, 1).map((bytes) =>
          f.let(op('v128.or', op('i32x4.extend_low_i16x8_u', op('i16x8.extend_low_i8x16_u', bytes)), upper)),
        )
      : [centre, centre];
    return {
      zeros,
      scales: numbers(arrays.scales, scaleStep, arrays.steps),
      minima: own.minima ? numbers(arrays.others, otherStep, arrays.otherSteps) : undefined,
    };
  };
}
