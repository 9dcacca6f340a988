/** Arithmetic on numbers. Integers wrap; division of integers gives floats, `floorDivide` stays integer. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { between, elementwise, flat, type ElementwiseEntry } from './define.ts';
import { zeroLike } from './sign-bit.ts';

const isFloatExpression = (a: Expression): boolean => a.dtype === 'f32' || a.dtype === 'f64';

/** Whether a remainder has to move to the other side of 0, where the divisor is. */
function isOnOtherSide(remainder: Expression, b: Expression): Expression {
  return s.and(s.ne(remainder, 0), s.xor(s.lt(remainder, 0), s.lt(b, 0)));
}

/**
 * a - b·floor(a / b) computed without leaving the dtype: the exact remainder moved to the sign of the divisor, which a 0
 * of floats has too.
 */
function flooredRemainder(a: Expression, b: Expression): Expression {
  const remainder = s.rem(a, b);
  if (a.dtype === 'u32') return remainder;
  const moved = s.select(isOnOtherSide(remainder, b), s.add(remainder, b), remainder);
  return isFloatExpression(a) ? s.select(s.eq(remainder, 0), zeroLike(b), moved) : moved;
}

/**
 * floor(a / b) as Python has it: the quotient of what the floored remainder leaves, so that both agree where a / b would
 * round up to a whole number.
 */
function flooredQuotient(a: Expression, b: Expression): Expression {
  if (a.dtype === 'u32') return s.div(a, b);
  if (isFloatExpression(a)) {
    const remainder = s.rem(a, b);
    const whole = s.round(s.div(s.sub(a, remainder), b));
    const quotient = s.select(isOnOtherSide(remainder, b), s.sub(whole, 1), whole);
    const signed = s.select(s.eq(quotient, 0), zeroLike(a, b), quotient);
    return s.select(s.eq(b, 0), s.div(a, b), signed);
  }
  const quotient = s.div(a, b);
  const inexact = s.ne(s.mul(quotient, b), a);
  return s.select(s.and(s.and(s.ne(b, 0), inexact), s.xor(s.lt(a, 0), s.lt(b, 0))), s.sub(quotient, 1), quotient);
}

function truncatedQuotient(a: Expression, b: Expression): Expression {
  return isFloatExpression(a) ? s.trunc(s.div(a, b)) : s.div(a, b);
}

/** Of two sides, the gradient of the one that is not passed over; where they are equal each has half, as `max` shares it. */
function shared(g: Tensor, a: Tensor, b: Tensor, firstLoses: Tensor, secondLoses: Tensor): readonly Tensor[] {
  const share = g.mul(0.5).where(a.eq(b), g);
  return [share.where(firstLoses.logicalNot(), 0), share.where(secondLoses.logicalNot(), 0)];
}

function sign(a: Expression): Expression {
  if (a.dtype === 'u32') return s.select(s.eq(a, 0), a, s.constant(1, 'u32'));
  return s.select(s.lt(0, a), 1, s.select(s.lt(a, 0), s.constant(-1, a.dtype), a));
}

/** Binary and unary arithmetic. */
export const arithmetic: Readonly<Record<string, ElementwiseEntry>> = {
  add: elementwise('add', { summary: 'a + b', arity: 2, meaning: (a, b) => s.add(a, b), gradient: (g) => [g, g] }),
  sub: elementwise('sub', {
    summary: 'a - b',
    arity: 2,
    meaning: (a, b) => s.sub(a, b),
    gradient: (g) => [g, g.neg()],
  }),
  mul: elementwise('mul', {
    summary: 'a · b',
    arity: 2,
    meaning: (a, b) => s.mul(a, b),
    gradient: (g, _, a, b) => [g.mul(b), g.mul(a)],
  }),
  div: elementwise('div', {
    summary: 'a / b; integers become f32 first',
    arity: 2,
    argumentRule: 'float',
    meaning: (a, b) => s.div(a, b),
    gradient: (g, output, _, b) => [g.div(b), g.mul(output).div(b).neg()],
    smooth: [between(-2, 2), between(0.5, 2)],
    ulps: 4,
  }),
  floorDivide: elementwise('floorDivide', {
    summary: 'floor(a / b); 0 where an integer divisor is 0, and the lowest integer over -1 is itself',
    arity: 2,
    gradient: flat,
    smooth: [between(0.1, 0.9), between(1, 2)],
    meaning: (a, b) => flooredQuotient(a, b),
    ulps: 4,
  }),
  truncDivide: elementwise('truncDivide', {
    summary: 'a / b rounded towards 0; 0 where an integer divisor is 0',
    arity: 2,
    gradient: flat,
    smooth: [between(0.1, 0.9), between(1, 2)],
    meaning: (a, b) => truncatedQuotient(a, b),
    values: [between(-50, 50), between(1, 9)],
  }),
  remainder: elementwise('remainder', {
    summary: 'a - b·floor(a / b): the remainder with the sign of b; 0 where an integer divisor is 0',
    arity: 2,
    meaning: (a, b) => flooredRemainder(a, b),
    gradient: (g, _, a, b) => [g, g.mul(a.detach().floorDivide(b.detach())).neg()],
    smooth: [between(0.1, 0.9), between(1, 2)],
  }),
  minimum: elementwise('minimum', {
    summary: 'the smaller of a and b; NaN if either is',
    arity: 2,
    meaning: (a, b) => s.min(a, b),
    gradient: (g, _, a, b) => shared(g, a, b, a.gt(b), a.lt(b)),
    smooth: [between(-2, -0.1), between(0.1, 2)],
  }),
  maximum: elementwise('maximum', {
    summary: 'the larger of a and b; NaN if either is',
    arity: 2,
    meaning: (a, b) => s.max(a, b),
    gradient: (g, _, a, b) => shared(g, a, b, a.lt(b), a.gt(b)),
    smooth: [between(-2, -0.1), between(0.1, 2)],
  }),
  pow: elementwise('pow', {
    summary: 'a to the power b, as IEEE 754 pow; integers become f32 first',
    arity: 2,
    argumentRule: 'float',
    meaning: (a, b) => s.pow(a, b),
    gradient: (g, output, a, b) => [
      // 0 · 0^-1 at the origin; elsewhere the product stands, for the derivative by b of it.
      g.mul(b.mul(a.pow(b.sub(1))).where(a.ne(0).logicalOr(b.ne(0)), 0)),
      // At a = 0 the limit of a^b·log(a): 0, or -∞ for b < 0. Below 0 there is none: NaN.
      g.mul(output.mul(a.where(a.ne(0), 1).log()).where(a.ne(0), b.filled([], 0).where(b.ge(0), -Infinity))),
    ],
    smooth: [between(0.5, 2), between(-2, 2)],
    values: [between(0, 8), between(-6, 6)],
    ulps: 64,
  }),
  neg: elementwise('neg', { summary: '-a', arity: 1, meaning: (a) => s.neg(a), gradient: (g) => [g.neg()] }),
  abs: elementwise('abs', {
    summary: 'the magnitude of a',
    arity: 1,
    meaning: (a) => (a.dtype === 'u32' ? a : s.abs(a)),
    gradient: (g, _, a) => [g.mul(a.detach().sign())],
    smooth: [between(0.1, 2)],
  }),
  sign: elementwise('sign', {
    summary: '-1, 0 or 1; NaN stays NaN',
    arity: 1,
    meaning: (a) => sign(a),
    gradient: flat,
    smooth: [between(0.1, 2)],
  }),
  reciprocal: elementwise('reciprocal', {
    summary: '1 / a',
    arity: 1,
    argumentRule: 'float',
    meaning: (a) => s.div(1, a),
    gradient: (g, output) => [g.mul(output.mul(output)).neg()],
    smooth: [between(0.5, 2)],
    ulps: 4,
  }),
  square: elementwise('square', {
    summary: 'a · a',
    arity: 1,
    meaning: (a) => s.mul(a, a),
    gradient: (g, _, a) => [g.mul(a.mul(2))],
  }),
  clamp: elementwise('clamp', {
    summary: 'a limited to [min, max]',
    arity: 1,
    meaningOf:
      ({ min, max }) =>
      (a) => {
        const raised = typeof min === 'number' ? s.max(a, min) : a;
        return typeof max === 'number' ? s.min(raised, max) : raised;
      },
    gradientOf:
      ({ min, max }) =>
      (g, _, a) => {
        const above = typeof min === 'number' ? g.where(a.ge(min), 0) : g;
        return [typeof max === 'number' ? above.where(a.le(max), 0) : above];
      },
    attributes: [{ min: -1, max: 1 }, { min: 0 }, { max: 2 }],
    kinds: ['float', 'signed'],
    smooth: [between(-0.9, -0.1)],
  }),
};
