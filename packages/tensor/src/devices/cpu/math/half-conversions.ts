/**
 * f16 and bf16 to and from f32. Comparisons of whole numbers without a sign are several machine instructions each, so that what is
 * compared has one, or is a float.
 */
import { i32 as count, op, type Expression, type Local } from '../assembler/expression.ts';
import type { MathFunctionDefinition } from './math-functions.ts';
import type { MathContext } from './math-library.ts';

/**
 * Four patterns in 32-bit lanes, with their sign in all upper bits. Moves exponent and fraction into place and multiplies by 2^112: exact for normal and
 * subnormal numbers alike, and 2^16 or more for what has the largest exponent.
 */
function widenF16({ f, f32, i32 }: MathContext, bits: Local): Expression {
  const inPlace = op('v128.and', op('i32x4.shl', bits, count(13)), i32(0x8fffe000));
  const scaled = f.let(op('f32x4.mul', inPlace, f32(2 ** 112)));
  const special = op('v128.and', op('f32x4.ge', op('f32x4.abs', scaled), f32(2 ** 16)), i32(0x7f800000));
  return op('v128.or', scaled, special);
}

/** One pattern in both halves of a 32-bit lane. */
const twice = (pattern: number): number => pattern | (pattern << 16);

/**
 * The upper halves of eight f32, which times 2^112 are the numbers of eight patterns side by side; the lower halves are the patterns
 * moved up by 13. All eight get exponent and fraction into place at once, and what has the largest exponent gets that of an f32.
 */
function upperF16({ f, i32 }: MathContext, patterns: Local): Expression {
  const inPlace = op('v128.and', op('i16x8.shr_s', patterns, count(3)), i32(twice(0x8fff)));
  const exponent = i32(twice(0x7c00));
  const special = op('i16x8.eq', op('v128.and', patterns, exponent), exponent);
  return f.let(op('v128.or', inPlace, op('v128.and', special, i32(twice(0x7f80)))));
}

/** The same of what is finite. */
function upperFinite({ i32 }: MathContext, patterns: Local): Expression {
  return op('v128.and', op('i16x8.shr_s', patterns, count(3)), i32(twice(0x8fff)));
}

function scaleF16({ f32 }: MathContext, words: Local): Expression {
  return op('f32x4.mul', words, f32(2 ** 112));
}

/**
 * Patterns of two vectors, side by side: round to nearest, ties to even; from 65520 on infinity; NaN stays one.
 *
 * Adding a power of two 2^13 times that of the number, or of the smallest normal one, leaves as many bits of it as there is room for,
 * rounded by the hardware: in the low bits of the sum, the leading one with them. Its upper half is the exponent alone, so that one
 * instruction multiplies and adds both halves: 1024 for each step of the exponent, which the leading one completes. Beyond 2^16 all is
 * as good as that; only a NaN comes to more, and becomes 0x7e00, whatever else it has, with its sign.
 */
function narrowF16(context: MathContext, low: Local, high: Local): Expression {
  const { f, f32, i32 } = context;
  const most = i32(twice(0x7e00));
  const [first, second] = [low, high].map((bits) => {
    const magnitude = f.let(op('f32x4.pmin', magnitudeOf(context, bits), f32(2 ** 16)));
    return roundedF16(context, magnitude, magnitude);
  }) as [Expression, Expression];
  const magnitudes = f.let(op('i16x8.min_s', op('i16x8.narrow_i32x4_s', first, second), most));
  return signedF16(context, magnitudes, low, high);
}

/** The magnitudes of the patterns of two vectors: as above below 65520, and 0x7c00 or more of what is more, or is none. */
function roundFinite(context: MathContext, low: Local, high: Local): Expression {
  const [first, second] = [low, high].map((bits) => roundedF16(context, bits, magnitudeOf(context, bits))) as [
    Expression,
    Expression,
  ];
  return op('i16x8.narrow_i32x4_s', first, second);
}

/** Patterns of magnitudes, and the numbers they are of. */
function signedF16({ i32 }: MathContext, magnitudes: Local, low: Local, high: Local): Expression {
  // Cut to what 16 bits hold, a number keeps its sign.
  const signs = op('v128.and', op('i16x8.narrow_i32x4_s', low, high), i32(twice(0x8000)));
  return op('v128.or', magnitudes, signs);
}

const magnitudeOf = ({ i32 }: MathContext, bits: Local): Expression => op('v128.and', bits, i32(0x7fffffff));

/** `bits` are of the number with that magnitude, whatever its sign: its exponent need not wait for the magnitude. */
function roundedF16({ f, i32 }: MathContext, bits: Local, magnitude: Expression): Expression {
  const power = op('i32x4.max_s', op('v128.and', bits, i32(0x7f800000)), i32((127 - 14) << 23));
  const sum = op('f32x4.add', op('i32x4.add', power, i32(13 << 23)), magnitude);
  const pattern = op('i32x4.dot_i16x8_s', sum, i32((8 << 16) + 1));
  return f.let(op('i32x4.sub', pattern, i32((127 - 14 + 13) << 10)));
}

function narrowBf16({ f, i32 }: MathContext, low: Local, high: Local): Expression {
  const [first, second] = [low, high].map((bits) => {
    const odd = op('v128.and', op('i32x4.shr_u', bits, count(16)), i32(1));
    const rounded = op('i32x4.shr_u', op('i32x4.add', op('i32x4.add', bits, i32(0x7fff)), odd), count(16));
    return f.let(op('v128.bitselect', i32(0x7fc0), rounded, op('f32x4.ne', bits, bits)));
  }) as [Local, Local];
  return op('i16x8.narrow_i32x4_u', first, second);
}

const inlined = { result: 'v128', isInlined: true } as const;
const one = { ...inlined, parameters: ['v128'] } as const;
const two = { ...inlined, parameters: ['v128', 'v128'] } as const;

type HalfFunction =
  | 'widenF16'
  | 'upperF16'
  | 'upperFinite'
  | 'scaleF16'
  | 'narrowF16'
  | 'roundFinite'
  | 'signedF16'
  | 'narrowBf16';

/** Conversions between storage and compute types of the 16-bit floats. */
export const halfFunctions: Readonly<Record<HalfFunction, MathFunctionDefinition>> = {
  widenF16: { ...one, build: widenF16 },
  upperF16: { ...one, build: upperF16 },
  upperFinite: { ...one, build: upperFinite },
  scaleF16: { ...one, build: scaleF16 },
  narrowF16: { ...two, build: narrowF16 },
  roundFinite: { ...two, build: roundFinite },
  signedF16: { ...inlined, parameters: ['v128', 'v128', 'v128'], build: signedF16 },
  narrowBf16: { ...two, build: narrowBf16 },
};
