/** The sign of a float as IEEE 754 has it, which zeros have too. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';

/** Whether a float is below 0 or is -0. */
export function isNegative(a: Expression): Expression {
  if (a.dtype === 'f32') return s.ge(s.bitcast(a, 'u32'), 2 ** 31);
  return s.select(s.eq(a, 0), s.lt(s.div(1, a), 0), s.lt(a, 0));
}
