/** Classes of PyTorch's modules as layers of `@espalier/nn`: what each attribute has to be, and what it is called here. */
import { ConfigError, type ModuleConfig } from '@espalier/nn';
import { show } from '@espalier/tensor/arguments';
import { attributeOf } from './module-tree.ts';
import { entriesOf, itemsOf, numberOf, type PickleObject, type PickleValue } from './pickle/values.ts';

/** The attributes of a module, read with what they have to be. */
class Attributes {
  readonly #module: PickleObject;
  /** Its name in the model, for errors. */
  readonly #where: string;

  constructor(module: PickleObject, where: string) {
    this.#module = module;
    this.#where = where;
  }

  /** @throws {ConfigError} at the module. */
  refuse(problem: string): never {
    throw new ConfigError(this.#where, `torch.nn.${this.#module.of.own} ${problem}`);
  }

  #value(name: string): PickleValue | undefined {
    return attributeOf(this.#module, name);
  }

  #wrong(name: string, is: string): never {
    const value = this.#value(name);
    const items = itemsOf(value)?.map((each) => numberOf(each) ?? null);
    return this.refuse(`has ${name} = ${show(items ?? numberOf(value) ?? (typeof value === 'object' ? null : value))}, and there is no such layer: it must be ${is}`); // prettier-ignore
  }

  number(name: string): number {
    return numberOf(this.#value(name)) ?? this.#wrong(name, 'a number');
  }

  /** A number, or one for each axis of an image. */
  size(name: string): number | readonly [number, number] {
    const value = this.#value(name);
    const one = numberOf(value);
    if (one !== undefined) return one;
    const [height, width, ...others] = itemsOf(value)?.map(numberOf) ?? [];
    if (height === undefined || width === undefined || others.length > 0)
      return this.#wrong(name, 'one or two numbers');
    return height === width ? height : [height, width];
  }

  sizes(name: string): number[] {
    const sizes = itemsOf(this.#value(name))?.map(numberOf);
    return sizes?.every((each) => each !== undefined) ? sizes : this.#wrong(name, 'a list of numbers');
  }

  truth(name: string): boolean {
    const value = this.#value(name);
    return typeof value === 'boolean' ? value : this.#wrong(name, 'true or false');
  }

  word(name: string, ...words: readonly string[]): string {
    const value = this.#value(name);
    return typeof value === 'string' && words.includes(value) ? value : this.#wrong(name, `one of ${words.join(', ')}`);
  }

  isWord(name: string): boolean {
    return typeof this.#value(name) === 'string';
  }

  isNone(name: string): boolean {
    return this.#value(name) === null;
  }

  /** Refuses all but one value, which may also be absent: older files lack what came later. */
  only(name: string, ...values: readonly (number | string | boolean | null)[]): void {
    const value = this.#value(name);
    const plain = numberOf(value) ?? value;
    if (plain !== undefined && !values.some((each) => each === plain)) this.#wrong(name, values.map((each) => show(each)).join(' or ')); // prettier-ignore
  }

  /** Whether it has a tensor of a name of its own. */
  has(tensor: string): boolean {
    return (entriesOf(attributeOf(this.#module, '_parameters'))?.get(tensor) ?? null) !== null;
  }
}

type Describe = (of: Attributes) => Omit<ModuleConfig, 'type'> & { readonly type: string };

const plain =
  (type: string): Describe =>
  () => ({ type });

function batchNorm(of: Attributes): ModuleConfig {
  if (of.isNone('momentum')) of.refuse('has momentum = None, and there is no such layer: it must be a number');
  if (!of.truth('track_running_stats')) of.refuse('does not keep running moments, and there is no such layer');
  return {
    type: 'batch-norm',
    features: of.number('num_features'),
    epsilon: of.number('eps'),
    momentum: of.number('momentum'),
    affine: of.truth('affine'),
  };
}

function conv2d(of: Attributes): ModuleConfig {
  of.only('padding_mode', 'zeros');
  return {
    type: 'conv2d',
    in: of.number('in_channels'),
    out: of.number('out_channels'),
    kernel: of.size('kernel_size'),
    stride: of.size('stride'),
    padding: of.isWord('padding') ? of.word('padding', 'same', 'valid') : of.size('padding'),
    dilation: of.size('dilation'),
    groups: of.number('groups'),
    bias: of.has('bias'),
  };
}

function layerNorm(of: Attributes): ModuleConfig {
  const affine = of.truth('elementwise_affine');
  if (affine && !of.has('bias')) of.refuse('has a scale and no shift, and there is no such layer');
  return { type: 'layer-norm', shape: of.sizes('normalized_shape'), epsilon: of.number('eps'), affine };
}

const pooling = (of: Attributes): Omit<ModuleConfig, 'type'> => ({
  size: of.size('kernel_size'),
  stride: of.size(of.isNone('stride') ? 'kernel_size' : 'stride'),
  padding: of.size('padding'),
  ceilMode: of.truth('ceil_mode'),
});

function maxPool(of: Attributes): ModuleConfig {
  of.only('return_indices', false);
  return { type: 'max-pool2d', ...pooling(of), dilation: of.size('dilation') };
}

function avgPool(of: Attributes): ModuleConfig {
  const divisor = of.isNone('divisor_override') ? {} : { divisor: of.number('divisor_override') };
  return { type: 'avg-pool2d', ...pooling(of), countPadding: of.truth('count_include_pad'), ...divisor };
}

function embedding(of: Attributes): ModuleConfig {
  of.only('max_norm', null);
  return { type: 'embedding', count: of.number('num_embeddings'), size: of.number('embedding_dim') };
}

function flatten(of: Attributes): ModuleConfig {
  of.only('start_dim', 1);
  of.only('end_dim', -1);
  return { type: 'flatten' };
}

/** Left, right, top, bottom. */
function padding(of: Attributes): Pick<ModuleConfig, string> {
  const [left, right, top, bottom] = of.sizes('padding');
  return {
    padding: [
      [top, bottom],
      [left, right],
    ],
  };
}

const pad =
  (mode: 'constant' | 'reflect' | 'replicate'): Describe =>
  (of) => ({ type: 'pad2d', ...padding(of), mode });

/** The classes that there is a layer for. `Sequential` and `AdaptiveAvgPool2d` need what is around them. */
const layers: Readonly<Record<string, Describe>> = {
  Linear: (of) => ({
    type: 'linear',
    in: of.number('in_features'),
    out: of.number('out_features'),
    bias: of.has('bias'),
  }),
  Conv2d: conv2d,
  BatchNorm1d: batchNorm,
  BatchNorm2d: batchNorm,
  LayerNorm: layerNorm,
  Embedding: embedding,
  MaxPool2d: maxPool,
  AvgPool2d: avgPool,
  Flatten: flatten,
  Dropout: (of) => ({ type: 'dropout', p: of.number('p') }),
  Identity: plain('identity'),
  ReLU: plain('relu'),
  LeakyReLU: (of) => ({ type: 'leaky-relu', slope: of.number('negative_slope') }),
  ELU: (of) => ({ type: 'elu', alpha: of.number('alpha') }),
  SELU: plain('selu'),
  GELU: (of) => ({ type: 'gelu', approximate: of.word('approximate', 'none', 'tanh') }),
  SiLU: plain('silu'),
  Mish: plain('mish'),
  Softplus: (of) => ({ type: 'softplus', beta: of.number('beta'), threshold: of.number('threshold') }),
  Tanh: plain('tanh'),
  Sigmoid: plain('sigmoid'),
  Hardsigmoid: plain('hard-sigmoid'),
  Hardswish: plain('hard-swish'),
  Softmax: (of) => ({ type: 'softmax', axis: of.number('dim') }),
  LogSoftmax: (of) => ({ type: 'log-softmax', axis: of.number('dim') }),
  ZeroPad2d: pad('constant'),
  ConstantPad2d: (of) => ({ ...pad('constant')(of), value: of.number('value') }),
  ReflectionPad2d: pad('reflect'),
  ReplicationPad2d: pad('replicate'),
};

/** Layers that leave every element where it is, so that images of one element may be lists behind them. */
const elementwise: ReadonlySet<string> = new Set(
  'Dropout ELU GELU Hardsigmoid Hardswish Identity LeakyReLU Mish ReLU SELU SiLU Sigmoid Softplus Tanh'.split(' '),
);

/**
 * The layer that a module is. `next` are the modules that follow it.
 * @throws {ConfigError} naming the module and what of it there is no layer for.
 */
export function describeLayer(module: PickleObject, where: string, next: readonly PickleObject[]): ModuleConfig {
  const { own } = module.of;
  const of = new Attributes(module, where);
  if (own === 'AdaptiveAvgPool2d') {
    if (of.size('output_size') !== 1) of.refuse('gives more than one element a channel, and there is no such layer');
    const follows = next.find((each) => !elementwise.has(each.of.own));
    if (follows?.of.own !== 'Flatten') of.refuse('gives images of one element, which a Flatten has to follow here');
    return { type: 'global-avg-pool' };
  }
  const describe = Object.hasOwn(layers, own) ? layers[own] : undefined;
  return describe ? describe(of) : of.refuse('is no layer here');
}
