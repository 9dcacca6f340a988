/** Normalisation by the root of the mean square. Source: B. Zhang and R. Sennrich, "Root mean square layer normalization", 2019, arXiv:1910.07467. */
import { full, rmsNorm, ShapeError, type Tensor } from '@espalier/tensor';
import { integer, optional, parseFields, real, type Fields } from '../config/fields.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';

/** Options of normalisation by the root of the mean square. */
export interface RmsNormLayerOptions {
  /** Features, the last axis of the input. */
  readonly size: number;
  /** Added to the mean square. Default: 1e-5. */
  readonly epsilon?: number;
}

const fields: Fields<RmsNormLayerOptions> = {
  size: integer(1),
  epsilon: optional(real({ above: 0 }), 1e-5),
};

/** x / √(mean x² + ε) · weight over the last axis. Parameter: weight [size]. */
export class RmsNorm extends Module {
  readonly type = 'rms-norm';
  readonly options: Required<RmsNormLayerOptions>;
  readonly weight: Parameter;

  constructor(options: RmsNormLayerOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { device, dtype } = buildContext(context);
    this.weight = this.addParameter('weight', full([this.options.size], 1, { device, dtype }));
  }

  forward(x: Tensor): Tensor {
    const { size, epsilon } = this.options;
    if (x.shape.at(-1) !== size) throw new ShapeError(this.type, `takes [..., ${size}], not [${x.shape.join(', ')}]`);
    return rmsNorm(x, { epsilon, weight: this.weight.value });
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Normalisation by the root of the mean square in JSON. */
export const rmsNormType: ModuleType = layerType(
  'rms-norm',
  fields,
  (options, context) => new RmsNorm(options, context),
);
