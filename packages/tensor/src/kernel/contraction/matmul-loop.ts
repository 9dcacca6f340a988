/** What a matrix product means, as a loop: how devices run those that they have no kernel for. */
import { dtypes, type ComputeDType } from '../../dtype/dtype.ts';
import type { Access, Binding, LoopInstruction, LoopSpec, MatmulSpec } from '../spec.ts';
import { afterSum, finishing } from './epilogue.ts';

/** The product over outer [...batch, m, n] and inner [k], with its epilogue. It sums in the compute dtype of the left factor. */
export function matmulLoop(spec: MatmulSpec): LoopSpec {
  const { batch, m, n, k, a, b } = spec;
  const rank = batch.length;
  const computeOf = ({ binding }: Access): ComputeDType => dtypes[(spec.bindings[binding] as Binding).dtype].compute;
  const [dtype, other] = [computeOf(a), computeOf(b)];
  const along = (access: Access, row: number, column: number, depth: number): Access => {
    const of = (dimension: number): number => (dimension < 0 ? 0 : (access.strides[rank + dimension] as number));
    return { ...access, strides: [...access.strides.slice(0, rank), of(row), of(column), of(depth)] };
  };
  const product: LoopInstruction[] = [
    { kind: 'load', access: along(a, 0, -1, 1), dtype },
    { kind: 'load', access: along(b, -1, 1, 0), dtype: other },
  ];
  const right = dtype === other ? 1 : product.push({ kind: 'scalar', op: 'cast', args: [1], dtype }) - 1;
  const factor = product.push({ kind: 'scalar', op: 'mul', args: [0, right], dtype }) - 1;
  product.push({ kind: 'reduce', op: 'sum', arg: factor, dtype });
  return {
    kind: 'loop',
    bindings: spec.bindings,
    outer: [...batch, m, n],
    inner: [k],
    ...(spec.limits && { limits: spec.limits }),
    body: [...product, ...afterSum(finishing(spec), product.length, (own) => [...own, 0])],
  };
}
