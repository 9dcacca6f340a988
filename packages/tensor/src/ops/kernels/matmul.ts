/** Batched matrix products. */
import { dtypes } from '../../dtype/dtype.ts';
import { agreed } from '../../graph/lengths.ts';
import type { Node } from '../../graph/node.ts';
import type { Binding, LoopSpec, MatmulSpec } from '../../kernel/spec.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import type { Layout } from '../../shape/layout.ts';
import type { KernelOp } from '../../graph/op.ts';
import { limitsOf, type KernelStep } from '../../graph/kernel-plan.ts';

/** The product as a contraction kernel. */
function matmulSpec(node: Node, [a, b, ...lengths]: readonly [Layout, Layout, ...Layout[]]): MatmulSpec {
  const { shape, dtype } = node;
  const rank = shape.length;
  const bindings: Binding[] = [
    { dtype: (node.inputs[0] as Node).dtype, access: 'read' },
    { dtype: (node.inputs[1] as Node).dtype, access: 'read' },
    { dtype, access: 'write' },
    ...lengths.map((): Binding => ({ dtype: 'i32', access: 'read' })),
  ];
  const limits = limitsOf(node, 2, lengths, 3);
  return {
    kind: 'matmul',
    bindings,
    batch: shape.slice(0, -2),
    m: shape[rank - 2] as number,
    n: shape[rank - 1] as number,
    k: a.shape[rank - 1] as number,
    a: { binding: 0, offset: a.offset, strides: a.strides },
    b: { binding: 1, offset: b.offset, strides: b.strides },
    out: { binding: 2, offset: 0, strides: contiguousStrides(shape) },
    ...(limits.length > 0 && { limits }),
  };
}

/** The same product as a plain loop, for dtypes without a contraction kernel. */
function matmulLoop(spec: MatmulSpec): LoopSpec {
  const { batch, m, n, k, a, b } = spec;
  const compute = dtypes[(spec.bindings[2] as Binding).dtype].compute;
  const lead = batch.map((_, axis) => axis);
  const [row, column] = [batch.length, batch.length + 1];
  const spread = (strides: readonly number[], axes: readonly number[]): number[] => {
    const result = new Array<number>(batch.length + 3).fill(0);
    for (const [position, axis] of axes.entries()) result[axis] = strides[position] as number;
    return result;
  };
  const inner = batch.length + 2;
  return {
    kind: 'loop',
    bindings: spec.bindings,
    outer: [...batch, m, n],
    inner: [k],
    ...(spec.limits && { limits: spec.limits }),
    body: [
      { kind: 'load', access: { ...a, strides: spread(a.strides, [...lead, row, inner]) }, dtype: compute },
      { kind: 'load', access: { ...b, strides: spread(b.strides, [...lead, inner, column]) }, dtype: compute },
      { kind: 'scalar', op: 'mul', args: [0, 1], dtype: compute },
      { kind: 'reduce', op: 'sum', arg: 2, dtype: compute },
      {
        kind: 'store',
        access: { binding: 2, offset: 0, strides: [...contiguousStrides([...batch, m, n]), 0] },
        arg: 3,
        each: 'row',
      },
    ],
  };
}

/** out[..., i, j] = Σ_k a[..., i, k] · b[..., k, j]; both inputs have the output's batch dimensions. */
export const matmulOp: KernelOp = {
  family: 'kernel',
  name: 'matmul',
  strided: true,
  gradient: (g, { inputs: [a, b] }) => (a && b ? [g.matmul(b.transpose(-1, -2)), a.transpose(-1, -2).matmul(g)] : []),
  multiplyAccumulates: ({ size, inputs: [a] }) => size * ((a as Node).shape.at(-1) as number),
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
  contraction: (node, inputs) => matmulSpec(node, inputs as readonly [Layout, Layout, ...Layout[]]),
  plan: (node) => ({
    outputs: [{ shape: node.shape, dtype: node.dtype }],
    steps: (inputs, device): KernelStep[] => {
      const spec = matmulSpec(node, inputs as readonly [Layout, Layout, ...Layout[]]);
      return [
        {
          spec: device.accepts(spec) ? spec : matmulLoop(spec),
          operands: [{ input: 0 }, { input: 1 }, { output: 0 }, ...inputs.slice(2).map((_, i) => ({ input: 2 + i }))],
        },
      ];
    },
  }),
};
