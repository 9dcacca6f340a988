/** Layer normalisation. Source: J. Ba, J. Kiros and G. Hinton, "Layer normalization", 2016, arXiv:1607.06450. */
import { full, layerNorm, ShapeError, type Shape, type Tensor } from '@espalier/tensor';
import { optional, parseFields, real, sizes, truth, type Fields } from '../config/fields.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';

/** Options of layer normalisation. */
export interface LayerNormLayerOptions {
  /** The last axes of the input, over which it normalises; one number for the last one. */
  readonly shape: number | readonly number[];
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Whether a scale and a shift per element are learnt. Default: true. */
  readonly affine?: boolean;
}

const fields: Fields<LayerNormLayerOptions> = {
  shape: sizes,
  epsilon: optional(real({ above: 0 }), 1e-5),
  affine: optional(truth, true),
};

/** Normalises each example over its last axes. Parameters: weight and bias of those axes. */
export class LayerNorm extends Module {
  readonly type = 'layer-norm';
  readonly options: Required<LayerNormLayerOptions>;
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly #normalised: Shape;

  constructor(options: LayerNormLayerOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { shape } = this.options;
    this.#normalised = typeof shape === 'number' ? [shape] : shape;
    if (!this.options.affine) return;
    const { device, dtype } = buildContext(context);
    this.weight = this.addParameter('weight', full(this.#normalised, 1, { device, dtype }));
    this.bias = this.addParameter('bias', full(this.#normalised, 0, { device, dtype }));
  }

  forward(x: Tensor): Tensor {
    if (x.shape.slice(-this.#normalised.length).join() !== this.#normalised.join())
      throw new ShapeError(this.type, `takes [..., ${this.#normalised.join(', ')}], not [${x.shape.join(', ')}]`);
    return layerNorm(x, {
      axes: this.#normalised.map((_, axis) => axis - this.#normalised.length),
      epsilon: this.options.epsilon,
      ...(this.weight && { weight: this.weight.value }),
      ...(this.bias && { bias: this.bias.value }),
    });
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Layer normalisation in JSON. */
export const layerNormType: ModuleType = layerType(
  'layer-norm',
  fields,
  (options, context) => new LayerNorm(options, context),
);
