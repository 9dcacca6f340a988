/** The ops of rows in Espalier's methods. */
import {
  conv2d,
  crossEntropy,
  gradients,
  layerNorm,
  maxPool2d,
  scaledDotProductAttention,
  type Tensor,
} from '@espalier/tensor';
import { nth, setting, type Problem } from '../problem.ts';

/** Tensors, in the order of the operands, to results. */
export type Op = (inputs: readonly Tensor[], problem: Problem) => readonly Tensor[];

const one =
  (make: (x: Tensor, ...others: readonly Tensor[]) => Tensor): Op =>
  ([x, ...others]) =>
    x === undefined ? [] : [make(x, ...others)];

const convolution: Op = (inputs, problem) => [
  conv2d(nth(inputs, 0), nth(inputs, 1), {
    padding: setting(problem, 'pad'),
    groups: setting(problem, 'groups'),
  }),
];

/** Gradients of an op towards some of its inputs; the gradient of the result is the last operand. */
function backwards(op: Op, count: number, towards: readonly number[], withResult: boolean): Op {
  return (inputs, problem) => {
    const leaves = inputs.slice(0, count).map((each) => each.detach().requiresGradients());
    const [result] = op(leaves, problem);
    if (result === undefined) return [];
    const found = gradients(
      result,
      towards.map((index) => nth(leaves, index)),
      { gradOutput: nth(inputs, inputs.length - 1) },
    );
    return withResult ? [result.detach(), ...found] : [...found];
  };
}

const attention: Op = (inputs) => [
  scaledDotProductAttention(nth(inputs, 0), nth(inputs, 1), nth(inputs, 2), { causal: true }),
];

/** By the names of ops. */
export const ops: Readonly<Record<string, Op>> = {
  matmul: (inputs, problem) => {
    const [a, b] = [nth(inputs, 0), nth(inputs, 1)];
    return [(setting(problem, 'left') === 1 ? a.t() : a).matmul(setting(problem, 'right') === 1 ? b.t() : b)];
  },
  conv: convolution,
  'conv-input': backwards(convolution, 2, [0], false),
  'conv-weight': backwards(convolution, 2, [1], false),
  attention,
  'attention-gradients': backwards(attention, 3, [0, 1, 2], true),
  softmax: one((x) => x.softmax(-1)),
  'log-softmax': one((x) => x.logSoftmax(-1)),
  'layer-norm': (inputs, problem) => [
    layerNorm(nth(inputs, 0), {
      weight: nth(inputs, 1),
      bias: nth(inputs, 2),
      epsilon: setting(problem, 'epsilon'),
    }),
  ],
  'rms-norm': (inputs, problem) => {
    const x = nth(inputs, 0);
    const square = x.cast('f32').square().mean([-1], { keepDims: true });
    return [
      x
        .mul(square.add(setting(problem, 'epsilon')).rsqrt())
        .mul(nth(inputs, 1))
        .cast(x.dtype),
    ];
  },
  'cross-entropy': one((x, targets) => (targets === undefined ? x : crossEntropy(x, targets))),
  'cross-entropy-gradient': ([x, targets]) => {
    if (x === undefined || targets === undefined) return [];
    const scores = x.detach().requiresGradients();
    return gradients(crossEntropy(scores, targets), [scores]);
  },
  gelu: one((x) => x.gelu({ approximate: 'tanh' })),
  'multiply-add': (inputs) => [nth(inputs, 0).mul(nth(inputs, 1)).add(nth(inputs, 2))],
  'sum-rows': one((x) => x.sum(1)),
  'sum-columns': one((x) => x.sum(0)),
  transpose: one((x) => x.t().add(0)),
  sort: one((x) => x.sort(-1).values),
  argmax: one((x) => x.argmax(-1)),
  'max-pool': one((x) => maxPool2d(x, { kernel: 2 })),
  cumsum: one((x) => x.cumsum(-1)),
  gather: (inputs) => [nth(inputs, 0).take(nth(inputs, 1))],
  'scatter-add': (inputs, problem) => [
    nth(inputs, 1).scatterSlices(nth(inputs, 0), 0, [setting(problem, 'rows'), setting(problem, 'columns')]),
  ],
  overhead: (inputs, problem) => {
    let h = nth(inputs, 0);
    for (let kernel = 0; kernel < setting(problem, 'kernels'); kernel++) h = h.matmul(nth(inputs, 1));
    return [h];
  },
};
