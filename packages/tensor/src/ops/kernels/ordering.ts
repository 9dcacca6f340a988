/** Running folds along an axis, and sorting. */
import { ofInput, ofOutput, sameAxes } from '../../graph/axes.ts';
import { sizeOf } from '../../shape/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { KernelOp } from '../../graph/op.ts';
import type { KernelStep } from '../../graph/kernel-plan.ts';

function scan(name: string, fold: 'sum' | 'prod', gradient: NonNullable<KernelOp['gradient']> | undefined): KernelOp {
  return {
    family: 'kernel',
    name,
    strided: false,
    ...(gradient && { gradient }),
    axes: ({ shape, attributes }) =>
      shape.flatMap((_, axis) => (axis === attributes['axis'] ? [] : [sameAxes(ofOutput(axis), ofInput(0, axis))])),
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

/**
 * Running products. The gradient walks back through the product by doubling, y_{t+1} = y_t · (y_t shifted by 2^t), which
 * ends in the same products without dividing by a factor: factors of 0 are like any other, in derivatives of every order.
 * Source of the doubling: W. D. Hillis and G. L. Steele, "Data parallel algorithms", CACM 29 (1986).
 */
export const cumprodOp: KernelOp = scan('cumprod', 'prod', (g, { inputs: [input], attributes }) => {
  if (!input) return [];
  const axis = attributes['axis'] as number;
  const length = input.shape[axis] as number;
  const stages: { readonly factors: Tensor; readonly by: number }[] = [];
  for (let by = 1, factors = input; by < length; by *= 2) {
    stages.push({ factors, by });
    factors = factors.mul(shifted(factors, axis, by, 1));
  }
  return [
    stages.reduceRight(
      (gradient, { factors, by }) =>
        gradient.mul(shifted(factors, axis, by, 1)).add(shifted(gradient.mul(factors), axis, -by, 0)),
      g,
    ),
  ];
});

/** Elements moved `by` places along an axis, `value` where none comes from. */
function shifted(x: Tensor, axis: number, by: number, value: number): Tensor {
  return x.pad(
    x.shape.map((_, a): [number, number] => (a === axis ? [by, -by] : [0, 0])),
    value,
  );
}

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
