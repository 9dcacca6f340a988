/** Rounding to the 16-bit float formats within f32, half to even, by bits: what a cast to one of them does to a value in a register. */
import type { DType } from '../dtype/dtype.ts';
import * as s from './expression.ts';
import type { Expression } from './expression.ts';

type HalfDType = Extract<DType, 'f16' | 'bf16'>;

/** Adds what makes dropping the lowest `count` bits round half to even, and drops them. */
function dropBits(bits: Expression, count: number): Expression {
  const odd = s.and(s.shr(bits, count), 1);
  return s.and(s.add(bits, s.add(odd, 2 ** (count - 1) - 1)), 2 ** 32 - 2 ** count);
}

function roundToBrain(a: Expression): Expression {
  return s.bitcast(dropBits(s.bitcast(a, 'u32'), 16), 'f32');
}

function roundToHalf(a: Expression): Expression {
  const bits = s.bitcast(a, 'u32');
  const magnitude = s.and(bits, 0x7fffffff);
  const normal = dropBits(magnitude, 13);
  const bounded = s.select(s.lt(normal, 0x47800000), normal, 0x7f800000);
  // Below 2^-14 the spacing is fixed at 2^-24.
  const small = s.mul(s.round(s.mul(s.abs(a), 2 ** 24)), 2 ** -24);
  const rounded = s.select(s.lt(magnitude, 0x38800000), s.bitcast(small, 'u32'), bounded);
  return s.bitcast(s.or(rounded, s.and(bits, 0x80000000)), 'f32');
}

/** The value of `dtype` nearest to an f32, as an f32. */
export function roundedTo(dtype: HalfDType, a: Expression): Expression {
  return s.select(s.eq(a, a), dtype === 'f16' ? roundToHalf(a) : roundToBrain(a), a);
}

/** Whether values of a dtype are computed in f32 and have fewer digits. */
export function isHalf(dtype: DType): dtype is HalfDType {
  return dtype === 'f16' || dtype === 'bf16';
}
