/** Joining tensors along an axis: one copy per part into its place. */
import { dtypes } from '../../dtype/dtype.ts';
import { ofInput, ofOutput, sameAxes } from '../../graph/axes.ts';
import { agreedOff } from '../../graph/lengths.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import type { KernelOp } from '../../graph/op.ts';
import { limitsOf, type KernelStep } from '../../graph/kernel-plan.ts';

/** `attributes.parts` of them, which agree in everything but the size along `attributes.axis`. */
export const concatOp: KernelOp = {
  family: 'kernel',
  name: 'concat',
  strided: true,
  gradient: (g, { inputs, attributes: { axis } }) => {
    let start = 0;
    return inputs.map((input) => {
      const length = input.shape[axis as number] as number;
      start += length;
      return g.narrow(axis as number, start - length, length);
    });
  },
  lengths: (inputs, { axis }) => {
    const result = agreedOff('concat', inputs, axis as number);
    return { result, space: result };
  },
  axes: ({ shape, attributes }) => {
    const parts = Array.from({ length: attributes['parts'] as number }, (_, input) => input);
    return shape.map((_, axis) =>
      axis === attributes['axis']
        ? { kind: 'parts', whole: ofOutput(axis), parts: parts.map((input) => ofInput(input, axis)) }
        : sameAxes(ofOutput(axis), ...parts.map((input) => ofInput(input, axis))),
    );
  },
  plan: (node) => ({
    outputs: [{ shape: node.shape, dtype: node.dtype }],
    steps: (layouts): KernelStep[] => {
      const axis = node.attributes['axis'] as number;
      const strides = contiguousStrides(node.shape);
      const { compute } = dtypes[node.dtype];
      const parts = layouts.slice(0, node.attributes['parts'] as number);
      const lengths = layouts.slice(parts.length);
      const limits = limitsOf(node, parts.length, lengths, 2);
      let start = 0;
      return parts.map((layout, input) => {
        const offset = start * (strides[axis] as number);
        start += layout.shape[axis] as number;
        return {
          spec: {
            kind: 'loop',
            bindings: [
              { dtype: node.dtype, access: 'read' },
              { dtype: node.dtype, access: 'write' },
              ...lengths.map(() => ({ dtype: 'i32', access: 'read' }) as const),
            ],
            outer: layout.shape,
            inner: [],
            ...(limits.length > 0 && { limits }),
            body: [
              { kind: 'load', access: { binding: 0, offset: layout.offset, strides: layout.strides }, dtype: compute },
              { kind: 'store', access: { binding: 1, offset, strides }, arg: 0, each: 'row' },
            ],
          },
          operands: [{ input }, { output: 0 }, ...lengths.map((_, i) => ({ input: parts.length + i }))],
        };
      });
    },
  }),
};
