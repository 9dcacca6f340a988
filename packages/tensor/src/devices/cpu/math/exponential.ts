/**
 * exp, log and pow of f32 vectors.
 *
 * Method: W. J. Cody, W. Waite, "Software manual for the elementary functions" (1980): argument reduction with a constant
 * in two parts. The coefficients are least-maximum-error fits (Remez) of the named remainder on the reduced range.
 */
import { i32 as count, laneOp, op, shuffle32, type Expression, type Local } from '../assembler/expression.ts';
import type { MathFunctionDefinition } from './math-functions.ts';
import type { MathContext } from './math-library.ts';
import { choose, polynomial, polynomialF64 } from './vector-helpers.ts';

/** ln 2 in two parts: a multiple of the high one by any f32 exponent is exact. */
const ln2High = 0.693359375;
const ln2Low = Math.LN2 - ln2High;

/** (exp(r) - 1 - r) / r² on |r| <= ln 2 / 2; relative error of exp 3.1e-9. */
const expRemainder = [0.49999994, 0.166665211, 0.041668389, 0.00836871006, 0.00138146128];

/**
 * Adding it to n rounds n to an integer and leaves n plus the bias of an exponent less 1 in the low bits: moved to the left, those are
 * the exponent of 2^(n - 1), and nothing else of the sum stays.
 */
const exponentShift = 1.5 * 2 ** 23 + 126;
/** What is multiplied by 2^64 first and by 2^-64 then, so that the one factor is normal where the result is not. */
const downscale = 64 << 23;
const bitsOfTwo = 0x40000000;

function exponential(context: MathContext, argument: Local): Expression {
  const { f, f32, i32 } = context;
  // Beyond these bounds the result is 0 or infinite, and the exponent arithmetic below stays in range. The pseudo-minimum
  // is one machine instruction, and keeps a NaN in its first operand.
  const x = f.let(op('f32x4.pmax', op('f32x4.pmin', argument, f32(89)), f32(-104)));
  const shifted = f.let(op('f32x4.add', op('f32x4.mul', x, f32(Math.LOG2E)), f32(exponentShift)));
  const n = f.let(op('f32x4.sub', shifted, f32(exponentShift)));
  const r = f.let(
    op('f32x4.sub', op('f32x4.sub', x, op('f32x4.mul', n, f32(ln2High))), op('f32x4.mul', n, f32(ln2Low))),
  );
  const square = op('f32x4.mul', r, r);
  const fraction = op(
    'f32x4.add',
    op('f32x4.add', op('f32x4.mul', square, polynomial(context, r, expRemainder)), r),
    f32(1),
  );
  // Two factors, because 2^n itself may lie outside the range although the result does not.
  const down = f.let(op('v128.and', op('i32x4.shr_s', x, count(31)), i32(downscale)));
  const most = op('i32x4.add', op('i32x4.shl', shifted, count(23)), down);
  return op('f32x4.mul', op('f32x4.mul', fraction, most), op('i32x4.sub', i32(bitsOfTwo), down));
}

/** (exp(r) - 1) / r on |r| <= ln 2 / 2; relative error of exp 1.8e-8. */
const shareSlope = [
  1, 0.4999999403953552, 0.16666431725025177, 0.04166799783706665, 0.008374175056815147, 0.0013843915658071637,
];
/** As `exponentShift`, with 64 more in the exponent: no power of two down to the least number is subnormal then. */
const shareShift = 1.5 * 2 ** 23 + 127 + 64;

/** The same with one coefficient less; relative error of exp 1.1e-7. */
const shortShareSlope = [1, 0.499992311000824, 0.16667115688323975, 0.041890330612659454, 0.008312501013278961];

/** exp(x) for x up to 0, as it is of what a maximum was taken off: one factor that is the same for all keeps the exponent in range. */
function share(context: MathContext, argument: Local): Expression {
  const { f32 } = context;
  return shareBy(context, argument, shareSlope, (x, n) =>
    op('f32x4.sub', op('f32x4.sub', x, op('f32x4.mul', n, f32(ln2High))), op('f32x4.mul', n, f32(ln2Low))),
  );
}

/** The same for what is rounded to f16: to 2^-20, of shares that are not 0 there, and exact for the largest. */
function shareF16(context: MathContext, argument: Local): Expression {
  const { f32 } = context;
  return shareBy(context, argument, shortShareSlope, (x, n) => op('f32x4.sub', x, op('f32x4.mul', n, f32(Math.LN2))));
}

function shareBy(
  context: MathContext,
  argument: Local,
  slope: readonly number[],
  reduced: (x: Local, n: Local) => Expression,
): Expression {
  const { f, f32 } = context;
  const x = f.let(op('f32x4.pmax', argument, f32(-104)));
  const shifted = f.let(op('f32x4.add', op('f32x4.mul', x, f32(Math.LOG2E)), f32(shareShift)));
  const n = f.let(op('f32x4.sub', shifted, f32(shareShift)));
  const scale = f.let(op('i32x4.shl', shifted, count(23)));
  const r = f.let(reduced(x, n));
  const rise = op('f32x4.mul', op('f32x4.mul', r, scale), polynomial(context, r, slope));
  return op('f32x4.mul', op('f32x4.add', rise, scale), f32(2 ** -64));
}

/** (log(1 + t) - t + t²/2) / t³ for 1 + t in [1/√2, √2]; relative error of log 5.8e-9. */
const logRemainder = [
  0.333333313, -0.250008196, 0.200012267, -0.166233569, 0.142017573, -0.131601825, 0.12761578, -0.0763449818,
];
const smallestNormal = 2 ** -126;
/** The bits of 1/√2: subtracting them puts the exponent of the nearest power of two into the high bits. */
const halfRootBits = 0x3f3504f3;

function logarithm(context: MathContext, x: Local): Expression {
  const { f, f32, i32 } = context;
  const subnormal = f.let(op('f32x4.lt', x, f32(smallestNormal)));
  const bits = f.let(choose(subnormal, op('f32x4.mul', x, f32(2 ** 23)), x));
  const wholePower = f.let(op('i32x4.shr_s', op('i32x4.sub', bits, i32(halfRootBits)), count(23)));
  const t = f.let(op('f32x4.sub', op('i32x4.sub', bits, op('i32x4.shl', wholePower, count(23))), f32(1)));
  const exponent = f.let(op('f32x4.convert_i32x4_s', op('i32x4.sub', wholePower, op('v128.and', subnormal, i32(23)))));
  const square = f.let(op('f32x4.mul', t, t));
  const cubic = op('f32x4.mul', op('f32x4.mul', t, square), polynomial(context, t, logRemainder));
  const low = op(
    'f32x4.sub',
    op('f32x4.add', cubic, op('f32x4.mul', exponent, f32(ln2Low))),
    op('f32x4.mul', square, f32(0.5)),
  );
  const finite = op('f32x4.add', op('f32x4.add', t, low), op('f32x4.mul', exponent, f32(ln2High)));
  const positive = choose(op('f32x4.lt', x, f32(Number.POSITIVE_INFINITY)), finite, x);
  const orZero = choose(op('f32x4.eq', x, f32(0)), f32(Number.NEGATIVE_INFINITY), positive);
  return choose(op('f32x4.lt', x, f32(0)), f32(Number.NaN), orZero);
}

/** log2((1 + s) / (1 - s)) / s in powers of s²: Taylor's series, to 3e-14 for |s| <= 0.172. */
const log2Series = Array.from({ length: 8 }, (_, k) => 2 / (Math.LN2 * (2 * k + 1)));
/** 2^r in powers of r: Taylor's series, to 2e-13 for |r| <= 1/2. */
const exp2Series = [1];
for (let k = 1; k <= 10; k++) exp2Series.push(((exp2Series[k - 1] as number) * Math.LN2) / k);

/** 2^(y · log2 x) in doubles for two lanes of positive normal x. */
function powerOfPair(
  context: MathContext,
  x: Local,
  y: Expression,
  mantissa: Expression,
  exponent: Expression,
): Expression {
  const { f, f64 } = context;
  const m = f.let(op('f64x2.promote_low_f32x4', mantissa));
  const s = f.let(op('f64x2.div', op('f64x2.sub', m, f64(1)), op('f64x2.add', m, f64(1))));
  const logarithm2 = op(
    'f64x2.add',
    op('f64x2.mul', s, polynomialF64(context, f.let(op('f64x2.mul', s, s)), log2Series)),
    op('f64x2.convert_low_i32x4_s', exponent),
  );
  // Outside ±160 an f32 is 0 or infinite.
  const product = op('f64x2.mul', op('f64x2.promote_low_f32x4', y), logarithm2);
  const bounded = f.let(op('f64x2.pmax', op('f64x2.pmin', product, f64(160)), f64(-160)));
  const n = f.let(op('f64x2.nearest', bounded));
  const fraction = polynomialF64(context, f.let(op('f64x2.sub', bounded, n)), exp2Series);
  const biased = op('i32x4.trunc_sat_f64x2_s_zero', op('f64x2.add', n, f64(1023)));
  const scale = op('i64x2.shl', op('i64x2.extend_low_i32x4_s', biased), count(52));
  return op('f32x4.demote_f64x2_zero', op('f64x2.mul', fraction, scale));
}

function power(context: MathContext, x: Local, y: Local): Expression {
  const { f, f32, i32, library } = context;
  const infinity = f32(Number.POSITIVE_INFINITY);
  const usual = op(
    'v128.and',
    op('v128.and', op('f32x4.ge', x, f32(smallestNormal)), op('f32x4.lt', x, infinity)),
    op('f32x4.lt', op('f32x4.abs', y), infinity),
  );
  const easy = f.let(usual);
  const exponent = f.let(op('i32x4.shr_s', op('i32x4.sub', x, i32(halfRootBits)), count(23)));
  const mantissa = f.let(op('i32x4.sub', x, op('i32x4.shl', exponent, count(23))));
  const upper = (vector: Expression): Expression => shuffle32(vector, vector, [2, 3, 2, 3]);
  const low = f.let(powerOfPair(context, x, y, mantissa, exponent));
  const high = f.let(powerOfPair(context, x, upper(y), upper(mantissa), upper(exponent)));
  const result = f.let(shuffle32(low, high, [0, 1, 4, 5]));
  f.if(op('i32x4.all_true', easy), () => f.return(result));
  for (let lane = 0; lane < 4; lane++) {
    f.if(op('i32.eqz', laneOp('i32x4.extract_lane', lane, easy)), () => {
      const exact = library.hostF32(
        'pow',
        laneOp('f32x4.extract_lane', lane, x),
        laneOp('f32x4.extract_lane', lane, y),
      );
      f.set(result, laneOp('f32x4.replace_lane', lane, result, exact));
    });
  }
  return result;
}

/** Functions of the exponential family. Bounds against f64: exp 1 ulp, share 2 ulp, log 1 ulp, pow 1 ulp. */
export const exponentialFunctions: Readonly<
  Record<'exp' | 'share' | 'shareF16' | 'log' | 'pow', MathFunctionDefinition>
> = {
  exp: { parameters: ['v128'], result: 'v128', isInlined: true, build: exponential },
  share: { parameters: ['v128'], result: 'v128', isInlined: true, build: share },
  shareF16: { parameters: ['v128'], result: 'v128', isInlined: true, build: shareF16 },
  log: { parameters: ['v128'], result: 'v128', isInlined: true, build: logarithm },
  pow: { parameters: ['v128', 'v128'], result: 'v128', build: power },
};
