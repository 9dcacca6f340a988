/** Folding: how each reduction starts, how values join, and how lanes become one value. */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import type { ReduceOp } from '../../../kernel/spec.ts';
import type { ScalarOp } from '../../../scalar/instructions.ts';
import { f32, f64, i32, type Expression } from '../assembler/expression.ts';

/** The instruction that joins two partial results. On bool, sums and maxima are `or`, products and minima `and`. */
export function joining(reduce: ReduceOp, dtype: ComputeDType): ScalarOp {
  if (dtype === 'bool') return reduce === 'sum' || reduce === 'max' ? 'or' : 'and';
  return ({ sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const)[reduce];
}

const identities: Readonly<Record<ReduceOp, Readonly<Record<ComputeDType, number>>>> = {
  sum: { f32: 0, f64: 0, i32: 0, u32: 0, bool: 0 },
  prod: { f32: 1, f64: 1, i32: 1, u32: 1, bool: 1 },
  max: { f32: Number.NEGATIVE_INFINITY, f64: Number.NEGATIVE_INFINITY, i32: -2147483648, u32: 0, bool: 0 },
  min: { f32: Number.POSITIVE_INFINITY, f64: Number.POSITIVE_INFINITY, i32: 2147483647, u32: 4294967295, bool: 1 },
};

/** What a fold over nothing gives. */
export function identityOf(reduce: ReduceOp, dtype: ComputeDType): number {
  return identities[reduce][dtype];
}

/** A scalar constant of a compute dtype. */
export function constantOf(dtype: ComputeDType, value: number): Expression {
  return dtype === 'f32' ? f32(value) : dtype === 'f64' ? f64(value) : i32(value);
}
