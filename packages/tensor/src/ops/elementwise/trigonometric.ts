/** Trigonometric and hyperbolic functions, angles in radians. Integers become f32 first. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
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

/** asinh and atanh by their Maclaurin series near 0, where the logarithmic forms cancel. */
function asinh(a: Expression): Expression {
  const magnitude = s.abs(a);
  const square = s.mul(a, a);
  const series = s.mul(
    a,
    s.add(1, s.mul(square, s.add(-1 / 6, s.mul(square, s.add(3 / 40, s.mul(square, -15 / 336)))))),
  );
  // Beyond 1e9 the square would overflow in f32; log(2a) is exact there.
  const large = s.select(
    s.lt(magnitude, 1e9),
    s.log(s.add(magnitude, s.sqrt(s.add(square, 1)))),
    s.add(s.log(magnitude), Math.LN2),
  );
  return s.select(s.lt(magnitude, 0.02), series, s.select(s.lt(a, 0), s.neg(large), large));
}

function atanh(a: Expression): Expression {
  const square = s.mul(a, a);
  let series: Expression = s.constant(1 / 19, a.dtype);
  for (let n = 17; n >= 1; n -= 2) series = s.add(s.mul(series, square), 1 / n);
  return s.select(s.lt(s.abs(a), 0.25), s.mul(a, series), s.mul(s.log(s.div(s.add(1, a), s.sub(1, a))), 0.5));
}

function atan2(y: Expression, x: Expression): Expression {
  const base = s.atan(s.div(y, x));
  const negative = s.lt(y, 0);
  const leftHalf = s.add(base, s.select(negative, -Math.PI, s.constant(Math.PI, y.dtype)));
  const onAxis = s.select(s.eq(y, 0), y, s.select(negative, -Math.PI / 2, s.constant(Math.PI / 2, y.dtype)));
  return s.select(s.lt(x, 0), leftHalf, s.select(s.eq(x, 0), onAxis, base));
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
    meaning: (a) => s.sub(Math.PI / 2, s.atan(s.div(a, s.sqrt(oneMinusSquare(a))))),
    gradient: (g, _, a) => [g.mul(a.mul(a).neg().add(1).rsqrt()).neg()],
    values: [between(-1, 0.9)],
    smooth: [between(-0.8, 0.8)],
    ulps: 32,
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
    values: [between(-9, 9), between(-9, 9)],
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
    values: [between(-1e6, 1e6)],
    ulps: 64,
  }),
  acosh: floating('acosh', {
    summary: 'inverse hyperbolic cosine; NaN below 1',
    meaning: (a) => s.log(s.add(a, s.mul(s.sqrt(s.sub(a, 1)), s.sqrt(s.add(a, 1))))),
    gradient: (g, _, a) => [g.mul(a.mul(a).sub(1).rsqrt())],
    values: [between(1.5, 1e6)],
    smooth: [between(1.5, 3)],
    ulps: 64,
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
