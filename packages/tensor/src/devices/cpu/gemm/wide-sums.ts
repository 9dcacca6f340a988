/**
 * Sums of many blocks in f64. Some blocks of a product add up in its f32 result; a product of more of them moves what it has
 * to a wide copy again and again, so that only so many roundings to f32 follow each other.
 */
import { f64, i32, memoryOp, op, shuffle32, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import type { WasmFunction } from '../engine.ts';

/** The functions that work on wide copies: contiguous f64 [rows, columns]. */
export interface WideSums {
  /** (c, wide, rows, columns, rowStep, first): wide = c if `first`, else wide + c; rows of c are `rowStep` bytes apart. */
  readonly widen: WasmFunction;
  /** (c, wide, rows, columns, rowStep): c = wide, rounded once. */
  readonly narrow: WasmFunction;
}

/** A sum of `count` blocks, of which `together` add up in f32. */
export interface Blocks {
  readonly count: number;
  readonly together: number;
}

/** A sum of blocks, f32 [rows, columns] at c, and where its wide copy is. */
export type Sums = Readonly<Record<'c' | 'wide' | 'rows' | 'columns' | 'rowStep', number>>;

/** Runs a sum of blocks into c; `add(block, accumulate)` adds one, or starts with it. */
export function sumOfBlocks(
  kernels: WideSums,
  sums: Sums,
  blocks: Blocks,
  add: (block: number, accumulate: 0 | 1) => void,
): void {
  for (let block = 0; block < blocks.count; block++) {
    add(block, accumulates(blocks, block));
    settle(kernels, sums, blocks, block);
  }
}

/** Whether a block is added to what c has, or c starts with it. */
export function accumulates({ together }: Blocks, block: number): 0 | 1 {
  return block % together === 0 ? 0 : 1;
}

/** Moves what c has to its wide copy where it must, when a block has been added; after the last one c is the sum. */
export function settle(
  { widen, narrow }: WideSums,
  { c, wide, rows, columns, rowStep }: Sums,
  { count, together }: Blocks,
  block: number,
): void {
  if (count <= together) return;
  const isLast = block === count - 1;
  if (block % together === together - 1 || isLast) widen(c, wide, rows, columns, rowStep, block < together ? 1 : 0);
  if (isLast) narrow(c, wide, rows, columns, rowStep);
}

/** Bytes of the wide copy that `sumOfBlocks` needs for a result of `size` elements. */
export function wideBytes({ count, together }: Blocks, size: number): number {
  return count > together ? size * 8 : 0;
}

/** Adds the functions of `WideSums`. */
export function addWideSums(module: ModuleBuilder): void {
  addWiden(module);
  addNarrow(module);
}

const load = (address: Expression, offset = 0): Expression => memoryOp('v128.load', offset, [address]);

function addWiden(module: ModuleBuilder): void {
  const f = module.function('widen', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [c, wide, rows, columns, rowStep, first] = f.arguments;
  const copy = (adds: boolean): void => {
    const sum = (low: Expression, offset: number): Expression =>
      adds ? op('f64x2.add', low, load(wide, offset)) : low;
    forEachRow(
      f,
      { c, wide, rows, columns, rowStep },
      {
        four: (from) => {
          const values = f.let(load(from));
          f.store('v128.store', wide, sum(op('f64x2.promote_low_f32x4', values), 0));
          const high = op('f64x2.promote_low_f32x4', shuffle32(values, values, [2, 3, 2, 3]));
          f.store('v128.store', wide, sum(high, 16), 16);
        },
        one: (from) => {
          const value = op('f64.promote_f32', memoryOp('f32.load', 0, [from]));
          f.store('f64.store', wide, op('f64.add', value, adds ? memoryOp('f64.load', 0, [wide]) : f64(0)));
        },
      },
    );
  };
  f.if(
    first,
    () => copy(false),
    () => copy(true),
  );
}

function addNarrow(module: ModuleBuilder): void {
  const f = module.function('narrow', ['i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [c, wide, rows, columns, rowStep] = f.arguments;
  forEachRow(
    f,
    { c, wide, rows, columns, rowStep },
    {
      four: (to) => {
        const half = (offset: number): Expression => op('f32x4.demote_f64x2_zero', load(wide, offset));
        f.store('v128.store', to, shuffle32(half(0), half(16), [0, 1, 4, 5]));
      },
      one: (to) => f.store('f32.store', to, op('f32.demote_f64', memoryOp('f64.load', 0, [wide]))),
    },
  );
}

/** Walks the rows of c and of its wide copy, four elements at a time and then the rest. */
function forEachRow(
  f: FunctionBuilder,
  { c, wide, rows, columns, rowStep }: Readonly<Record<'c' | 'wide' | 'rows' | 'columns' | 'rowStep', Local>>,
  { four, one }: Readonly<Record<'four' | 'one', (narrow: Local) => void>>,
): void {
  const row = f.let(c);
  const at = f.local('i32');
  f.repeat(rows, () => {
    f.set(at, row);
    f.repeat(op('i32.shr_u', columns, i32(2)), () => {
      four(at);
      f.increase(at, 16);
      f.increase(wide, 32);
    });
    f.repeat(op('i32.and', columns, i32(3)), () => {
      one(at);
      f.increase(at, 4);
      f.increase(wide, 8);
    });
    f.increase(row, rowStep);
  });
}
