/** Columns of a matrix that are added to a product one by one. */
import { f64, memoryOp, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** Bytes of a column in a list: an i32, and 8 bytes on the factor of the column, f64. */
export const apartBytes = 16;

/** Code for y += Σ factor · element over a list of `count` columns; `element` is what a row has in a column. */
export function addApart(
  f: FunctionBuilder,
  list: Local,
  count: Local,
  y: Local,
  element: (column: Local) => Expression,
): void {
  const at = f.let(list);
  const sum = f.let(f64(0));
  f.repeat(count, () => {
    const value = element(f.let(memoryOp('i32.load', 0, [at])));
    f.set(sum, op('f64.add', sum, op('f64.mul', memoryOp('f64.load', 8, [at]), value)));
    f.increase(at, apartBytes);
  });
  const before = op('f64.promote_f32', memoryOp('f32.load', 0, [y]));
  f.store('f32.store', y, op('f32.demote_f64', op('f64.add', before, sum)));
}
