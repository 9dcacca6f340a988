/** The embedding layer. */
import type { Tensor } from '@espalier/tensor';
import { integer, optional, parseFields, type Fields } from '../config/fields.ts';
import type { InitialiserConfig } from '../init/initialiser.ts';
import { initialise, initialiserField } from '../init/table.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';

/** Options of an embedding. */
export interface EmbeddingOptions {
  /** Number of indices. */
  readonly count: number;
  /** Size of each vector. */
  readonly size: number;
  /** Default: standard normal. */
  readonly init?: string | InitialiserConfig;
}

const fields: Fields<EmbeddingOptions> = {
  count: integer(1),
  size: integer(1),
  init: optional(initialiserField, { type: 'normal', mean: 0, std: 1 }),
};

/** A vector for each index: integers [...] to [..., size]. Parameter: weight [count, size]. */
export class Embedding extends Module {
  readonly type = 'embedding';
  readonly options: Required<EmbeddingOptions>;
  readonly weight: Parameter;

  constructor(options: EmbeddingOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { count, size, init } = this.options;
    this.weight = this.addParameter('weight', initialise(init, [count, size], buildContext(context)));
  }

  forward(x: Tensor): Tensor {
    return this.weight.factor.take(x);
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** The embedding layer in JSON. */
export const embeddingType: ModuleType = layerType(
  'embedding',
  fields,
  (options, context) => new Embedding(options, context),
);
