/** Units of columns: what a product of few rows is cut into for several threads. */
import { i32, op, select, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** Columns of a unit: whole cache lines, and whole strips. */
export const unitColumns = 128;

/** The columns of units `begin` up to `end` of `n` columns: the first, and how many, none or less if they are of another product. */
export function columnsOfUnits(
  f: FunctionBuilder,
  begin: Local,
  end: Local,
  n: Local,
): { readonly first: Local; readonly columns: Local } {
  const first = f.let(op('i32.mul', select(op('i32.gt_s', begin, i32(0)), begin, i32(0)), i32(unitColumns)));
  // The end may be that of a range of many products, and far beyond.
  const last = f.let(
    op('i32.mul', least(end, op('i32.add', op('i32.div_u', n, i32(unitColumns)), i32(1))), i32(unitColumns)),
  );
  return { first, columns: f.let(op('i32.sub', least(last, n), first)) };
}

/** The lesser of two numbers. */
export const least = (a: Local, b: Expression): Expression => select(op('i32.lt_s', a, b), a, b);
