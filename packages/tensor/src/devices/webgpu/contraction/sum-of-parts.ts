/** The second half of a contraction whose sum over k was cut into parts. */
import { afterSum } from '../../../kernel/contraction/epilogue.ts';
import type { Limit, LoopInstruction, LoopSpec, MatmulSpec } from '../../../kernel/spec.ts';
import { prod } from '../numbers.ts';

/**
 * Sums the parts, contiguous [...batch, splits, m, n] in the memory that is bound after `bindings`, and goes on with the
 * epilogue.
 */
export function sumOfParts(
  { bindings, batch, m, n, epilogue }: Required<Pick<MatmulSpec, 'bindings' | 'batch' | 'm' | 'n' | 'epilogue'>>,
  splits: number,
  limits: readonly Limit[] = [],
): LoopSpec {
  const binding = bindings.length;
  // What the sum over k ends at was looked at by the parts.
  const own = limits.filter(({ dim }) => dim < batch.length + 2);
  const batchStrides = batch.map((_, dimension) => prod(batch.slice(dimension + 1)) * splits * m * n);
  const sum: LoopInstruction[] = [
    { kind: 'load', access: { binding, offset: 0, strides: [...batchStrides, n, 1, m * n] }, dtype: 'f32' },
    { kind: 'reduce', op: 'sum', arg: 0, dtype: 'f32' },
  ];
  return {
    kind: 'loop',
    bindings: [...bindings, { dtype: 'f32', access: 'read' }],
    outer: [...batch, m, n],
    inner: [splits],
    ...(own.length > 0 && { limits: own }),
    body: [...sum, ...afterSum(epilogue, sum.length, (strides) => [...strides, 0])],
  };
}
