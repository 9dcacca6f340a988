/** In how many lanes at once a dimension is gone through. */
import { i32, op, type Expression, type Local } from '../assembler/expression.ts';
import type { FunctionBuilder } from '../assembler/function-builder.ts';

/** So many rounds with so many lanes. */
export interface Rounds {
  readonly lanes: number;
  readonly count: number | Expression;
}

/** Up to so many steps, four registers at once: constants are read once for all of them, and what each needs still fits. */
const mostStepsInWide = 24;

/** Lanes of the widest vectors for a dimension. */
const widestFor = (size: number, steps: number): number => (steps <= mostStepsInWide && size >= 64 ? 16 : 4);

/** Lane counts to go through a dimension of `size` with: wide vectors, then four lanes, then one by one. */
export function widthsFor(size: number, steps: number): { readonly lanes: number; readonly count: number }[] {
  const result: { lanes: number; count: number }[] = [];
  let rest = size;
  for (const lanes of new Set([widestFor(size, steps), 4, 1])) {
    const count = Math.floor(rest / lanes);
    if (count > 0) result.push({ lanes, count });
    rest -= count * lanes;
  }
  return result;
}

/** The same for a dimension that ends at `length`. */
export function widthsUpTo(f: FunctionBuilder, length: Local, size: number, steps: number): Rounds[] {
  let rest = length;
  return [...new Set([widestFor(size, steps), 4, 1])].map((lanes) => {
    if (lanes === 1) return { lanes, count: rest };
    const count = f.let(op('i32.div_u', rest, i32(lanes)));
    rest = f.let(op('i32.rem_u', rest, i32(lanes)));
    return { lanes, count };
  });
}
