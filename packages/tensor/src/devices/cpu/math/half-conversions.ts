/**
 * f16 and bf16 to and from f32, four lanes at a time. The 16-bit patterns lie in the low halves of 32-bit lanes. Comparisons of
 * whole numbers without a sign are several machine instructions each, so that floats are compared, or nothing is.
 */
import { i32 as count, op, type Expression, type Local } from '../assembler/expression.ts';
import type { MathFunctionDefinition } from './math-functions.ts';
import type { MathContext } from './math-library.ts';

/**
 * Patterns with their sign in all upper bits. Moves exponent and fraction into place and multiplies by 2^112: exact for normal and
 * subnormal numbers alike, and 2^16 or more for what has the largest exponent.
 */
function widenF16({ f, f32, i32 }: MathContext, bits: Local): Expression {
  const inPlace = op('v128.and', op('i32x4.shl', bits, count(13)), i32(0x8fffe000));
  const scaled = f.let(op('f32x4.mul', inPlace, f32(2 ** 112)));
  const special = op('v128.and', op('f32x4.ge', op('f32x4.abs', scaled), f32(2 ** 16)), i32(0x7f800000));
  return op('v128.or', scaled, special);
}

/**
 * Round to nearest, ties to even; beyond 65520 infinity; NaN stays one.
 *
 * Adding a power of two 2^15 times that of the number, or of the smallest normal one, leaves as many bits of it as there is room for,
 * rounded by the hardware: the fraction and the lowest bit of the exponent in the low bits of the sum, and the exponent less 1 in that of
 * the sum. What would be infinite becomes so by being multiplied by 2^112 before. Only a NaN has the upmost bit of the fraction: it
 * becomes 0x7e00, whatever else it has, with its sign.
 */
function narrowF16({ f, f32, i32 }: MathContext, bits: Local): Expression {
  const magnitude = f.let(op('v128.and', bits, i32(0x7fffffff)));
  const scaled = op('f32x4.mul', op('f32x4.mul', magnitude, f32(2 ** 112)), f32(2 ** -110));
  const power = op('i32x4.max_s', op('v128.and', magnitude, i32(0x7f800000)), i32((127 - 14) << 23));
  const sum = f.let(op('f32x4.add', scaled, op('i32x4.add', power, i32(15 << 23))));
  const exponent = op('v128.and', op('i32x4.shr_u', sum, count(13)), i32(0x7e00));
  const rounded = op('i32x4.min_s', op('i32x4.add', exponent, op('v128.and', sum, i32(0xfff))), i32(0x7e00));
  return op('v128.or', rounded, op('v128.and', op('i32x4.shr_u', bits, count(16)), i32(0x8000)));
}

function narrowBf16({ i32 }: MathContext, bits: Local): Expression {
  const odd = op('v128.and', op('i32x4.shr_u', bits, count(16)), i32(1));
  const rounded = op('i32x4.shr_u', op('i32x4.add', op('i32x4.add', bits, i32(0x7fff)), odd), count(16));
  return op('v128.bitselect', i32(0x7fc0), rounded, op('f32x4.ne', bits, bits));
}

const vector = { parameters: ['v128'], result: 'v128', isInlined: true } as const;

/** Conversions between storage and compute types of the 16-bit floats. */
export const halfFunctions: Readonly<Record<'widenF16' | 'narrowF16' | 'narrowBf16', MathFunctionDefinition>> = {
  widenF16: { ...vector, build: widenF16 },
  narrowF16: { ...vector, build: narrowF16 },
  narrowBf16: { ...vector, build: narrowBf16 },
};
