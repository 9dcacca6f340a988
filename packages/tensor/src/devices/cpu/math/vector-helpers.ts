/** Small pieces that the vector functions are written with. */
import { op, type Expression, type Local } from '../assembler/expression.ts';
import type { MathContext } from './math-library.ts';

/** coefficients[0] + coefficients[1]·x + …, by Horner's rule. */
export function polynomial(
  { f32 }: Pick<MathContext, 'f32'>,
  x: Expression,
  coefficients: readonly number[],
): Expression {
  return horner(f32, 'f32x4', x, coefficients);
}

/** The same in f64. */
export function polynomialF64(
  { f64 }: Pick<MathContext, 'f64'>,
  x: Expression,
  coefficients: readonly number[],
): Expression {
  return horner(f64, 'f64x2', x, coefficients);
}

function horner(
  constant: (value: number) => Expression,
  shape: 'f32x4' | 'f64x2',
  x: Expression,
  coefficients: readonly number[],
): Expression {
  const [highest = 0, ...rest] = coefficients.toReversed();
  return rest.reduce(
    (sum, coefficient) => op(`${shape}.add`, op(`${shape}.mul`, sum, x), constant(coefficient)),
    constant(highest),
  );
}

/** Splits off the sign: |x|, and the sign bits alone. */
export function splitSign({ f, i32 }: MathContext, x: Local): { readonly magnitude: Local; readonly sign: Local } {
  return { magnitude: f.let(op('f32x4.abs', x)), sign: f.let(op('v128.and', x, i32(0x80000000))) };
}

/** `whenTrue` in the lanes where `mask` is set. */
export function choose(mask: Expression, whenTrue: Expression, whenFalse: Expression): Expression {
  return op('v128.bitselect', whenTrue, whenFalse, mask);
}
