/**
 * sin, cos and atan of f32 vectors. The coefficients are least-maximum-error fits (Remez) of the named remainder.
 *
 * Arguments are reduced modulo π/2 in doubles, with π/2 in two parts (Cody and Waite), which is exact enough up to
 * 2^19; larger arguments are left to the host.
 */
import { i32 as count, laneOp, op, shuffle32, type Expression, type Local } from '../assembler/expression.ts';
import type { MathFunctionDefinition } from './math-functions.ts';
import type { MathContext } from './math-library.ts';
import { choose, polynomial, splitSign } from './vector-helpers.ts';

/** The first 33 bits of π/2, and the rest. */
const halfPiHigh = 1.5707963267341256;
const halfPiLow = 6.077100506506192e-11;
const largestReduced = 2 ** 19;
/** Adding 1.5 · 2^52 rounds to an integer and leaves it in the low bits. */
const roundingShift = 1.5 * 2 ** 52;
/** Below this sin x rounds to x. */
const tiny = 2 ** -12;

/** (sin r - r) / r³ and (cos r - 1 + r²/2) / r⁴ in r², on |r| <= π/4; relative errors 3.9e-9 and 1.2e-10. */
const sinRemainder = [-0.166666552, 0.00833215844, -0.00019514958];
const cosRemainder = [0.0416666456, -0.0013887313, 0.0000244327857];

/** sin(x + quarters · π/2). */
function sine(context: MathContext, x: Local, name: 'sin' | 'cos', quarters: number): Expression {
  const { f, f32, i32, library } = context;
  const low = reduce(context, op('f64x2.promote_low_f32x4', x));
  const high = reduce(context, op('f64x2.promote_low_f32x4', shuffle32(x, x, [2, 3, 2, 3])));
  const join = (a: Expression, b: Expression): Local => f.let(shuffle32(a, b, [0, 1, 4, 5]));
  const r = join(op('f32x4.demote_f64x2_zero', low.rest), op('f32x4.demote_f64x2_zero', high.rest));
  const turned = f.let(shuffle32(low.shifted, high.shifted, [0, 2, 4, 6]));
  const quadrant = f.let(quarters === 0 ? turned : op('i32x4.add', turned, i32(quarters)));

  const square = f.let(op('f32x4.mul', r, r));
  const sineOfRest = op(
    'f32x4.add',
    r,
    op('f32x4.mul', op('f32x4.mul', r, square), polynomial(context, square, sinRemainder)),
  );
  const cosineTail = op(
    'f32x4.sub',
    op('f32x4.mul', op('f32x4.mul', square, square), polynomial(context, square, cosRemainder)),
    op('f32x4.mul', square, f32(0.5)),
  );
  const isOdd = op('i32x4.ne', op('v128.and', quadrant, i32(1)), i32(0));
  const flip = op('i32x4.shl', op('v128.and', quadrant, i32(2)), count(30));
  const result = f.let(op('v128.xor', choose(isOdd, op('f32x4.add', cosineTail, f32(1)), sineOfRest), flip));
  if (quarters === 0) f.set(result, choose(op('f32x4.lt', op('f32x4.abs', x), f32(tiny)), x, result));

  const magnitude = f.let(op('f32x4.abs', x));
  const large = f.let(
    op(
      'v128.and',
      op('f32x4.ge', magnitude, f32(largestReduced)),
      op('f32x4.lt', magnitude, f32(Number.POSITIVE_INFINITY)),
    ),
  );
  f.if(op('v128.any_true', large), () => {
    for (let lane = 0; lane < 4; lane++) {
      f.if(laneOp('i32x4.extract_lane', lane, large), () => {
        f.set(
          result,
          laneOp('f32x4.replace_lane', lane, result, library.hostF32(name, laneOp('f32x4.extract_lane', lane, x))),
        );
      });
    }
  });
  return result;
}

/** x = quarters · π/2 + rest, in doubles; the low words of `shifted` are the quarters. */
function reduce({ f, f64 }: MathContext, value: Expression): { readonly shifted: Local; readonly rest: Expression } {
  const x = f.let(value);
  const shifted = f.let(op('f64x2.add', op('f64x2.mul', x, f64(2 / Math.PI)), f64(roundingShift)));
  const quarters = f.let(op('f64x2.sub', shifted, f64(roundingShift)));
  const rest = op(
    'f64x2.sub',
    op('f64x2.sub', x, op('f64x2.mul', quarters, f64(halfPiHigh))),
    op('f64x2.mul', quarters, f64(halfPiLow)),
  );
  return { shifted, rest };
}

/** (atan t - t) / t³ in t², on |t| <= tan(π/8); relative error 6.8e-10. */
const atanRemainder = [-0.333333164, 0.199984655, -0.142434224, 0.105929464, -0.0607591681];

/** Reduction by atan x = π/4 + atan((x - 1) / (x + 1)) and atan x = π/2 - atan(1 / x). */
function arcTangent(context: MathContext, x: Local): Expression {
  const { f, f32 } = context;
  const { magnitude, sign } = splitSign(context, x);
  const middle = f.let(op('f32x4.gt', magnitude, f32(Math.tan(Math.PI / 8))));
  const large = f.let(op('f32x4.gt', magnitude, f32(Math.tan((3 * Math.PI) / 8))));
  const fraction = op('f32x4.div', op('f32x4.sub', magnitude, f32(1)), op('f32x4.add', magnitude, f32(1)));
  const t = f.let(choose(large, op('f32x4.div', f32(-1), magnitude), choose(middle, fraction, magnitude)));
  const base = (half: number, quarter: number): Expression =>
    choose(large, f32(half), op('v128.and', middle, f32(quarter)));
  const [half, quarter] = [Math.fround(Math.PI / 2), Math.fround(Math.PI / 4)];
  const square = f.let(op('f32x4.mul', t, t));
  const cubic = op('f32x4.mul', op('f32x4.mul', t, square), polynomial(context, square, atanRemainder));
  const tail = op('f32x4.add', cubic, base(Math.PI / 2 - half, Math.PI / 4 - quarter));
  return op('v128.or', op('f32x4.add', base(half, quarter), op('f32x4.add', t, tail)), sign);
}

const unary = { parameters: ['v128'], result: 'v128' } as const;

/** Trigonometric functions. Bounds against f64: sin 2 ulp, cos 2 ulp, atan 2 ulp. */
export const trigonometricFunctions: Readonly<Record<'sin' | 'cos' | 'atan', MathFunctionDefinition>> = {
  sin: { ...unary, build: (context, x) => sine(context, x, 'sin', 0) },
  cos: { ...unary, build: (context, x) => sine(context, x, 'cos', 1) },
  atan: { ...unary, isInlined: true, build: arcTangent },
};
