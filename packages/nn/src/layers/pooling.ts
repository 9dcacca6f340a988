/** Layers that summarise windows of an image. */
import { avgPool2d, maxPool2d, ShapeError, type PoolOptions, type Size2d, type Tensor } from '@espalier/tensor';
import { optional, parseFields, real, size, truth, type Fields } from '../config/fields.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';
import { checkImage } from './windows.ts';

/** Options of pooling layers. */
export interface PoolLayerOptions {
  /** Of the window. */
  readonly size: Size2d;
  /** Default: the size, so that windows lie side by side. */
  readonly stride?: Size2d;
  /** Default: 0. Padding never wins a maximum, and counts in an average only with `countPadding`. */
  readonly padding?: Size2d;
  /** Whether a last window that begins in the image, or in the padding before it, may reach over the end. Default: false. */
  readonly ceilMode?: boolean;
}

/** Options of maximum pooling. */
export interface MaxPoolLayerOptions extends PoolLayerOptions {
  /** Distance between the elements a window touches. Default: 1. */
  readonly dilation?: Size2d;
}

/** Options of average pooling. */
export interface AvgPoolLayerOptions extends PoolLayerOptions {
  /** Whether padding counts as elements of value 0, as it does by default in PyTorch. Default: false. */
  readonly countPadding?: boolean;
  /** What every sum is divided by; 0, the default, stands for the number of elements of the window. */
  readonly divisor?: number;
}

/** `stride` 0 stands for "as the window" until the window is known. */
const fields: Fields<PoolLayerOptions> = {
  size: size(1),
  stride: optional(size(1), 0),
  padding: optional(size(0), 0),
  ceilMode: optional(truth, false),
};
const maxFields: Fields<MaxPoolLayerOptions> = { ...fields, dilation: optional(size(1), 1) };
const avgFields: Fields<AvgPoolLayerOptions> = {
  ...fields,
  countPadding: optional(truth, false),
  divisor: optional(real(), 0),
};

abstract class Pool2d extends Module {
  abstract readonly options: Required<PoolLayerOptions>;

  protected get pool(): PoolOptions {
    const { size: kernel, stride, padding, ceilMode } = this.options;
    return { kernel, stride, padding, ceilMode };
  }

  /** Between the elements that a window touches. */
  protected get dilation(): Size2d {
    return 1;
  }

  /** @throws {ShapeError} for what is no batch of images that the window fits on. */
  protected checkImage({ shape }: Tensor): void {
    const { size: kernel, padding } = this.options;
    checkImage(this.type, shape, { kernel, padding, dilation: this.dilation });
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

function completed<Options extends PoolLayerOptions>(known: Fields<Options>, options: Options): Required<Options> {
  const parsed = parseFields('pooling', known, options);
  return { ...parsed, stride: parsed.stride === 0 ? parsed.size : parsed.stride };
}

/** The largest element of each window: [batch, channels, height, width]. */
export class MaxPool2d extends Pool2d {
  readonly type = 'max-pool2d';
  readonly options: Required<MaxPoolLayerOptions>;

  constructor(options: MaxPoolLayerOptions) {
    super();
    this.options = completed(maxFields, options);
  }

  protected override get dilation(): Size2d {
    return this.options.dilation;
  }

  forward(x: Tensor): Tensor {
    this.checkImage(x);
    return maxPool2d(x, { ...this.pool, dilation: this.dilation });
  }
}

/** The mean of each window: [batch, channels, height, width]. */
export class AvgPool2d extends Pool2d {
  readonly type = 'avg-pool2d';
  readonly options: Required<AvgPoolLayerOptions>;

  constructor(options: AvgPoolLayerOptions) {
    super();
    this.options = completed(avgFields, options);
  }

  forward(x: Tensor): Tensor {
    this.checkImage(x);
    const { countPadding, divisor } = this.options;
    return avgPool2d(x, { ...this.pool, countPadding, ...(divisor !== 0 && { divisor }) });
  }
}

/** The mean of each channel: [batch, channels, height, width] to [batch, channels]. */
export class GlobalAvgPool extends Module {
  readonly type = 'global-avg-pool';

  forward(x: Tensor): Tensor {
    if (x.rank < 4)
      throw new ShapeError(this.type, `takes [batch, channels, height, width], not [${x.shape.join(', ')}]`);
    return x.mean([-2, -1]);
  }

  config(): ModuleConfig {
    return { type: this.type };
  }
}

/** A stride that was given. */
const given = (stride: Size2d): Pick<PoolLayerOptions, 'stride'> => (stride === 0 ? {} : { stride });

/** The pooling layers in JSON. */
export const poolingTypes: readonly ModuleType[] = [
  layerType('max-pool2d', maxFields, ({ stride, ...rest }) => new MaxPool2d({ ...rest, ...given(stride) })),
  layerType('avg-pool2d', avgFields, ({ stride, ...rest }) => new AvgPool2d({ ...rest, ...given(stride) })),
  layerType('global-avg-pool', {}, () => new GlobalAvgPool()),
];
