/** A row-major matrix times a vector, as one dot product a row: the matrix streams through once, several rows side by side. */
import {
  f32,
  f64,
  i32,
  laneOp,
  memoryOp,
  op,
  shuffle32,
  type Expression,
  type Local,
} from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';

const load = (address: Expression, offset: number): Expression => memoryOp('v128.load', offset, [address]);

/** Rows taken together: each has a sum in a register, and a vector of x is loaded once for all. */
const rowsTogether = 4;
/** Columns that add up in f32, a quarter of them in each lane, before their sum goes to f64. */
const columnBlock = 512;
/** Columns of a round of the inner loop. */
const step = 16;

/**
 * Adds `dotRows(x, w, y, rows, columns, rowStep, yStep)`: y[r] = Σ_c x[c] · w[r, c]; steps in bytes, rows of `w` and `x`
 * contiguous.
 */
export function addDotRows(module: ModuleBuilder): void {
  const f = module.function('dotRows', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'none', true);
  const [x, w, y, rows, columns, rowStep, yStep] = f.arguments;
  const pass = (count: number): void => {
    const sums = dots(f, count, { x, w, columns, rowStep });
    for (const sum of sums) {
      f.store('f32.store', y, op('f32.demote_f64', sum));
      f.increase(y, yStep);
    }
    f.increase(w, op('i32.mul', rowStep, i32(count)));
  };
  f.repeatTogether(rows, rowsTogether, pass);
}

/** The sum of the four lanes of a vector of f32, in f64. */
export function sumOfLanes(f: FunctionBuilder, vector: Local): Expression {
  const pairs = f.let(
    op(
      'f64x2.add',
      op('f64x2.promote_low_f32x4', vector),
      op('f64x2.promote_low_f32x4', shuffle32(vector, vector, [2, 3, 2, 3])),
    ),
  );
  return sumOfPair(pairs);
}

/** The sum of both lanes of a vector of f64. */
export function sumOfPair(vector: Local): Expression {
  return op('f64.add', laneOp('f64x2.extract_lane', 0, vector), laneOp('f64x2.extract_lane', 1, vector));
}

function dots(
  f: FunctionBuilder,
  count: number,
  { x, w, columns, rowStep }: Readonly<Record<'x' | 'w' | 'columns' | 'rowStep', Local>>,
): Local[] {
  const from = f.let(x);
  const pointers = Array.from({ length: count }, (_, row) => f.let(op('i32.add', w, op('i32.mul', rowStep, i32(row)))));
  const totals = pointers.map(() => f.let(f64(0)));
  const sums = pointers.map(() => f.local('v128'));
  const left = f.let(columns);
  const width = f.local('i32');
  f.loop((again) => {
    f.set(width, left);
    f.if(op('i32.gt_s', width, i32(columnBlock)), () => f.set(width, i32(columnBlock)));
    f.increase(left, op('i32.sub', i32(0), width));
    for (const sum of sums) f.set(sum, op('f32x4.splat', f32(0)));
    f.repeat(op('i32.div_u', width, i32(step)), () => {
      for (let offset = 0; offset < step * 4; offset += 16) {
        const factor = f.let(load(from, offset));
        for (const [row, sum] of sums.entries())
          f.set(sum, op('f32x4.add', sum, op('f32x4.mul', factor, load(pointers[row] as Local, offset))));
      }
      for (const pointer of [from, ...pointers]) f.increase(pointer, step * 4);
    });
    for (const [row, sum] of sums.entries())
      f.set(totals[row] as Local, op('f64.add', totals[row] as Local, sumOfLanes(f, sum)));
    f.repeat(op('i32.rem_u', width, i32(step)), () => {
      const factor = f.let(wide(from));
      for (const [row, total] of totals.entries())
        f.set(total, op('f64.add', total, op('f64.mul', factor, wide(pointers[row] as Local))));
      for (const pointer of [from, ...pointers]) f.increase(pointer, 4);
    });
    f.branchIf(again, op('i32.gt_s', left, i32(0)));
  });
  return totals;
}

const wide = (address: Expression): Expression => op('f64.promote_f32', memoryOp('f32.load', 0, [address]));
