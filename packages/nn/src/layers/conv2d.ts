/** The convolution layer. */
import { conv2d, isTensor, ShapeError, type Size2d, type Tensor } from '@espalier/tensor';
import { either, integer, optional, parseFields, size, truth, word, type Fields } from '../config/fields.ts';
import { ConfigError } from '../errors.ts';
import type { InitialiserConfig } from '../init/initialiser.ts';
import { initialiserField } from '../init/table.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { InputView } from '../module/input-view.ts';
import type { Parameter } from '../module/parameter.ts';
import type { ModuleType } from '../module/registry.ts';
import { convolveStored } from './convolve-stored.ts';
import { layerType } from './layer-type.ts';
import { seenThrough, timesGroups } from './weighted-product.ts';
import { defaultInit, initialWeights } from './weights.ts';
import { checkImage, countWindows, pairOf, windowsOf } from './windows.ts';

/** Options of a convolution. */
export interface Conv2dLayerOptions {
  /** Input channels. */
  readonly in: number;
  /** Output channels. */
  readonly out: number;
  readonly kernel: Size2d;
  /** Default: 1. */
  readonly stride?: Size2d;
  /** Zeros around the image, or `same`, or `valid`. Default: 0. */
  readonly padding?: Size2d | 'same' | 'valid';
  /** Default: 1. */
  readonly dilation?: Size2d;
  /** Channels in as many independent blocks; divides in and out. Default: 1. */
  readonly groups?: number;
  /** Default: true. */
  readonly bias?: boolean;
  /** Initialiser of the weight. Default: U(±1/√fanIn). */
  readonly init?: string | InitialiserConfig;
  /** Initialiser of the bias. Default: zeros. */
  readonly biasInit?: string | InitialiserConfig;
}

const fields: Fields<Conv2dLayerOptions> = {
  in: integer(1),
  out: integer(1),
  kernel: size(1),
  stride: optional(size(1), 1),
  padding: optional(either(word('same', 'valid'), size(0)), 0),
  dilation: optional(size(1), 1),
  groups: optional(integer(1), 1),
  bias: optional(truth, true),
  init: optional(initialiserField, defaultInit),
  biasInit: optional(initialiserField, 'zeros'),
};

/** 2-D convolution of [batch, in, height, width]. Parameters: weight [out, in / groups, kernel height, kernel width], bias [out]. */
export class Conv2d extends Module {
  readonly type = 'conv2d';
  readonly options: Required<Conv2dLayerOptions>;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  /** @throws {ConfigError} for an unknown or wrong option, and for groups that do not divide both numbers of channels. */
  constructor(options: Conv2dLayerOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { in: inputs, out, groups, kernel } = this.options;
    if (inputs % groups !== 0 || out % groups !== 0)
      throw new ConfigError('conv2d.groups', `is ${groups}; it must divide both in (${inputs}) and out (${out})`);
    const shape = [out, inputs / groups, ...pairOf(kernel)];
    const initial = initialWeights(shape, this.options.bias ? [out] : undefined, this.options, buildContext(context));
    this.weight = this.addParameter('weight', initial.weight);
    this.bias = initial.bias && this.addParameter('bias', initial.bias);
  }

  forward(x: Tensor): Tensor {
    checkImage(this.type, x.shape, this.options);
    if (x.shape[1] !== this.options.in)
      throw new ShapeError(
        this.type,
        `takes ${this.options.in} channels, not ${x.shape[1]} of [${x.shape.join(', ')}]`,
      );
    const last = this.weight.inputs.at(-1);
    if (last && (last.by === 'row' || (last.multiply && this.weight.stored))) return this.#byWindows(x, last);
    return this.#convolve(seenThrough(this.weight.inputs, x, 1));
  }

  #convolve(x: Tensor): Tensor {
    const { kernel, stride, padding, dilation, groups } = this.options;
    const shared = { stride, padding, dilation, ...(this.bias && { bias: this.bias.value }) };
    const weight =
      groups === 1
        ? this.weight.factorFor({ rows: countWindows(x.shape, this.options), windows: true })
        : this.weight.value;
    return isTensor(weight)
      ? conv2d(x, weight, { ...shared, groups })
      : convolveStored(x, weight, { ...shared, kernel });
  }

  /** The product over the windows, which the last view of what the weight is multiplied with wants laid out. */
  #byWindows(x: Tensor, last: InputView): Tensor {
    const { rows, batch, height, width } = this.#windows(seenThrough(this.weight.inputs.slice(0, -1), x, 1));
    const product = timesGroups(rows, this.weight, last);
    const sum = this.bias ? product.add(this.bias.value) : product;
    return sum.reshape([batch, height, width, this.options.out]).permute([0, 3, 1, 2]);
  }

  /**
   * What the weight is multiplied with when the layer is called with x, for each of its groups: a row for each position of
   * the kernel, [groups, batch · out height · out width, in / groups · kernel height · kernel width].
   */
  weightInputs(x: Tensor): Tensor {
    const { inputs } = this.weight;
    const ofRows = inputs.filter(({ by }) => by === 'row');
    const ofChannels = inputs.filter(({ by }) => by === 'channel');
    return seenThrough(ofRows, this.#windows(seenThrough(ofChannels, x, 1)).rows, 2);
  }

  #windows(x: Tensor): {
    readonly rows: Tensor;
    readonly batch: number;
    readonly height: number;
    readonly width: number;
  } {
    const { groups } = this.options;
    const windows = windowsOf(x, this.options);
    const [batch, channels, height, width, ...kernel] = windows.shape as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const own = channels / groups;
    const rows = windows
      .reshape([batch, groups, own, height, width, ...kernel])
      .permute([1, 0, 3, 4, 2, 5, 6])
      .reshape([groups, batch * height * width, kernel.reduce((area, length) => area * length, own)]);
    return { rows, batch, height, width };
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** The convolution layer in JSON. */
export const conv2dType: ModuleType = layerType('conv2d', fields, (options, context) => new Conv2d(options, context));
