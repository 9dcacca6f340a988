/** WebAssembly functions for codes of 1 to 8 bits in groups of columns: as numbers, and a column at a time. */
import { centreOf, type GroupedCodes } from '../../../kernel/grouped-codes.ts';
import { i32, memoryOp, op, select, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { Engine, WasmFunction } from '../engine.ts';
import { onceAnEngineEach } from '../once-an-engine.ts';
import { addApart } from './columns-apart.ts';
import { codeReader, codesTogether, countAt } from './int-n-codes.ts';
import { scaleAt } from './int-n-scales.ts';
import { atMost } from './vectors.ts';

/** The functions for matrices of a kind. `others` are zero points or minima. */
export interface GroupedKernels {
  /**
   * (codes, scales, others, steps, otherSteps, table, codeStep, scaleStep, otherStep, stepStep, rows, column, columns, target):
   * target [rows, columns] = the columns from `column` on, f32.
   */
  readonly decode: WasmFunction;
  /** (…, rows, list, count, y): y[r] += Σ value · element for the columns of a list, as many as the i32 at `count`. */
  readonly addColumns: WasmFunction;
}

/** Compiles the functions once an engine. */
export const groupedKernels: (engine: Engine, own: GroupedCodes) => GroupedKernels = onceAnEngineEach(
  (engine, own) => {
    const { module } = engine.module();
    addDecode(module, own);
    addColumns(module, own);
    return engine.instantiate(module) as unknown as GroupedKernels;
  },
  (own) => JSON.stringify(own),
);

/** The arrays, their steps, and four more. */
export const fourteenWords: readonly 'i32'[] = Array.from({ length: 14 }, () => 'i32');

/** Where the arrays of a row are. */
export interface Arrays {
  readonly codes: Local;
  readonly scales: Local;
  readonly others: Local;
  readonly steps: Local;
  readonly otherSteps: Local;
  readonly table: Local;
}

/** The arguments of a function that begin with the arrays and their steps; `next` moves on by a row. */
export function groupedArrays(f: FunctionBuilder): {
  readonly arrays: Arrays;
  readonly next: () => void;
  readonly more: Local[];
} {
  const [codes, scales, others, steps, otherSteps, table, codeStep, scaleStep, otherStep, stepStep, ...more] =
    f.arguments as Local[] as [Local, Local, Local, Local, Local, Local, Local, Local, Local, Local];
  return {
    arrays: { codes, scales, others, steps, otherSteps, table },
    next: () => {
      for (const [at, step] of [
        [codes, codeStep],
        [scales, scaleStep],
        [others, otherStep],
        [steps, stepStep],
        [otherSteps, stepStep],
      ] as const)
        f.increase(at, step);
    },
    more,
  };
}

/** What the counts of a group are multiplied by, what is taken off before, and what is added then. */
export interface OfGroup {
  readonly scale: Local;
  readonly zero: Local;
  readonly minimum: Local | undefined;
}

/** The numbers of a group of a row. */
export function numbersOfGroup(f: FunctionBuilder, own: GroupedCodes, arrays: Arrays, group: Local): OfGroup {
  const { scales, others, steps, otherSteps } = arrays;
  const zero = own.zeros ? memoryOp('i32.load8_u', 0, [op('i32.add', others, group)]) : i32(centreOf(own).centre);
  return {
    scale: scaleAt(f, own, { scales, steps }, group),
    zero: f.let(zero),
    minimum: own.minima ? scaleAt(f, own, { scales: others, steps: otherSteps }, group) : undefined,
  };
}

/** The element of a column, f32. */
function elementAt(
  f: FunctionBuilder,
  own: GroupedCodes,
  { codes, table }: Arrays,
  { scale, zero, minimum }: OfGroup,
  column: Local,
): Expression {
  const count = op('i32.sub', countAt(f, own, codes, column, table), zero);
  const scaled = op('f32.mul', op('f32.convert_i32_s', count), scale);
  return minimum ? op('f32.add', scaled, minimum) : scaled;
}

function addDecode(module: ModuleBuilder, own: GroupedCodes): void {
  const f = module.function('decode', fourteenWords, 'none', true);
  const { arrays, next, more } = groupedArrays(f);
  const [rows, column, columns, target] = more as [Local, Local, Local, Local];
  const reader = codeReader(f, own, arrays.table);
  const groupBits = i32(Math.log2(own.group));
  const end = f.let(op('i32.add', column, columns));
  f.repeat(rows, () => {
    const at = f.let(column);
    f.loop((again) => {
      const group = f.let(op('i32.shr_u', at, groupBits));
      const stop = atMost(f, op('i32.shl', op('i32.add', group, i32(1)), groupBits), end);
      const scaling = numbersOfGroup(f, own, arrays, group);
      const one = (): void => {
        f.store('f32.store', target, elementAt(f, own, arrays, scaling, at));
        f.increase(at, 1);
        f.increase(target, 4);
      };
      // Until codes begin with a byte, in which vectors of them do.
      const ahead = f.let(op('i32.and', op('i32.sub', i32(0), at), i32(codesTogether - 1)));
      const all = f.let(op('i32.sub', stop, at));
      f.repeat(select(op('i32.lt_s', ahead, all), ahead, all), one);
      const left = f.let(op('i32.sub', stop, at));
      decodeSixteens(f, own, arrays, scaling, { reader, at, target, count: op('i32.shr_u', left, i32(4)) });
      f.repeat(op('i32.and', left, i32(15)), one);
      f.branchIf(again, op('i32.lt_s', at, end));
    });
    next();
  });
}

function decodeSixteens(
  f: FunctionBuilder,
  own: GroupedCodes,
  { codes }: Arrays,
  { scale, zero, minimum }: OfGroup,
  walk: {
    readonly reader: ReturnType<typeof codeReader>;
    readonly at: Local;
    readonly target: Local;
    readonly count: Expression;
  },
): void {
  const { reader, at, target, count } = walk;
  const bytes = (codesTogether * own.bits) / 8;
  const pointer = f.let(op('i32.add', codes, op('i32.mul', op('i32.shr_u', at, i32(4)), i32(bytes))));
  const scales = f.let(op('f32x4.splat', scale));
  const zeroes = f.let(op('i16x8.splat', zero));
  const minima = minimum && f.let(op('f32x4.splat', minimum));
  f.repeat(count, () => {
    for (const [half, counts] of reader.inOrder(pointer, 0).entries()) {
      const eight = f.let(op('i16x8.sub', counts, zeroes));
      for (const [quarter, side] of (['low', 'high'] as const).entries()) {
        const scaled = op('f32x4.mul', op('f32x4.convert_i32x4_s', op(`i32x4.extend_${side}_i16x8_s`, eight)), scales);
        const values = minima ? op('f32x4.add', scaled, minima) : scaled;
        f.store('v128.store', target, values, half * 32 + quarter * 16);
      }
    }
    f.increase(pointer, bytes);
    f.increase(at, codesTogether);
    f.increase(target, codesTogether * 4);
  });
}

function addColumns(module: ModuleBuilder, own: GroupedCodes): void {
  const f = module.function('addColumns', fourteenWords, 'none', true);
  const { arrays, next, more } = groupedArrays(f);
  const [rows, list, countAddress, y] = more as [Local, Local, Local, Local];
  const count = f.let(memoryOp('i32.load', 0, [countAddress]));
  f.repeat(select(count, rows, i32(0)), () => {
    addApart(f, list, count, y, (column) => {
      const scaling = numbersOfGroup(f, own, arrays, f.let(op('i32.shr_u', column, i32(Math.log2(own.group)))));
      const whole = op(
        'f64.convert_i32_s',
        op('i32.sub', countAt(f, own, arrays.codes, column, arrays.table), scaling.zero),
      );
      const scaled = op('f64.mul', whole, op('f64.promote_f32', scaling.scale));
      return scaling.minimum ? op('f64.add', scaled, op('f64.promote_f32', scaling.minimum)) : scaled;
    });
    next();
    f.increase(y, 4);
  });
}
