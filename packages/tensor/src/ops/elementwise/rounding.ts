/** Rounding, and questions about floating-point values. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
import { between, elementwise, flat, type ElementwiseEntry } from './define.ts';

const isFloating = (a: Expression): boolean => a.dtype === 'f32' || a.dtype === 'f64';
/** Integers are already whole. */
const whole =
  (round: (a: Expression) => Expression) =>
  (a: Expression): Expression =>
    isFloating(a) ? round(a) : a;
const steps = (name: string, summary: string, round: (a: Expression) => Expression): ElementwiseEntry =>
  elementwise(name, { summary, arity: 1, meaning: whole(round), gradient: flat, smooth: [between(0.1, 0.4)] });
const never = (): Expression => s.constant(0, 'bool');
const infinite = (a: Expression): Expression => s.eq(s.abs(a), s.constant(Number.POSITIVE_INFINITY, a.dtype));

/** Rounding to integers within the dtype, and classification. */
export const rounding: Readonly<Record<string, ElementwiseEntry>> = {
  floor: steps('floor', 'rounded down', s.floor),
  ceil: steps('ceil', 'rounded up', s.ceil),
  trunc: steps('trunc', 'rounded towards 0', s.trunc),
  round: steps('round', 'rounded to nearest, ties to even', s.round),
  isNaN: elementwise('isNaN', {
    summary: 'whether a is NaN',
    arity: 1,
    result: 'bool',
    meaning: (a) => (isFloating(a) ? s.isNaN(a) : never()),
  }),
  isInf: elementwise('isInf', {
    summary: 'whether a is infinite',
    arity: 1,
    result: 'bool',
    meaning: (a) => (isFloating(a) ? infinite(a) : never()),
  }),
  isFinite: elementwise('isFinite', {
    summary: 'whether a is neither infinite nor NaN',
    arity: 1,
    result: 'bool',
    meaning: (a) =>
      isFloating(a) ? s.lt(s.abs(a), s.constant(Number.POSITIVE_INFINITY, a.dtype)) : s.constant(1, 'bool'),
  }),
};
