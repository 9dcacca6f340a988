/** The second half of a contraction whose sum over k was cut into parts. */
import { afterSum } from '../../../kernel/contraction/epilogue.ts';
import type { LoopInstruction, LoopSpec, MatmulSpec } from '../../../kernel/spec.ts';
import { prod } from '../numbers.ts';

/**
 * Sums the parts, contiguous [...batch, splits, m, n] in the memory that is bound after `bindings`, and goes on with the
 * epilogue.
 */
export function sumOfParts(
  { bindings, batch, m, n, epilogue }: Required<Pick<MatmulSpec, 'bindings' | 'batch' | 'm' | 'n' | 'epilogue'>>,
  splits: number,
): LoopSpec {
  const binding = bindings.length;
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
    body: [...sum, ...afterSum(epilogue, sum.length, (own) => [...own, 0])],
  };
}
