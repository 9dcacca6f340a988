/** Adding values at indices held by another tensor. */
import type { Node } from '../../graph/node.ts';
import type { Access, Binding } from '../../kernel/spec.ts';
import { contiguousStrides, sizeOf } from '../../shape/shape.ts';
import type { Attributes, KernelOp } from '../../graph/op.ts';
import type { KernelStep } from '../../graph/kernel-plan.ts';

/**
 * `mode` 'elements': index and source have one shape, out differs along `axis` only (the adjoint of gather).
 * `mode` 'slices': source is [...before, ...index.shape, ...after] (the adjoint of take).
 */
export interface ScatterAttributes {
  readonly axis: number;
  readonly length: number;
  readonly mode: 'elements' | 'slices';
}

/** The attributes of a scatter node. */
export function scatterOf(attributes: Attributes): ScatterAttributes {
  return attributes as unknown as ScatterAttributes;
}

/** Inputs: source, i32 index. */
export const scatterAddOp: KernelOp = {
  family: 'kernel',
  name: 'scatterAdd',
  strided: false,
  gradient: (g, { inputs: [, index], attributes }) => {
    const { axis, mode } = scatterOf(attributes);
    return index ? [mode === 'slices' ? g.take(index, axis) : g.gather(axis, index), undefined] : [];
  },
  plan: (node) => ({
    outputs: [{ shape: node.shape, dtype: node.dtype }],
    steps: (): KernelStep[] => {
      const { axis, length, mode } = scatterOf(node.attributes);
      const [source, index] = node.inputs as readonly [Node, Node];
      const outer = sizeOf(node.shape.slice(0, axis));
      const inner = sizeOf(node.shape.slice(axis + 1));
      const count = mode === 'slices' ? sizeOf(index.shape) : (source.shape[axis] as number);
      const walked = [outer, count, inner];
      const access = (binding: number, shape: readonly number[], strides = contiguousStrides(shape)): Access => ({
        binding,
        offset: 0,
        strides,
      });
      const binding = (dtype: Binding['dtype'], mode_: Binding['access']): Binding => ({ dtype, access: mode_ });
      return [
        {
          spec: {
            kind: 'scatter-add',
            bindings: [binding(source.dtype, 'read'), binding('i32', 'read'), binding(node.dtype, 'write')],
            outer,
            count,
            inner,
            length,
            source: access(0, walked),
            index: mode === 'slices' ? access(1, walked, [0, 1, 0]) : access(1, walked),
            out: access(2, [outer, length, inner]),
          },
          operands: [{ input: 0 }, { input: 1 }, { output: 0 }],
        },
      ];
    },
  }),
};
