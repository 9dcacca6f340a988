/** Ops that are one contraction each: what they are follows from how they describe it. */
import type { Node } from '../../graph/node.ts';
import type { KernelOp } from '../../graph/op.ts';
import { contractionOf } from '../../kernel/contraction/contraction.ts';
import { contiguousLayout } from '../../shape/layout.ts';

/** An op of one contraction, which binds its inputs in order and then its result. */
export function contractionOp(
  op: Omit<KernelOp, 'family' | 'plan' | 'contraction' | 'multiplyAccumulates'> &
    Required<Pick<KernelOp, 'contraction'>>,
): KernelOp {
  const layoutsOf = (node: Node): ReturnType<typeof contiguousLayout>[] =>
    node.inputs.map(({ shape }) => contiguousLayout(shape));
  return {
    ...op,
    family: 'kernel',
    multiplyAccumulates: (node) => contractionOf(op.contraction(node, layoutsOf(node))).multiplyAccumulates,
    plan: (node) => ({
      outputs: [{ shape: node.shape, dtype: node.dtype }],
      steps: (inputs) => [
        {
          spec: op.contraction(node, inputs),
          operands: [...inputs.map((_, input) => ({ input })), { output: 0 }],
        },
      ],
    }),
  };
}
