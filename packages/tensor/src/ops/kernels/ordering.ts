/** Running folds along an axis, and sorting. */
import { sizeOf } from '../../shape/shape.ts';
import type { KernelOp } from '../op.ts';
import type { KernelStep } from '../kernel-plan.ts';

function scan(name: string, fold: 'sum' | 'prod', gradient: NonNullable<KernelOp['gradient']> | undefined): KernelOp {
  return {
    family: 'kernel',
    name,
    strided: false,
    ...(gradient && { gradient }),
    plan: (node) => ({
      outputs: [{ shape: node.shape, dtype: node.dtype }],
      steps: (): KernelStep[] => {
        const axis = node.attributes['axis'] as number;
        return [
          {
            spec: {
              kind: 'scan',
              bindings: [
                { dtype: node.dtype, access: 'read' },
                { dtype: node.dtype, access: 'write' },
              ],
              op: fold,
              outer: sizeOf(node.shape.slice(0, axis)),
              length: node.shape[axis] as number,
              inner: sizeOf(node.shape.slice(axis + 1)),
            },
            operands: [{ input: 0 }, { output: 0 }],
          },
        ];
      },
    }),
  };
}

/** Running sums; the gradient is the running sum from the other end. */
export const cumsumOp: KernelOp = scan('cumsum', 'sum', (g, { attributes: { axis } }) => [
  g
    .flip(axis as number)
    .cumsum(axis as number)
    .flip(axis as number),
]);

/** Running products; the gradient (where no factor is 0) follows from y_j = Π x_i, dy_j/dx_i = y_j / x_i for i ≤ j. */
export const cumprodOp: KernelOp = scan('cumprod', 'prod', (g, { inputs: [input], output, attributes: { axis } }) =>
  input
    ? [
        g
          .mul(output)
          .flip(axis as number)
          .cumsum(axis as number)
          .flip(axis as number)
          .div(input),
      ]
    : [],
);

/** Rows sorted along the last axis: values, then i32 positions. */
export const sortOp: KernelOp = {
  family: 'kernel',
  name: 'sort',
  strided: false,
  gradient: (g, { inputs: [input], outputs: [, positions] }) =>
    input && positions ? [g.scatterInto(positions, -1, input.shape)] : [],
  plan: (node) => ({
    outputs: [
      { shape: node.shape, dtype: node.dtype },
      { shape: node.shape, dtype: 'i32' },
    ],
    steps: (): KernelStep[] => {
      const length = node.shape.at(-1) ?? 1;
      return [
        {
          spec: {
            kind: 'sort',
            bindings: [
              { dtype: node.dtype, access: 'read' },
              { dtype: node.dtype, access: 'write' },
              { dtype: 'i32', access: 'write' },
            ],
            rows: length === 0 ? 0 : sizeOf(node.shape) / length,
            length,
            descending: node.attributes['descending'] === true,
          },
          operands: [{ input: 0 }, { output: 0 }, { output: 1 }],
        },
      ];
    },
  }),
};
