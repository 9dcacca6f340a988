/** The ops of rows in TensorFlow.js, composed as its users do where it has none. */
import {
  preparedOps,
  nth,
  operand,
  setting,
  type Engine,
  type Operand,
  type Prepared,
  type Problem,
} from '../problem.ts';
import { tensorOf, tf, type Tfjs } from './library.ts';
import { training } from './models.ts';
import { attention, causalMask, gelu, loss, standardized } from './parts.ts';

/** Inputs as the op wants them, the op, and its result as ours is laid out. */
interface Op {
  readonly make: (inputs: readonly [Tfjs, Tfjs, Tfjs, Tfjs], problem: Problem) => Tfjs | readonly Tfjs[];
  readonly inputs?: (problem: Problem) => readonly Tfjs[];
  readonly result?: (made: Tfjs) => Tfjs;
}

const inputsOf = ({ operands }: Problem): readonly Tfjs[] => operands.map(tensorOf);
const plain = (make: Op['make']): Op => ({ make });

/** Channels last, as there is nothing else; filters [height, width, in, out], of depthwise ones [height, width, in, 1]. */
const ofImages: Pick<Op, 'inputs' | 'result'> = {
  inputs: (problem) => {
    const image = (each: Operand): Tfjs => tf.transpose(tensorOf(each), [0, 2, 3, 1]);
    const filter = tf.transpose(tensorOf(operand(problem, 1)), [2, 3, 1, 0]);
    const depthwise = setting(problem, 'groups') > 1;
    const weights = depthwise ? tf.transpose(filter, [0, 1, 3, 2]) : filter;
    return [image(operand(problem, 0)), weights, image(operand(problem, 2))];
  },
  result: (made) => tf.transpose(made, [0, 3, 1, 2]),
};

const withMask = (problem: Problem): readonly Tfjs[] => [
  ...inputsOf(problem).slice(0, 3),
  causalMask(setting(problem, 'length')),
];

const ops: Readonly<Record<string, Op>> = {
  matmul: plain(([a, b], problem) => tf.matMul(a, b, setting(problem, 'left') === 1, setting(problem, 'right') === 1)),
  conv: {
    ...ofImages,
    make: ([x, w], problem) => (setting(problem, 'groups') > 1 ? tf.depthwiseConv2d : tf.conv2d)(x, w, 1, 'same'),
  },
  'conv-input': {
    ...ofImages,
    make: ([x, w, g], problem) =>
      setting(problem, 'groups') > 1
        ? nth(tf.grads((...all) => tf.depthwiseConv2d(nth(all, 0), w, 1, 'same'))([x], g), 0)
        : tf.conv2dTranspose(g, w, x.shape, 1, 'same'),
  },
  attention: { inputs: withMask, make: ([q, k, v, mask]) => attention(q, k, v, mask) },
  softmax: plain(([x]) => tf.softmax(x)),
  'log-softmax': plain(([x]) => tf.logSoftmax(x)),
  'layer-norm': plain(([x, weight, bias], problem) =>
    tf.add(tf.mul(standardized(x, setting(problem, 'epsilon')), weight), bias),
  ),
  'rms-norm': plain(([x, weight], problem) => {
    const square = tf.mean(tf.square(x), -1, true);
    return tf.mul(tf.mul(x, tf.rsqrt(tf.add(square, setting(problem, 'epsilon')))), weight);
  }),
  'cross-entropy': plain(([x, targets]) => loss(x, targets)),
  'cross-entropy-gradient': plain(([x, targets]) => nth(tf.grads((...all) => loss(nth(all, 0), targets))([x]), 0)),
  gelu: plain(([x]) => gelu(x)),
  'multiply-add': plain(([x, y, z]) => tf.add(tf.mul(x, y), z)),
  'sum-rows': plain(([x]) => tf.sum(x, 1)),
  'sum-columns': plain(([x]) => tf.sum(x, 0)),
  transpose: plain(([x]) => tf.transpose(x)),
  sort: {
    // Largest first, as it does not sort otherwise.
    make: ([x]) => tf.neg(tf.topk(tf.neg(x), x.shape[1] ?? 1).values),
  },
  argmax: plain(([x]) => tf.argMax(x, -1)),
  'max-pool': {
    inputs: (problem) => [tf.transpose(tensorOf(operand(problem, 0)), [0, 2, 3, 1])],
    make: ([x]) => tf.maxPool(x, 2, 2, 'valid'),
    result: (made) => tf.transpose(made, [0, 3, 1, 2]),
  },
  cumsum: plain(([x]) => tf.cumsum(x, 1)),
  gather: plain(([table, index]) => tf.gather(table, index)),
  'scatter-add': plain(([index, source], problem) => tf.unsortedSegmentSum(source, index, setting(problem, 'rows'))),
};

function repeated({ make, inputs = inputsOf, result = (made) => made }: Op, problem: Problem): Prepared {
  const given = inputs(problem) as readonly [Tfjs, Tfjs, Tfjs, Tfjs];
  let made: Tfjs | undefined;
  return {
    step: () => {
      made?.dispose();
      made = tf.tidy(() => make(given, problem)) as Tfjs;
    },
    results: async () => (made === undefined ? [] : result(made).data()),
  };
}

/** Its own optimizer. */
function adam(problem: Problem): Prepared {
  const [initial, gradient] = inputsOf(problem) as [Tfjs, Tfjs];
  const parameter = tf.variable(initial) as Tfjs & { readonly name: string };
  const optimizer = tf.train.adam(setting(problem, 'rate'));
  return {
    step: () => tf.tidy(() => optimizer.applyGradients({ [parameter.name]: gradient })),
    results: () => parameter.data(),
  };
}

const prepared: Engine['ops'] = preparedOps(ops, (op, problem) => repeated(op, problem), {
  adam,
  mlp: training,
  lenet: training,
  gpt: training,
});
export { prepared as ops };
