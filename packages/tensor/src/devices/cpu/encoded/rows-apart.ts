/** How kernels of encoded matrices walk rows side by side: far apart, so that each is read ahead. */
import { i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** An array that is walked by rows: where the next one lies, and bytes from one to the next. */
export interface RowWalk {
  readonly at: Local;
  readonly step: Expression;
}

/**
 * Code for `rows` rows of several arrays: the body for `together` of them side by side as often as there are so many, then
 * for one. It is given pointers to the rows, array by array. Rows side by side lie far apart: processors read ahead one
 * stream in each page of memory, and short rows that lie beside each other share one.
 */
export function forEachRowApart(
  f: FunctionBuilder,
  rows: Local,
  together: number,
  arrays: readonly RowWalk[],
  body: (pointers: readonly (readonly Local[])[]) => void,
): void {
  const distance = f.let(op('i32.div_u', rows, i32(together)));
  const apart = (step: Expression, places: number): Expression =>
    op('i32.mul', op('i32.mul', step, distance), i32(places));
  const pass = (count: number): void => {
    body(
      arrays.map(({ at, step }) =>
        Array.from({ length: count }, (_, place) => f.let(place === 0 ? at : op('i32.add', at, apart(step, place)))),
      ),
    );
    for (const { at, step } of arrays) f.increase(at, step);
  };
  f.repeat(distance, () => pass(together));
  for (const { at, step } of arrays) f.increase(at, apart(step, together - 1));
  f.repeat(op('i32.rem_u', rows, i32(together)), () => pass(1));
}
