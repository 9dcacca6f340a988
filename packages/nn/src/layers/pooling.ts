/** Layers that summarise windows of an image. */
import {
  avgPool2d,
  maxPool2d,
  ShapeError,
  type PoolOptions,
  type Shape,
  type Size2d,
  type Tensor,
} from '@espalier/tensor';
import { optional, parseFields, size, type Fields } from '../config/fields.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';
import { windowsOver } from './windows.ts';

/** Options of pooling layers. */
export interface PoolLayerOptions {
  /** Of the window. */
  readonly size: Size2d;
  /** Default: the size, so that windows lie side by side. */
  readonly stride?: Size2d;
  /** Default: 0. Padding never wins a maximum and does not count in an average. */
  readonly padding?: Size2d;
}

/** `stride` 0 stands for "as the window" until the window is known. */
const fields: Fields<PoolLayerOptions> = { size: size(1), stride: optional(size(1), 0), padding: optional(size(0), 0) };

abstract class Pool2d extends Module {
  readonly options: Required<PoolLayerOptions>;

  constructor(options: PoolLayerOptions) {
    super();
    const parsed = parseFields('pooling', fields, options);
    this.options = { ...parsed, stride: parsed.stride === 0 ? parsed.size : parsed.stride };
  }

  protected get pool(): PoolOptions {
    const { size: kernel, stride, padding } = this.options;
    return { kernel, stride, padding };
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }

  outputShape(input: Shape): Shape {
    const { size: kernel, stride, padding } = this.options;
    const [height, width] = windowsOver(this.type, input, { kernel, stride, padding, dilation: 1 });
    return [input[0] as number, height, width];
  }
}

/** The largest element of each window: [batch, channels, height, width]. */
export class MaxPool2d extends Pool2d {
  readonly type = 'max-pool2d';

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.pool);
  }
}

/** The mean of each window: [batch, channels, height, width]. */
export class AvgPool2d extends Pool2d {
  readonly type = 'avg-pool2d';

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.pool);
  }
}

/** The mean of each channel: [batch, channels, height, width] to [batch, channels]. */
export class GlobalAvgPool extends Module {
  readonly type = 'global-avg-pool';

  forward(x: Tensor): Tensor {
    return x.mean([-2, -1]);
  }

  config(): ModuleConfig {
    return { type: this.type };
  }

  outputShape(input: Shape): Shape {
    if (input.length < 3) throw new ShapeError(this.type, `takes [channels, height, width], not [${input.join(', ')}]`);
    return input.slice(0, -2);
  }
}

/** The pooling layers in JSON. */
export const poolingTypes: readonly ModuleType[] = [
  layerType('max-pool2d', fields, ({ stride, ...rest }) => new MaxPool2d(stride === 0 ? rest : { ...rest, stride })),
  layerType('avg-pool2d', fields, ({ stride, ...rest }) => new AvgPool2d(stride === 0 ? rest : { ...rest, stride })),
  layerType('global-avg-pool', {}, () => new GlobalAvgPool()),
];
