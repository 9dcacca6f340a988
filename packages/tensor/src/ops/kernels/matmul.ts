/** Batched matrix products. */
import { ofInput, ofOutput, sameAxes } from '../../graph/axes.ts';
import { agreed } from '../../graph/lengths.ts';
import type { Node } from '../../graph/node.ts';
import type { Binding, MatmulSpec } from '../../kernel/spec.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import type { Layout } from '../../shape/layout.ts';
import type { KernelOp } from '../../graph/op.ts';
import { limitsOf } from '../../graph/kernel-plan.ts';
import { contractionOp } from './contraction-op.ts';

/** The product as a contraction kernel. */
function matmulSpec(node: Node, [a, b, ...lengths]: readonly [Layout, Layout, ...Layout[]]): MatmulSpec {
  const { shape, dtype } = node;
  const rank = shape.length;
  const bindings: Binding[] = [
    { dtype: (node.inputs[0] as Node).dtype, access: 'read' },
    { dtype: (node.inputs[1] as Node).dtype, access: 'read' },
    ...lengths.map((): Binding => ({ dtype: 'i32', access: 'read' })),
    { dtype, access: 'write' },
  ];
  const limits = limitsOf(node, 2, lengths, 2);
  return {
    kind: 'matmul',
    bindings,
    batch: shape.slice(0, -2),
    m: shape[rank - 2] as number,
    n: shape[rank - 1] as number,
    k: a.shape[rank - 1] as number,
    a: { binding: 0, offset: a.offset, strides: a.strides },
    b: { binding: 1, offset: b.offset, strides: b.strides },
    out: { binding: bindings.length - 1, offset: 0, strides: contiguousStrides(shape) },
    ...(limits.length > 0 && { limits }),
  };
}

/** out[..., i, j] = Σ_k a[..., i, k] · b[..., k, j]; both inputs have the output's batch dimensions. */
export const matmulOp: KernelOp = contractionOp({
  name: 'matmul',
  strided: true,
  gradient: (g, { inputs: [a, b] }) => (a && b ? [g.matmul(b.transpose(-1, -2)), a.transpose(-1, -2).matmul(g)] : []),
  lengths: ([a, b]) => {
    const [left, right] = [a as Node, b as Node];
    const rank = left.shape.length;
    const [row, column] = [rank - 2, rank - 1];
    const batch = Array.from({ length: row }, (_, axis) =>
      agreed('matmul', axis, [
        { input: left, axis },
        { input: right, axis },
      ]),
    );
    const depth = agreed('matmul', column, [
      { input: left, axis: column },
      { input: right, axis: row },
    ]);
    const result = [...batch, left.lengths?.[row], right.lengths?.[column]];
    return { result, space: [...result, depth] };
  },
  axes: ({ shape }) => {
    const [row, column] = [shape.length - 2, shape.length - 1];
    const batch = shape.slice(0, -2).map((_, axis) => sameAxes(ofOutput(axis), ofInput(0, axis), ofInput(1, axis)));
    return [
      ...batch,
      sameAxes(ofOutput(row), ofInput(0, row)),
      sameAxes(ofOutput(column), ofInput(1, column)),
      { kind: 'contracted', axes: [ofInput(0, column), ofInput(1, row)] },
    ];
  },
  contraction: (node, inputs) => matmulSpec(node, inputs as readonly [Layout, Layout, ...Layout[]]),
});
