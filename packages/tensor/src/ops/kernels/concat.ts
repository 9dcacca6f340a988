/** Joining tensors along an axis: one copy per part into its place. */
import { dtypes } from '../../dtype/dtype.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import type { KernelOp } from '../../graph/op.ts';
import type { KernelStep } from '../../graph/kernel-plan.ts';

/** Parts agree in everything but the size along `attributes.axis`. */
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
  plan: (node) => ({
    outputs: [{ shape: node.shape, dtype: node.dtype }],
    steps: (layouts): KernelStep[] => {
      const axis = node.attributes['axis'] as number;
      const strides = contiguousStrides(node.shape);
      const { compute } = dtypes[node.dtype];
      let start = 0;
      return layouts.map((layout, input) => {
        const offset = start * (strides[axis] as number);
        start += layout.shape[axis] as number;
        return {
          spec: {
            kind: 'loop',
            bindings: [
              { dtype: node.dtype, access: 'read' },
              { dtype: node.dtype, access: 'write' },
            ],
            outer: layout.shape,
            inner: [],
            body: [
              { kind: 'load', access: { binding: 0, offset: layout.offset, strides: layout.strides }, dtype: compute },
              { kind: 'store', access: { binding: 1, offset, strides }, arg: 0, each: 'row' },
            ],
          },
          operands: [{ input }, { output: 0 }],
        };
      });
    },
  }),
};
