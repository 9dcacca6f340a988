/** The sign of a float as IEEE 754 has it, which zeros have too. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';

/** Whether a float is below 0 or is -0. */
export function isNegative(a: Expression): Expression {
  if (a.dtype === 'f32') return s.ge(s.bitcast(a, 'u32'), 2 ** 31);
  return s.select(s.eq(a, 0), s.lt(s.div(1, a), 0), s.lt(a, 0));
}

/**
 * The 0 with the sign of `a`, or of `a` times `b`. It is made of bits where there are any: drivers of GPUs take -0 and 0 for
 * the same when they choose between the two.
 */
export function zeroLike(a: Expression, b?: Expression): Expression {
  if (a.dtype === 'f32') {
    const bits = s.bitcast(a, 'u32');
    return s.bitcast(s.and(b ? s.xor(bits, s.bitcast(b, 'u32')) : bits, 2 ** 31), 'f32');
  }
  return s.select(b ? s.xor(isNegative(a), isNegative(b)) : isNegative(a), s.constant(-0, a.dtype), 0);
}
