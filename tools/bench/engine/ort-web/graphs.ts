/** The ops of rows as nodes of ONNX: from `x0`, `x1`, … to `y`. */
import { setting, type Problem } from '../problem.ts';
import { constant, node, type Graph } from './model.ts';

/** What is special about an op; the rest follows from the operands. */
export interface OpGraph extends Pick<Graph, 'nodes'> {
  readonly constants?: readonly Uint8Array[];
  /** Operands that a model would hold, and that are not sent at each run. */
  readonly held?: readonly number[];
  /** Operands that it does not have. */
  readonly unused?: readonly number[];
  /** Type of the result, if not f32. */
  readonly result?: 'i64';
}

const vendor = 'com.microsoft';

const convolution = (problem: Problem) => {
  const [kernel, pad, group] = [setting(problem, 'kernel'), setting(problem, 'pad'), setting(problem, 'groups')];
  return { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad], group };
};

const int64 = (name: string, ...values: readonly number[]): Uint8Array =>
  constant(name, 'i64', [values.length], BigInt64Array.from(values, BigInt));
const float = (name: string, value: number): Uint8Array => constant(name, 'f32', [], Float32Array.of(value));

const one = (op: string, attributes: Parameters<typeof node>[3] = {}, domain = ''): OpGraph => ({
  nodes: [node(op, ['x0'], ['y'], attributes, domain)],
});

/** By the names of ops. */
export const graphs: Readonly<Record<string, (problem: Problem) => OpGraph>> = {
  matmul: (problem) => {
    const [transA, transB] = [setting(problem, 'left'), setting(problem, 'right')];
    const [a, b] = problem.operands;
    // The matrix of a product with a vector is a weight.
    const held = (a?.values.length ?? 0) > (b?.values.length ?? 0) ? 0 : 1;
    const plain = transA + transB === 0;
    return {
      nodes: [plain ? node('MatMul', ['x0', 'x1'], ['y']) : node('Gemm', ['x0', 'x1'], ['y'], { transA, transB })],
      held: [held],
    };
  },
  conv: (problem) => ({
    nodes: [node('Conv', ['x0', 'x1'], ['y'], convolution(problem))],
    held: [1],
    unused: [2],
  }),
  'conv-input': (problem) => ({
    nodes: [node('ConvTranspose', ['x2', 'x1'], ['y'], convolution(problem))],
    held: [1],
    unused: [0],
  }),
  attention: () => ({
    nodes: [node('MultiHeadAttention', ['x0', 'x1', 'x2'], ['y'], { num_heads: 1, unidirectional: 1 }, vendor)],
    unused: [3],
  }),
  softmax: () => one('Softmax', { axis: -1 }),
  'log-softmax': () => one('LogSoftmax', { axis: -1 }),
  'layer-norm': (problem) => ({
    nodes: [node('LayerNormalization', ['x0', 'x1', 'x2'], ['y'], { axis: -1, epsilon: setting(problem, 'epsilon') })],
    held: [1, 2],
  }),
  'rms-norm': (problem) => ({
    nodes: [
      node('Pow', ['x0', 'two'], ['square']),
      node('ReduceMean', ['square', 'axes'], ['mean'], { keepdims: 1 }),
      node('Add', ['mean', 'epsilon'], ['sum']),
      node('Sqrt', ['sum'], ['root']),
      node('Div', ['x0', 'root'], ['normal']),
      node('Mul', ['normal', 'x1'], ['y']),
    ],
    constants: [float('two', 2), int64('axes', -1), float('epsilon', setting(problem, 'epsilon'))],
    held: [1],
  }),
  'cross-entropy': () => ({ nodes: [node('SoftmaxCrossEntropyLoss', ['x0', 'x1'], ['y'], { reduction: 'mean' })] }),
  gelu: () => one('Gelu', { approximate: 'tanh' }),
  'multiply-add': () => ({ nodes: [node('Mul', ['x0', 'x1'], ['product']), node('Add', ['product', 'x2'], ['y'])] }),
  'sum-rows': () => ({
    nodes: [node('ReduceSum', ['x0', 'axes'], ['y'], { keepdims: 0 })],
    constants: [int64('axes', 1)],
  }),
  'sum-columns': () => ({
    nodes: [node('ReduceSum', ['x0', 'axes'], ['y'], { keepdims: 0 })],
    constants: [int64('axes', 0)],
  }),
  transpose: () => one('Transpose', { perm: [1, 0] }),
  sort: ({ operands }) => ({
    nodes: [node('TopK', ['x0', 'count'], ['y', 'places'], { largest: 0, sorted: 1 })],
    constants: [int64('count', operands[0]?.shape[1] ?? 1)],
  }),
  argmax: () => ({ ...one('ArgMax', { axis: -1, keepdims: 0 }), result: 'i64' }),
  'max-pool': () => one('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] }),
  cumsum: () => ({
    nodes: [node('CumSum', ['x0', 'axis'], ['y'])],
    constants: [constant('axis', 'i64', [], BigInt64Array.of(1n))],
  }),
  gather: () => ({ nodes: [node('Gather', ['x0', 'x1'], ['y'])], held: [0] }),
  'scatter-add': (problem) => {
    const shape = [setting(problem, 'rows'), setting(problem, 'columns')] as const;
    return {
      nodes: [
        node('Unsqueeze', ['x0', 'last'], ['places']),
        node('ScatterND', ['zeros', 'places', 'x1'], ['y'], { reduction: 'add' }),
      ],
      constants: [constant('zeros', 'f32', shape, new Float32Array(shape[0] * shape[1])), int64('last', 1)],
    };
  },
};
