/** What the layers of `@espalier/nn` are in ONNX, version 17: a rule for each type. */
import type {
  AvgPool2d,
  BatchNorm,
  Conv2d,
  Embedding,
  LayerNorm,
  Linear,
  MaxPool2d,
  Pad2d,
  Residual,
  Sequential,
  Activation,
  Module,
  Parameter,
} from '@espalier/nn';
import { ones, type Size2d, type Tensor } from '@espalier/tensor';
import { OnnxError } from '../errors.ts';
import type { Attribute } from '../run/graph.ts';
import { blockProduct, codesOf, decoded, isInBlocks } from './coded-weight.ts';
import type { GraphWriter } from './graph-writer.ts';
import { metBy } from './met-by.ts';

/** A module in its place. */
export interface Exported<Kind extends Module = Module> {
  readonly module: Kind;
  /** Its dotted name. */
  readonly name: string;
  /** The name of what goes in. */
  readonly x: string;
  readonly to: GraphWriter;
  /** Of how many axes what goes into the module of a place is, with that of the batch. */
  readonly rankOf: (name: string) => number;
}

type Rule = (given: Exported) => string;

const pair = (size: Size2d): [number, number] => (typeof size === 'number' ? [size, size] : [size[0], size[1]]);
const dotted = (name: string, child: string): string => (name === '' ? child : `${name}.${child}`);
const weight = ({ to, name }: Exported, key: string, parameter: Parameter | Tensor): string => {
  const own = dotted(name, key);
  if (!('value' in parameter)) return to.weight(own, parameter);
  const codes = codesOf(parameter);
  return codes ? decoded(to, own, codes, parameter) : to.weight(own, parameter.value);
};

/** [height, width] at both ends, as ONNX lists them: all begins, then all ends. */
function padsOf(padding: Size2d | 'same' | 'valid', kernel: Size2d, dilation: Size2d): number[] {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding !== 'same') return [...pair(padding), ...pair(padding)];
  const reach = pair(kernel).map((size, axis) => (size - 1) * pair(dilation)[axis as 0 | 1]);
  return [...reach.map((size) => Math.floor(size / 2)), ...reach.map((size) => Math.ceil(size / 2))];
}

function convolution(given: Exported): string {
  const { options, weight: w, bias } = given.module as Conv2d;
  const { kernel, stride, padding, dilation, groups } = options;
  const x = metBy(w, given.x, { to: given.to, name: given.name, rank: 4, axis: 1 });
  const inputs = [x, weight(given, 'weight', w), ...(bias ? [weight(given, 'bias', bias)] : [])];
  return given.to.node('Conv', given.name, inputs, {
    kernel_shape: pair(kernel),
    strides: pair(stride),
    pads: padsOf(padding, kernel, dilation),
    dilations: pair(dilation),
    group: groups,
  });
}

function linear(given: Exported): string {
  const { to, name } = given;
  const { weight: w, bias } = given.module as Linear;
  const rank = given.rankOf(name);
  const x = metBy(w, given.x, { to, name, rank, axis: rank - 1 });
  const codes = codesOf(w);
  const own = dotted(name, 'weight');
  if (rank === 2 && !(codes && isInBlocks(codes))) {
    const inputs = [x, weight(given, 'weight', w), ...(bias ? [weight(given, 'bias', bias)] : [])];
    return to.node('Gemm', name, inputs, { transB: 1 });
  }
  const product =
    codes && isInBlocks(codes)
      ? blockProduct(to, own, x, codes)
      : to.node('MatMul', name, [
          x,
          codes ? decoded(to, own, codes, { shape: w.shape, turned: true }) : to.weight(own, w.value.t()),
        ]);
  return bias ? to.node('Add', name, [product, weight(given, 'bias', bias)]) : product;
}

function batchNorm(given: Exported): string {
  const { options, weight: scale, bias, runningMean, runningVariance } = given.module as BatchNorm;
  const one = (): Tensor => ones([options.features], { device: runningMean.device });
  return given.to.node(
    'BatchNormalization',
    given.name,
    [
      given.x,
      weight(given, 'weight', scale ?? one()),
      weight(given, 'bias', bias ?? one().mul(0)),
      weight(given, 'running_mean', runningMean),
      weight(given, 'running_var', runningVariance),
    ],
    { epsilon: options.epsilon, momentum: Number((1 - options.momentum).toPrecision(6)) },
  );
}

function layerNorm(given: Exported): string {
  const { options, weight: scale, bias } = given.module as LayerNorm;
  const shape = [options.shape].flat();
  const inputs = [
    given.x,
    weight(given, 'weight', scale ?? ones(shape)),
    ...(bias ? [weight(given, 'bias', bias)] : []),
  ];
  return given.to.node('LayerNormalization', given.name, inputs, { axis: -shape.length, epsilon: options.epsilon });
}

function maxPool(given: Exported): string {
  const { size: kernel, stride, padding, ceilMode, dilation } = (given.module as MaxPool2d).options;
  return given.to.node('MaxPool', given.name, [given.x], {
    kernel_shape: pair(kernel),
    strides: stride === 0 ? pair(kernel) : pair(stride),
    pads: padsOf(padding, kernel, 1),
    dilations: pair(dilation),
    ceil_mode: Number(ceilMode),
  });
}

function averagePool(given: Exported): string {
  const { size: kernel, stride, padding, ceilMode, countPadding, divisor } = (given.module as AvgPool2d).options;
  if (divisor !== 0) throw cannot(given, 'a divisor of its own, which AveragePool has not; leave it out');
  return given.to.node('AveragePool', given.name, [given.x], {
    kernel_shape: pair(kernel),
    strides: stride === 0 ? pair(kernel) : pair(stride),
    pads: padsOf(padding, kernel, 1),
    ceil_mode: Number(ceilMode),
    count_include_pad: Number(countPadding),
  });
}

function pad(given: Exported): string {
  const { padding, mode, value } = (given.module as Pad2d).options;
  const [vertical, horizontal] = typeof padding === 'number' ? [padding, padding] : padding;
  const both = (width: number | readonly [number, number]): [number, number] =>
    typeof width === 'number' ? [width, width] : [width[0], width[1]];
  const [[top, bottom], [left, right]] = [both(vertical), both(horizontal)];
  const names = { constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: '' } as const;
  if (names[mode] === '') throw cannot(given, 'circular padding, which Pad of version 17 has not');
  const { to, name, x } = given;
  const pads = to.wholes(dotted(name, 'pads'), [0, 0, top, left, 0, 0, bottom, right]);
  return to.node('Pad', name, [x, pads, to.number(dotted(name, 'value'), value)], { mode: names[mode] });
}

const cannot = ({ name, module }: Exported, what: string): OnnxError =>
  new OnnxError('exportOnnx', `the module '${name}' (${module.type}) has ${what}`);

/** One operator with attributes of the settings. */
const one =
  (
    type: string,
    attributes: (settings: Readonly<Record<string, number>>) => Readonly<Record<string, Attribute>> = () => ({}),
  ): Rule =>
  ({ module, name, x, to }) =>
    to.node(type, name, [x], attributes((module as Activation).settings as Readonly<Record<string, number>>));

/** x times something of x. */
const times =
  (of: (given: Exported) => string): Rule =>
  (given) =>
    given.to.node('Mul', given.name, [given.x, of(given)]);

function gelu({ module, name, x, to }: Exported): string {
  const { approximate } = (module as Activation).settings as { readonly approximate: string };
  const number = (value: number): string => to.number(`${name}.constant`, value);
  const half = to.node('Mul', name, [x, number(0.5)]);
  const inner =
    approximate === 'none'
      ? to.node('Erf', name, [to.node('Mul', name, [x, number(Math.SQRT1_2)])])
      : to.node('Tanh', name, [cubic({ name, x, to })]);
  return to.node('Mul', name, [half, to.node('Add', name, [inner, number(1)])]);
}

/** √(2/π)·(x + 0.044715·x³). */
function cubic({ name, x, to }: Pick<Exported, 'name' | 'x' | 'to'>): string {
  const number = (value: number): string => to.number(`${name}.constant`, value);
  const square = to.node('Mul', name, [x, x]);
  const factor = to.node('Add', name, [to.node('Mul', name, [square, number(0.044715)]), number(1)]);
  return to.node('Mul', name, [to.node('Mul', name, [x, factor]), number(Math.sqrt(2 / Math.PI))]);
}

function softplus(given: Exported): string {
  const { beta, threshold } = (given.module as Activation).settings as {
    readonly beta: number;
    readonly threshold: number;
  };
  if (beta !== 1 || threshold !== 0)
    throw cannot(given, 'a beta or a threshold, which Softplus has not; leave them out');
  return given.to.node('Softplus', given.name, [given.x]);
}

function residual(given: Exported): string {
  const { body, shortcut } = given.module as Residual;
  const below = (module: Module, key: string): string =>
    exportModule({ ...given, module, name: dotted(given.name, key) });
  return given.to.node('Add', given.name, [below(body, 'body'), shortcut ? below(shortcut, 'shortcut') : given.x]);
}

const same: Rule = ({ x }) => x;

/** Modules by their types. */
const rules: Readonly<Record<string, Rule>> = {
  sequential: (given) =>
    (given.module as Sequential).layers.reduce(
      (x, module, index) => exportModule({ ...given, module, x, name: dotted(given.name, String(index)) }),
      given.x,
    ),
  residual,
  conv2d: convolution,
  linear,
  'batch-norm': batchNorm,
  'layer-norm': layerNorm,
  embedding: (given) =>
    given.to.node('Gather', given.name, [weight(given, 'weight', (given.module as Embedding).weight), given.x]),
  'max-pool2d': maxPool,
  'avg-pool2d': averagePool,
  'global-avg-pool': ({ to, name, x }) => to.node('Flatten', name, [to.node('GlobalAveragePool', name, [x])]),
  pad2d: pad,
  flatten: ({ to, name, x }) => to.node('Flatten', name, [x]),
  dropout: same,
  identity: same,
  relu: one('Relu'),
  'leaky-relu': one('LeakyRelu', ({ slope = 0.01 }) => ({ alpha: slope })),
  elu: one('Elu', ({ alpha = 1 }) => ({ alpha })),
  selu: one('Selu'),
  tanh: one('Tanh'),
  sigmoid: one('Sigmoid'),
  'hard-sigmoid': one('HardSigmoid', () => ({ alpha: 1 / 6, beta: 0.5 })),
  'hard-swish': one('HardSwish'),
  softmax: one('Softmax', ({ axis = -1 }) => ({ axis })),
  'log-softmax': one('LogSoftmax', ({ axis = -1 }) => ({ axis })),
  softplus,
  gelu,
  silu: times(({ to, name, x }) => to.node('Sigmoid', name, [x])),
  mish: times(({ to, name, x }) => to.node('Tanh', name, [to.node('Softplus', name, [x])])),
};

/**
 * Writes what a module computes; gives the name of what comes out.
 * @throws {OnnxError} naming a module that has no form in ONNX here.
 */
export function exportModule(given: Exported): string {
  const { module, name } = given;
  const rule = Object.hasOwn(rules, module.type) ? rules[module.type] : undefined;
  if (rule) return rule(given);
  throw new OnnxError(
    'exportOnnx',
    `the module '${name}' is a ${module.type}, which is not written as ONNX here; there are ${Object.keys(rules).toSorted().join(', ')}`,
  );
}
