/** Batch normalisation. Source: S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015. */
import { batchNorm, full, noGrad, ShapeError, wideFloat, type Tensor } from '@espalier/tensor';
import { integer, optional, parseFields, real, truth, type Fields } from '../config/fields.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';

/** Options of batch normalisation. */
export interface BatchNormLayerOptions {
  /** Size of axis 1: channels of an image, or features. */
  readonly features: number;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Share of the running moments that each batch replaces. Default: 0.1. */
  readonly momentum?: number;
  /** Whether a scale and a shift per feature are learnt. Default: true. */
  readonly affine?: boolean;
}

const fields: Fields<BatchNormLayerOptions> = {
  features: integer(1),
  epsilon: optional(real({ above: 0 }), 1e-5),
  momentum: optional(real({ least: 0, most: 1 }), 0.1),
  affine: optional(truth, true),
};

/**
 * Normalises each feature (axis 1) over the batch and all other axes: [batch, features, ...]. In training by the moments
 * of the batch, which also move the running moments; in evaluation by the running moments.
 * Parameters: weight, bias [features]. Buffers: running_mean, running_var [features], in f32 (f64 for f64).
 */
export class BatchNorm extends Module {
  readonly type = 'batch-norm';
  readonly options: Required<BatchNormLayerOptions>;
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;

  constructor(options: BatchNormLayerOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { device, dtype } = buildContext(context);
    const perFeature = (value: number): Tensor => full([this.options.features], value, { device, dtype });
    if (this.options.affine) {
      this.weight = this.addParameter('weight', perFeature(1));
      this.bias = this.addParameter('bias', perFeature(0));
    }
    // In the digits of a half, running moments would stop following.
    const running = (value: number): Tensor =>
      full([this.options.features], value, { device, dtype: wideFloat(dtype) });
    this.runningMean = this.addBuffer('running_mean', running(0));
    this.runningVariance = this.addBuffer('running_var', running(1));
  }

  forward(x: Tensor): Tensor {
    if (x.shape[1] !== this.options.features)
      throw new ShapeError(this.type, `takes [batch, ${this.options.features}, ...], not [${x.shape.join(', ')}]`);
    const affine = {
      ...(this.weight && { weight: this.weight.value }),
      ...(this.bias && { bias: this.bias.value }),
      epsilon: this.options.epsilon,
    };
    if (!this.training)
      return batchNorm(x, { ...affine, mean: this.runningMean, variance: this.runningVariance }).output;
    const { output, mean, variance } = batchNorm(x, affine);
    const count = x.size / this.options.features;
    noGrad(() => {
      // The running variance estimates that of the population: one degree of freedom went into the mean.
      this.#follow(this.runningMean, mean.detach());
      this.#follow(this.runningVariance, variance.detach().mul(count > 1 ? count / (count - 1) : 1));
    });
    return output;
  }

  #follow(running: Tensor, batch: Tensor): void {
    running.assign(running.lerp(batch.cast(running.dtype), this.options.momentum));
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Batch normalisation in JSON. */
export const batchNormType: ModuleType = layerType(
  'batch-norm',
  fields,
  (options, context) => new BatchNorm(options, context),
);
