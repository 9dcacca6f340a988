/** Roots, exponentials and logarithms. Integers become f32 first. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
import { anyValue, between, elementwise, type ElementwiseDescription, type ElementwiseEntry } from './define.ts';

const floating = (
  name: string,
  description: Omit<ElementwiseDescription, 'arity' | 'argumentRule'>,
): ElementwiseEntry => elementwise(name, { arity: 1, argumentRule: 'float', ulps: 8, ...description });

/** exp(a) - 1 without cancellation: with t = tanh(a/2) it is 2t / (1 - t); for large |a| the plain form is exact enough. */
function expm1(a: Expression): Expression {
  const t = s.tanh(s.mul(a, 0.5));
  return s.select(s.lt(s.abs(a), 1), s.div(s.mul(t, 2), s.sub(1, t)), s.sub(s.exp(a), 1));
}

/**
 * log(1 + a) without cancellation near 0: 2·atanh(z), z = a / (2 + a), as its series for small a.
 * The series to z^13 is below half an f64 ulp for |a| < 0.06; between there and 0.5 its error stays under 1e-9.
 */
export function log1p(a: Expression): Expression {
  const z = s.div(a, s.add(a, 2));
  const square = s.mul(z, z);
  let series: Expression = s.constant(1 / 25, a.dtype);
  for (let n = 23; n >= 1; n -= 2) series = s.add(s.mul(series, square), 1 / n);
  return s.select(s.lt(s.abs(a), 0.4), s.mul(s.mul(z, 2), series), s.log(s.add(a, 1)));
}

/** 2^a: of the whole part of a by its exponent, in two factors because 2^n itself may lie outside the range. */
function exp2(a: Expression): Expression {
  // The bits of an f64 are out of reach.
  if (a.dtype === 'f64') return s.pow(s.constant(2, 'f64'), a);
  const bounded = s.max(s.min(a, 129), -151);
  const whole = s.round(bounded);
  const exponent = s.cast(whole, 'i32');
  const half = s.shr(exponent, 1);
  const power = (n: Expression): Expression => s.bitcast(s.shl(s.add(n, 127), 23), 'f32');
  const fraction = s.exp(s.mul(s.sub(bounded, whole), Math.LN2));
  const result = s.mul(s.mul(fraction, power(half)), power(s.sub(exponent, half)));
  return s.select(s.ge(a, 128), Number.POSITIVE_INFINITY, result);
}

/** Roots, exponentials and logarithms. */
export const exponential: Readonly<Record<string, ElementwiseEntry>> = {
  sqrt: floating('sqrt', {
    summary: 'square root; NaN below 0',
    meaning: (a) => s.sqrt(a),
    gradient: (g, y) => [g.div(y.mul(2))],
    values: [between(0, 1e6)],
    smooth: [between(0.5, 2)],
  }),
  rsqrt: floating('rsqrt', {
    summary: '1 / sqrt(a)',
    meaning: (a) => s.div(1, s.sqrt(a)),
    gradient: (g, y) => [g.mul(y.mul(y).mul(y)).mul(-0.5)],
    values: [between(0.001, 1e6)],
    smooth: [between(0.5, 2)],
  }),
  exp: floating('exp', {
    summary: 'e to the power a',
    meaning: (a) => s.exp(a),
    gradient: (g, y) => [g.mul(y)],
    values: [between(-80, 80)],
  }),
  exp2: floating('exp2', {
    summary: '2 to the power a',
    meaning: exp2,
    gradient: (g, y) => [g.mul(y).mul(Math.LN2)],
    values: [anyValue],
    ulps: 8,
  }),
  expm1: floating('expm1', {
    summary: 'exp(a) - 1, accurate near 0',
    meaning: expm1,
    gradient: (g, y) => [g.mul(y.add(1))],
    values: [between(-80, 80)],
    ulps: 32,
  }),
  log: floating('log', {
    summary: 'natural logarithm; NaN below 0',
    meaning: (a) => s.log(a),
    gradient: (g, _, a) => [g.div(a)],
    values: [between(1e-30, 1e30)],
    smooth: [between(0.5, 2)],
  }),
  log1p: floating('log1p', {
    summary: 'log(1 + a), accurate near 0',
    meaning: log1p,
    gradient: (g, _, a) => [g.div(a.add(1))],
    values: [between(-0.999, 1e6)],
    smooth: [between(-0.5, 2)],
    ulps: 16,
  }),
  log2: floating('log2', {
    summary: 'logarithm to base 2',
    meaning: (a) => s.mul(s.log(a), Math.LOG2E),
    gradient: (g, _, a) => [g.div(a.mul(Math.LN2))],
    values: [between(1e-30, 1e30)],
    smooth: [between(0.5, 2)],
  }),
  log10: floating('log10', {
    summary: 'logarithm to base 10',
    meaning: (a) => s.mul(s.log(a), Math.LOG10E),
    gradient: (g, _, a) => [g.div(a.mul(Math.LN10))],
    values: [between(1e-30, 1e30)],
    smooth: [between(0.5, 2)],
  }),
  erf: floating('erf', {
    summary: 'the error function',
    meaning: (a) => s.erf(a),
    gradient: (g, _, a) => [g.mul(a.mul(a).neg().exp()).mul(2 / Math.sqrt(Math.PI))],
    values: [anyValue],
  }),
};
