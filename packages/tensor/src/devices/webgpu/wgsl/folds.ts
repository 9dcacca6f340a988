/** Folding values: the identity and the combining expression of each reduction, per compute dtype. */
import type { ComputeDType } from '../../../dtype/dtype.ts';
import type { ReduceOp } from '../../../kernel/spec.ts';
import { literal } from './literals.ts';
import type { WgslModule } from './wgsl-module.ts';

const identities: Readonly<Record<ReduceOp, Readonly<Partial<Record<ComputeDType, number | string>>>>> = {
  sum: { f32: 0, i32: 0, u32: 0, bool: 0 },
  prod: { f32: 1, i32: 1, u32: 1, bool: 1 },
  max: { f32: '-Infinity', i32: -2147483648, u32: 0, bool: 0 },
  min: { f32: 'Infinity', i32: 2147483647, u32: 4294967295, bool: 1 },
};

/** The value that leaves every other unchanged under the fold. */
export function foldIdentity(module: WgslModule, op: ReduceOp, dtype: ComputeDType): string {
  return literal(module, dtype, identities[op][dtype] ?? 0);
}

/** `a` and `b` folded together; NaN propagates. Booleans fold as any (sum, max) and all (prod, min). */
export function foldExpression(module: WgslModule, op: ReduceOp, dtype: ComputeDType, a: string, b: string): string {
  if (dtype === 'bool') return `${a} ${op === 'sum' || op === 'max' ? '|' : '&'} ${b}`;
  if (op === 'sum') return `${a} + ${b}`;
  if (op === 'prod') return `${a} * ${b}`;
  const name = op === 'max' ? 'maximum' : 'minimum';
  return `${dtype === 'f32' ? module.use(name) : op}(${a}, ${b})`;
}
