/** f16 and bf16 to and from f32, four lanes at a time. The 16-bit patterns lie in the low halves of 32-bit lanes. */
import { i32 as count, op, type Expression, type Local } from '../assembler/expression.ts';
import type { MathFunctionDefinition } from './math-functions.ts';
import type { MathContext } from './math-library.ts';

/** Moves exponent and fraction into place and multiplies by 2^112: exact for normal and subnormal numbers alike. */
function widenF16({ f, f32, i32 }: MathContext, bits: Local): Expression {
  const magnitude = f.let(op('v128.and', bits, i32(0x7fff)));
  const sign = op('i32x4.shl', op('v128.and', bits, i32(0x8000)), count(16));
  const scaled = op('f32x4.mul', op('i32x4.shl', magnitude, count(13)), f32(2 ** 112));
  const special = op('v128.and', op('i32x4.ge_u', magnitude, i32(0x7c00)), i32(0x7f800000));
  return op('v128.or', op('v128.or', scaled, special), sign);
}

/** Round to nearest, ties to even; beyond 65520 infinity; every NaN becomes 0x7e00. */
function narrowF16({ f, f32, i32 }: MathContext, bits: Local): Expression {
  const magnitude = f.let(op('v128.and', bits, i32(0x7fffffff)));
  const sign = op('v128.and', op('i32x4.shr_u', bits, count(16)), i32(0x8000));
  // Adding 0.5 leaves the subnormal's 10 bits, rounded by the hardware, in the low bits of the sum.
  const subnormal = op('i32x4.sub', op('f32x4.add', magnitude, f32(0.5)), f32(0.5));
  const odd = op('v128.and', op('i32x4.shr_u', magnitude, count(13)), i32(1));
  const rebias = ((15 - 127) << 23) + 0xfff;
  const normal = op('i32x4.shr_u', op('i32x4.add', op('i32x4.add', magnitude, i32(rebias)), odd), count(13));
  const finite = op('v128.bitselect', subnormal, normal, op('i32x4.lt_u', magnitude, i32(0x38800000)));
  const bounded = op('v128.bitselect', i32(0x7c00), finite, op('i32x4.ge_u', magnitude, i32(0x47800000)));
  return op('v128.bitselect', i32(0x7e00), op('v128.or', bounded, sign), op('i32x4.gt_u', magnitude, i32(0x7f800000)));
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
