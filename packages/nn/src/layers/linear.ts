/** The fully connected layer. */
import { ShapeError, type Tensor } from '@espalier/tensor';
import { integer, optional, parseFields, truth, type Fields } from '../config/fields.ts';
import type { InitialiserConfig } from '../init/initialiser.ts';
import { initialiserField } from '../init/table.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';
import { seenThrough, timesWeight } from './weighted-product.ts';
import { defaultInit, initialWeights } from './weights.ts';

/** Options of a linear layer. */
export interface LinearOptions {
  /** Input features. */
  readonly in: number;
  /** Output features. */
  readonly out: number;
  /** Default: true. */
  readonly bias?: boolean;
  /** Initialiser of the weight. Default: U(±1/√in). */
  readonly init?: string | InitialiserConfig;
  /** Initialiser of the bias. Default: zeros. */
  readonly biasInit?: string | InitialiserConfig;
}

const fields: Fields<LinearOptions> = {
  in: integer(1),
  out: integer(1),
  bias: optional(truth, true),
  init: optional(initialiserField, defaultInit),
  biasInit: optional(initialiserField, 'zeros'),
};

/** x · weightᵀ + bias over the last axis: [..., in] to [..., out]. Parameters: weight [out, in], bias [out]. */
export class Linear extends Module {
  readonly type = 'linear';
  readonly options: Required<LinearOptions>;
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(options: LinearOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { in: inputs, out } = this.options;
    const initial = initialWeights(
      [out, inputs],
      this.options.bias ? [out] : undefined,
      this.options,
      buildContext(context),
    );
    this.weight = this.addParameter('weight', initial.weight);
    this.bias = initial.bias && this.addParameter('bias', initial.bias);
  }

  forward(x: Tensor): Tensor {
    const { in: inputs } = this.options;
    if (x.shape.at(-1) !== inputs)
      throw new ShapeError(
        this.type,
        `takes [..., ${inputs}], not [${x.shape.join(', ')}]; set in to ${x.shape.at(-1) ?? 1} or flatten before`,
      );
    const product = timesWeight(x, this.weight);
    return this.bias ? product.add(this.bias.value) : product;
  }

  /** What the weight is multiplied with when the layer is called with x: [1, rows, in]. */
  weightInputs(x: Tensor): Tensor {
    const { in: inputs } = this.options;
    return seenThrough(this.weight.inputs, x, x.rank - 1).reshape([1, x.size / inputs, inputs]);
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** The linear layer in JSON. */
export const linearType: ModuleType = layerType('linear', fields, (options, context) => new Linear(options, context));
