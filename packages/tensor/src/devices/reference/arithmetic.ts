/** Arithmetic on compute dtypes in doubles: how results are rounded and how values are folded. */
import { convert, scalarInstructions } from '../../scalar/instructions.ts';
import type { ComputeDType } from '../../dtype/dtype.ts';
import type { ReduceOp } from '../../kernel/spec.ts';

/** Brings a number that was computed in doubles to the nearest value of a compute dtype; integers wrap. */
export const rounders: Readonly<Record<ComputeDType, (value: number) => number>> = {
  f32: Math.fround,
  f64: (value) => value,
  i32: (value) => value | 0,
  u32: (value) => value >>> 0,
  bool: (value) => convert('f64', 'bool', value),
};

const lowest: Readonly<Record<ComputeDType, number>> = {
  f32: -Infinity,
  f64: -Infinity,
  i32: -2147483648,
  u32: 0,
  bool: 0,
};
const highest: Readonly<Record<ComputeDType, number>> = {
  f32: Infinity,
  f64: Infinity,
  i32: 2147483647,
  u32: 4294967295,
  bool: 1,
};

/** A fold: start at `identity`, `combine` each value, `finish` once at the end. */
export interface Fold {
  readonly identity: number;
  readonly combine: (total: number, value: number) => number;
  readonly finish: (total: number) => number;
}

/** Integers wrap at every step; floats stay doubles until `finish` rounds them once. */
export function foldOf(op: ReduceOp, dtype: ComputeDType): Fold {
  const finish = rounders[dtype];
  const wide: ComputeDType = dtype === 'f32' ? 'f64' : dtype;
  const { evaluate } = scalarInstructions[foldInstruction[op]];
  const identity = { sum: 0, prod: 1, max: lowest[dtype], min: highest[dtype] }[op];
  return { identity, combine: (total, value) => evaluate(wide, total, value, 0), finish };
}

const foldInstruction = { sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const;

/** How a contraction adds up products: doubles for floats, wrapping 32-bit arithmetic for integers. */
export function multiplyAddOf(dtype: ComputeDType): (total: number, a: number, b: number) => number {
  return dtype === 'f32' || dtype === 'f64'
    ? (total, a, b) => total + a * b
    : (total, a, b) => (total + Math.imul(a, b)) | 0;
}
