/**
 * Scalar expressions: how the meaning of an element-wise op is written down. Built with the functions below, an
 * expression is a small immutable tree over the op's arguments; the planner flattens it into loop instructions.
 */
import type { ComputeDType } from '../dtype/dtype.ts';
import { InternalError } from '../errors.ts';
import { scalarInstructions, type ScalarOp } from './instructions.ts';

/** A typed scalar expression. */
export type Expression =
  | { readonly kind: 'argument'; readonly index: number; readonly dtype: ComputeDType }
  | { readonly kind: 'constant'; readonly value: number; readonly dtype: ComputeDType }
  | {
      readonly kind: 'apply';
      readonly op: ScalarOp;
      readonly args: readonly Expression[];
      readonly dtype: ComputeDType;
    };

/** An expression, or a number that takes the dtype of what it is combined with. */
export type Operand = Expression | number;

/** The `index`-th argument of the op. */
export function argument(index: number, dtype: ComputeDType): Expression {
  return { kind: 'argument', index, dtype };
}

/** A literal of the given dtype. */
export function constant(value: number, dtype: ComputeDType): Expression {
  return { kind: 'constant', value, dtype };
}

function unify(operation: string, operands: readonly Operand[]): readonly Expression[] {
  const typed = operands.find((operand) => typeof operand !== 'number');
  if (typed === undefined) throw new InternalError(operation, 'needs at least one typed operand');
  return operands.map((operand) => {
    const expression = typeof operand === 'number' ? constant(operand, typed.dtype) : operand;
    if (expression.dtype !== typed.dtype)
      throw new InternalError(operation, `operands are ${typed.dtype} and ${expression.dtype}; cast one`);
    return expression;
  });
}

function apply(op: ScalarOp, operands: readonly Operand[]): Expression {
  const args = unify(op, operands);
  const first = args[0] as Expression;
  return { kind: 'apply', op, args, dtype: scalarInstructions[op].result === 'bool' ? 'bool' : first.dtype };
}

type Unary = (a: Expression) => Expression;
type Binary = (a: Operand, b: Operand) => Expression;

const unary =
  (op: ScalarOp): Unary =>
  (a) =>
    apply(op, [a]);
const binary =
  (op: ScalarOp): Binary =>
  (a, b) =>
    apply(op, [a, b]);

export const add: Binary = binary('add');
export const sub: Binary = binary('sub');
export const mul: Binary = binary('mul');
export const div: Binary = binary('div');
export const rem: Binary = binary('rem');
export const min: Binary = binary('min');
export const max: Binary = binary('max');
export const pow: Binary = binary('pow');
export const neg: Unary = unary('neg');
export const abs: Unary = unary('abs');
export const floor: Unary = unary('floor');
export const ceil: Unary = unary('ceil');
export const trunc: Unary = unary('trunc');
export const round: Unary = unary('round');
export const sqrt: Unary = unary('sqrt');
export const exp: Unary = unary('exp');
export const log: Unary = unary('log');
export const sin: Unary = unary('sin');
export const cos: Unary = unary('cos');
export const tanh: Unary = unary('tanh');
export const atan: Unary = unary('atan');
export const erf: Unary = unary('erf');
export const lt: Binary = binary('lt');
export const le: Binary = binary('le');
export const eq: Binary = binary('eq');
export const gt: Binary = (a, b) => apply('lt', [b, a]);
export const ge: Binary = (a, b) => apply('le', [b, a]);
export const ne: Binary = (a, b) => not(eq(a, b));
export const and: Binary = binary('and');
export const or: Binary = binary('or');
export const xor: Binary = binary('xor');
export const shl: Binary = binary('shl');
export const shr: Binary = binary('shr');
export const mulhi: Binary = binary('mulhi');

/** Logical negation of a bool. */
export function not(a: Expression): Expression {
  return apply('xor', [a, constant(1, 'bool')]);
}

/** `whenTrue` where `condition` (a bool) holds, else `whenFalse`. */
export function select(condition: Expression, whenTrue: Operand, whenFalse: Operand): Expression {
  const branches = unify('select', [whenTrue, whenFalse]);
  return { kind: 'apply', op: 'select', args: [condition, ...branches], dtype: (branches[0] as Expression).dtype };
}

/** Converts to another compute dtype; no instruction if it already is. */
export function cast(a: Expression, dtype: ComputeDType): Expression {
  return a.dtype === dtype ? a : { kind: 'apply', op: 'cast', args: [a], dtype };
}

/** Reinterprets 32 bits as another compute dtype. */
export function bitcast(a: Expression, dtype: 'f32' | 'i32' | 'u32'): Expression {
  return { kind: 'apply', op: 'bitcast', args: [a], dtype };
}

/** True where `a` is NaN. */
export function isNaN(a: Expression): Expression {
  return not(eq(a, a));
}
