/** Trigonometric and hyperbolic functions, angles in radians. Integers become f32 first. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
import { log1p } from './exponential.ts';
import { isNegative } from './sign-bit.ts';
import { anyValue, between, elementwise, type ElementwiseDescription, type ElementwiseEntry } from './define.ts';

const floating = (
  name: string,
  description: Omit<ElementwiseDescription, 'arity' | 'argumentRule'> & { readonly arity?: number },
): ElementwiseEntry => elementwise(name, { arity: 1, argumentRule: 'float', ulps: 16, ...description });

const oneMinusSquare = (a: Expression): Expression => s.mul(s.sub(1, a), s.add(1, a));

/** sinh through expm1's cancellation-free form for small a, and through halved exponents for large. */
function sinh(a: Expression): Expression {
  const t = s.tanh(s.mul(a, 0.5));
  const small = s.div(s.mul(t, 2), s.mul(s.sub(1, t), s.add(1, t)));
  const half = s.exp(s.mul(s.abs(a), 0.5));
  const large = s.mul(
    s.sub(s.mul(half, s.mul(half, 0.5)), s.div(0.5, s.mul(half, half))),
    s.select(s.lt(a, 0), -1, s.constant(1, a.dtype)),
  );
  return s.select(s.lt(s.abs(a), 1), small, large);
}

function cosh(a: Expression): Expression {
  const half = s.exp(s.mul(s.abs(a), 0.5));
  return s.add(s.mul(half, s.mul(half, 0.5)), s.div(0.5, s.mul(half, half)));
}

/** Beyond, a² + 1 is a², whose root is a; and a² may overflow in f32. */
const large = 1e9;

/** log1p(|a| + a² / (1 + √(1 + a²))), which cancels nowhere. */
function asinh(a: Expression): Expression {
  const magnitude = s.abs(a);
  const square = s.mul(a, a);
  const near = log1p(s.add(magnitude, s.div(square, s.add(1, s.sqrt(s.add(square, 1))))));
  const result = s.select(s.lt(magnitude, large), near, s.add(s.log(magnitude), Math.LN2));
  return s.select(s.eq(a, 0), a, s.select(s.lt(a, 0), s.neg(result), result));
}

/** log1p(t + √(t · (t + 2))) with t = a - 1, which is exact where the logarithm is small. */
function acosh(a: Expression): Expression {
  const t = s.sub(a, 1);
  const near = log1p(s.add(t, s.sqrt(s.mul(t, s.add(t, 2)))));
  const result = s.select(s.lt(a, large), near, s.add(s.log(a), Math.LN2));
  return s.select(s.lt(a, 1), Number.NaN, result);
}

/** atanh by its Maclaurin series near 0, where the logarithmic form cancels. */
function atanh(a: Expression): Expression {
  const square = s.mul(a, a);
  let series: Expression = s.constant(1 / 19, a.dtype);
  for (let n = 17; n >= 1; n -= 2) series = s.add(s.mul(series, square), 1 / n);
  return s.select(s.lt(s.abs(a), 0.25), s.mul(a, series), s.mul(s.log(s.div(s.add(1, a), s.sub(1, a))), 0.5));
}

/** 2 · atan(√((1 - a) / (1 + a))): the half angle, whose tangent keeps the digits of 1 - a. */
function acos(a: Expression): Expression {
  const half = s.atan(s.sqrt(s.div(s.sub(1, a), s.add(1, a))));
  return s.select(s.eq(a, -1), Math.PI, s.mul(half, 2));
}

/** The angle of the point (x, y) with the signed zeros and infinities of IEEE 754 atan2: that of (|x|, |y|), reflected. */
function atan2(y: Expression, x: Expression): Expression {
  const [height, width] = [s.abs(y), s.abs(x)];
  const isInfinite = (a: Expression): Expression => s.eq(a, s.constant(Number.POSITIVE_INFINITY, a.dtype));
  const quotient = s.select(
    isInfinite(height),
    s.select(isInfinite(width), 1, s.constant(0, y.dtype)),
    s.div(height, width),
  );
  const vertical = s.or(s.eq(width, 0), s.and(isInfinite(height), s.not(isInfinite(width))));
  const first = s.select(s.eq(height, 0), 0, s.select(vertical, Math.PI / 2, s.atan(quotient)));
  const angle = s.select(isNegative(x), s.sub(Math.PI, first), first);
  return s.select(s.and(s.eq(x, x), s.eq(y, y)), s.select(isNegative(y), s.neg(angle), angle), s.add(x, y));
}

/** Trigonometric and hyperbolic functions and their inverses. */
export const trigonometric: Readonly<Record<string, ElementwiseEntry>> = {
  sin: floating('sin', {
    summary: 'sine',
    meaning: (a) => s.sin(a),
    gradient: (g, _, a) => [g.mul(a.cos())],
    values: [between(-100, 100)],
  }),
  cos: floating('cos', {
    summary: 'cosine',
    meaning: (a) => s.cos(a),
    gradient: (g, _, a) => [g.mul(a.sin()).neg()],
    values: [between(-100, 100)],
  }),
  tan: floating('tan', {
    summary: 'tangent',
    meaning: (a) => s.div(s.sin(a), s.cos(a)),
    gradient: (g, y) => [g.mul(y.mul(y).add(1))],
    values: [between(-1.5, 1.5)],
    smooth: [between(-1, 1)],
    ulps: 64,
  }),
  asin: floating('asin', {
    summary: 'inverse sine',
    meaning: (a) => s.atan(s.div(a, s.sqrt(oneMinusSquare(a)))),
    gradient: (g, _, a) => [g.mul(a.mul(a).neg().add(1).rsqrt())],
    values: [between(-1, 1)],
    smooth: [between(-0.8, 0.8)],
  }),
  acos: floating('acos', {
    summary: 'inverse cosine',
    meaning: acos,
    gradient: (g, _, a) => [g.mul(a.mul(a).neg().add(1).rsqrt()).neg()],
    values: [between(-1, 1)],
    smooth: [between(-0.8, 0.8)],
  }),
  atan: floating('atan', {
    summary: 'inverse tangent',
    meaning: (a) => s.atan(a),
    gradient: (g, _, a) => [g.div(a.mul(a).add(1))],
    values: [anyValue],
  }),
  atan2: floating('atan2', {
    summary: 'the angle of the point (b, a), from -π to π',
    arity: 2,
    meaning: atan2,
    gradient: (g, _, y, x) => {
      const square = y.mul(y).add(x.mul(x));
      // The origin has no angle to change.
      const turn = g.div(square).where(square.ne(0), 0);
      return [x.mul(turn), y.mul(turn).neg()];
    },
    smooth: [between(0.5, 2), between(0.5, 2)],
  }),
  sinh: floating('sinh', {
    summary: 'hyperbolic sine',
    meaning: sinh,
    gradient: (g, _, a) => [g.mul(a.cosh())],
    values: [between(-80, 80)],
    ulps: 64,
  }),
  cosh: floating('cosh', {
    summary: 'hyperbolic cosine',
    meaning: cosh,
    gradient: (g, _, a) => [g.mul(a.sinh())],
    values: [between(-80, 80)],
    ulps: 64,
  }),
  tanh: floating('tanh', {
    summary: 'hyperbolic tangent',
    meaning: (a) => s.tanh(a),
    gradient: (g, y) => [g.mul(y.mul(y).neg().add(1))],
    values: [anyValue],
  }),
  asinh: floating('asinh', {
    summary: 'inverse hyperbolic sine',
    meaning: asinh,
    gradient: (g, _, a) => [g.mul(a.mul(a).add(1).rsqrt())],
    values: [anyValue],
    ulps: 32,
  }),
  acosh: floating('acosh', {
    summary: 'inverse hyperbolic cosine; NaN below 1',
    meaning: acosh,
    gradient: (g, _, a) => [g.mul(a.mul(a).sub(1).rsqrt())],
    values: [anyValue],
    smooth: [between(1.5, 3)],
    ulps: 32,
  }),
  atanh: floating('atanh', {
    summary: 'inverse hyperbolic tangent',
    meaning: atanh,
    gradient: (g, _, a) => [g.div(a.mul(a).neg().add(1))],
    values: [between(-0.99, 0.99)],
    smooth: [between(-0.8, 0.8)],
    ulps: 64,
  }),
};
