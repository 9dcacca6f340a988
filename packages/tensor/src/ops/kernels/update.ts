/** Writing a part of a tensor: as many indices as a value has along an axis, from a position on. */
import { dtypes } from '../../dtype/dtype.ts';
import { ArgumentError } from '../../errors.ts';
import { lengthsOf, showLengths } from '../../graph/lengths.ts';
import type { Node } from '../../graph/node.ts';
import { loopBody } from '../../kernel/loop-body.ts';
import type { Binding } from '../../kernel/spec.ts';
import * as s from '../../scalar/expression.ts';
import type { Layout } from '../../shape/layout.ts';
import { contiguousStrides } from '../../shape/shape.ts';
import { limitsOf, type KernelStep } from '../../graph/kernel-plan.ts';
import type { KernelOp } from '../../graph/op.ts';

/**
 * Inputs: the tensor, the value, the position (an i32 scalar). A position at which the value would stick out is moved to
 * the nearest one at which it does not.
 */
export const updateOp: KernelOp = {
  family: 'kernel',
  name: 'assignAt',
  strided: true,
  updates: true,
  lengths: ([target, value]) => {
    if ((target as Node).lengths)
      throw new ArgumentError(
        'assignAt',
        `writes into whole tensors, and ${showLengths(target as Node)} has a length; write into the tensor it was taken from`,
      );
    return { result: (target as Node).shape.map(() => undefined), space: lengthsOf(value as Node) };
  },
  plan: (node) => ({
    outputs: [{ shape: node.shape, dtype: node.dtype }],
    steps: (layouts): KernelStep[] => {
      const [target, value, position, ...lengths] = layouts as readonly [Layout, Layout, Layout, ...Layout[]];
      const { dtype, shape } = node;
      const { compute } = dtypes[dtype];
      const axis = node.attributes['axis'] as number;
      const strides = contiguousStrides(shape);
      const limits = limitsOf(node, 3, lengths, 3);
      const read = (of: typeof dtype): Binding => ({ dtype: of, access: 'read' });
      const body = loopBody();
      const still = value.shape.map(() => 0);
      const scalar = (binding: number, offset: number): number =>
        body.push({ kind: 'load', access: { binding, offset, strides: still }, dtype: 'i32' });
      const length = limits.find(({ dim }) => dim === axis);
      const [most, size] = [value.shape[axis] as number, shape[axis] as number];
      const given = scalar(1, position.offset);
      const count = length
        ? body.emit(s.min(s.max(s.argument(0, 'i32'), 0), most), [scalar(length.binding, length.offset)])
        : body.push({ kind: 'constant', value: most, dtype: 'i32' });
      const index = body.emit(s.max(s.min(s.argument(0, 'i32'), s.sub(size, s.argument(1, 'i32'))), 0), [given, count]);
      const arg = body.push({
        kind: 'load',
        access: { binding: 0, offset: value.offset, strides: value.strides },
        dtype: compute,
      });
      body.push({
        kind: 'store',
        access: { binding: 2, offset: 0, strides },
        arg,
        each: 'row',
        displaced: { index, stride: strides[axis] as number },
      });
      return [
        {
          copies: true,
          spec: {
            kind: 'loop',
            bindings: [read(dtype), { dtype, access: 'write' }],
            outer: shape,
            inner: [],
            body: [
              { kind: 'load', access: { binding: 0, offset: target.offset, strides: target.strides }, dtype: compute },
              { kind: 'store', access: { binding: 1, offset: 0, strides }, arg: 0, each: 'row' },
            ],
          },
          operands: [{ input: 0 }, { output: 0 }],
        },
        {
          spec: {
            kind: 'loop',
            bindings: [read(dtype), read('i32'), { dtype, access: 'write' }, ...lengths.map(() => read('i32'))],
            outer: value.shape,
            inner: [],
            body: body.steps,
            ...(limits.length > 0 && { limits }),
          },
          operands: [{ input: 1 }, { input: 2 }, { output: 0 }, ...lengths.map((_, i) => ({ input: 3 + i }))],
        },
      ];
    },
  }),
};
