/** Attention as an op: its kernel, what it decomposes into, and its gradients. */
import { gradientOfParts } from '../../autograd/decomposition.ts';
// The default device's programs.
import '../../devices/cpu/attention/attention.ts';
import { ofInput, ofOutput, sameAxes } from '../../graph/axes.ts';
import { limitsOf } from '../../graph/kernel-plan.ts';
import { agreed } from '../../graph/lengths.ts';
import type { Node } from '../../graph/node.ts';
import type { KernelOp } from '../../graph/op.ts';
import type { Access, AttentionSpec, Binding } from '../../kernel/spec.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import type { Layout } from '../../shape/layout.ts';
import { decompose } from './decompose.ts';
import { kernelGradients } from './gradient-op.ts';
import { inputsOf, placesOf, type AttentionAttributes } from './inputs.ts';

const gradientsOfParts = gradientOfParts(decompose);

const attributesOf = ({ attributes }: Node): AttentionAttributes => attributes as AttentionAttributes;

function attentionSpec(node: Node, layouts: readonly Layout[]): AttentionSpec {
  const attributes = attributesOf(node);
  const { causal, scale } = attributes;
  const { mask, bias, count, ...places } = placesOf(attributes);
  const { shape } = node;
  const rank = shape.length - 2;
  const limits = limitsOf(node, count, layouts.slice(count), count);
  const layout = (input: number): Layout => layouts[input] as Layout;
  const access = (input: number): Access => {
    const { offset, strides } = layout(input);
    return { binding: input, offset, strides };
  };
  const read = node.inputs.map(({ dtype }): Binding => ({ dtype, access: 'read' }));
  const write: Binding = { dtype: node.dtype, access: 'write' };
  return {
    kind: 'attention',
    bindings: [...read, write, write],
    batch: shape.slice(0, rank),
    queries: shape[rank] as number,
    keys: layout(places.k).shape[rank] as number,
    size: layout(places.q).shape[rank + 1] as number,
    valueSize: shape[rank + 1] as number,
    scale,
    causal,
    q: access(places.q),
    k: access(places.k),
    v: access(places.v),
    ...(mask !== undefined && { mask: access(mask) }),
    ...(bias !== undefined && { bias: access(bias) }),
    out: { binding: read.length, offset: 0, strides: contiguousStrides(shape) },
    logSum: { binding: read.length + 1, offset: 0, strides: contiguousStrides(shape.slice(0, -1)) },
    ...(limits.length > 0 && { limits }),
  };
}

/**
 * Outputs: what queries [...batch, queries, size] see, [...batch, queries, value size], and the logarithms of their sums
 * [...batch, queries]. Inputs have all batch dimensions; keys may have a length.
 */
export const attentionOp: KernelOp = {
  family: 'kernel',
  name: 'attention',
  strided: true,
  gradient: (g, site) => kernelGradients(g, site) ?? gradientsOfParts(g, site),
  decompose,
  multiplyAccumulates: ({ inputs: [q, k, v] }) => {
    const size = (node: Node | undefined, axis: number): number => node?.shape.at(axis) as number;
    const heads = (q as Node).shape.slice(0, -2).reduce((product, each) => product * each, 1);
    return heads * size(q, -2) * size(k, -2) * (size(q, -1) + size(v, -1));
  },
  lengths: (inputs, attributes) => {
    const { k, v, mask, bias } = inputsOf(inputs, attributes as AttentionAttributes);
    const axis = k.shape.length - 2;
    const pairs = [mask, bias].flatMap((input) => (input ? [{ input, axis: axis + 1 }] : []));
    const keys = agreed('attention', axis, [{ input: k, axis }, { input: v, axis }, ...pairs]);
    const none = k.shape.slice(0, -1).map(() => undefined);
    return { result: [...none, undefined], space: [...none, keys] };
  },
  axes: (node) => {
    const { shape } = node;
    const attributes = attributesOf(node);
    const rank = shape.length - 2;
    const all = Array.from({ length: placesOf(attributes).count }, (_, input) => input);
    const heads = shape
      .slice(0, rank)
      .map((_, axis) => sameAxes(ofOutput(axis), ...all.map((input) => ofInput(input, axis))));
    // Where queries see by their places, all are needed.
    const queries = attributes.causal
      ? []
      : [
          sameAxes(
            ofOutput(rank),
            ...all.filter((input) => input === 0 || input > 2).map((input) => ofInput(input, rank)),
          ),
        ];
    return [
      ...heads,
      ...queries,
      { kind: 'contracted', axes: [ofInput(0, rank + 1), ofInput(1, rank + 1)] },
      sameAxes(ofOutput(rank + 1), ofInput(2, rank + 1)),
    ];
  },
  plan: (node) => ({
    outputs: [
      { shape: node.shape, dtype: node.dtype },
      { shape: node.shape.slice(0, -1), dtype: node.dtype },
    ],
    steps: (layouts) => [
      {
        spec: attentionSpec(node, layouts),
        operands: [...layouts.map((_, input) => ({ input })), { output: 0 }, { output: 1 }],
      },
    ],
  }),
};
