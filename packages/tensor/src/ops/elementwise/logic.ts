/** Comparisons, truth values, bits and selection. */
import * as s from '../../scalar/expression.ts';
import type { Expression } from '../../scalar/expression.ts';
import {
  anyValue,
  between,
  elementwise,
  type ElementwiseDescription,
  type ElementwiseEntry,
  type Meaning,
} from './define.ts';

const comparison = (name: string, summary: string, meaning: Meaning): ElementwiseEntry =>
  elementwise(name, { summary, arity: 2, argumentRule: 'promote', result: 'bool', meaning });
const logical = (name: string, summary: string, meaning: Meaning): ElementwiseEntry =>
  elementwise(name, { summary, arity: 2, argumentRule: 'logical', result: 'bool', meaning });
const bitwise = (name: string, description: ElementwiseDescription): ElementwiseEntry =>
  elementwise(name, { argumentRule: 'bits', ...description });

/** Whether a shift count, as unsigned, is below 32: the hardware takes counts modulo 32, NumPy shifts everything out. */
const isWithinWord = (count: Expression): Expression => s.lt(s.cast(count, 'u32'), 32);

/** Comparisons (false where either side is NaN, except `ne`), logic and bits. */
export const logic: Readonly<Record<string, ElementwiseEntry>> = {
  eq: comparison('eq', 'a = b', (a, b) => s.eq(a, b)),
  ne: comparison('ne', 'a ≠ b', (a, b) => s.ne(a, b)),
  lt: comparison('lt', 'a < b', (a, b) => s.lt(a, b)),
  le: comparison('le', 'a ≤ b', (a, b) => s.le(a, b)),
  gt: comparison('gt', 'a > b', (a, b) => s.gt(a, b)),
  ge: comparison('ge', 'a ≥ b', (a, b) => s.ge(a, b)),
  logicalAnd: logical('logicalAnd', 'both are true (not 0)', (a, b) => s.and(a, b)),
  logicalOr: logical('logicalOr', 'either is true (not 0)', (a, b) => s.or(a, b)),
  logicalXor: logical('logicalXor', 'exactly one is true (not 0)', (a, b) => s.xor(a, b)),
  logicalNot: elementwise('logicalNot', {
    summary: 'a is false (0)',
    arity: 1,
    argumentRule: 'logical',
    result: 'bool',
    meaning: (a) => s.not(a),
  }),
  bitwiseAnd: bitwise('bitwiseAnd', { summary: 'bits set in both', arity: 2, meaning: (a, b) => s.and(a, b) }),
  bitwiseOr: bitwise('bitwiseOr', { summary: 'bits set in either', arity: 2, meaning: (a, b) => s.or(a, b) }),
  bitwiseXor: bitwise('bitwiseXor', { summary: 'bits set in exactly one', arity: 2, meaning: (a, b) => s.xor(a, b) }),
  multiplyHigh: bitwise('multiplyHigh', {
    summary: 'the high 32 bits of the 64-bit product',
    arity: 2,
    argumentRule: 'unsigned',
    meaning: (a, b) => s.mulhi(a, b),
  }),
  bitwiseNot: bitwise('bitwiseNot', {
    summary: 'every bit inverted',
    arity: 1,
    meaning: (a) => (a.dtype === 'bool' ? s.not(a) : s.xor(a, a.dtype === 'u32' ? 4294967295 : -1)),
  }),
  shiftLeft: bitwise('shiftLeft', {
    summary: 'a · 2^b, wrapping; 0 for b of 32 and more, or below 0',
    argumentRule: 'integer',
    arity: 2,
    meaning: (a, b) => s.select(isWithinWord(b), s.shl(a, b), 0),
    values: [anyValue, between(-3, 40)],
  }),
  shiftRight: bitwise('shiftRight', {
    summary: 'floor(a / 2^b); 0, or -1 below 0, for b of 32 and more, or below 0',
    argumentRule: 'integer',
    arity: 2,
    // Of a signed integer, 31 places leave nothing but the sign.
    meaning: (a, b) =>
      a.dtype === 'i32' ? s.shr(a, s.select(isWithinWord(b), b, 31)) : s.select(isWithinWord(b), s.shr(a, b), 0),
    values: [anyValue, between(-3, 40)],
  }),
};
