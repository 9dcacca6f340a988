/** What says where in a sequence something stands. */
import { ShapeError, type Tensor } from '@espalier/tensor';
import { aTensor, checkOptional } from '@espalier/tensor/arguments';
import { aCachePlace } from '../attention/attention-cache.ts';
import { integer, optional, parseFields, type Fields } from '../config/fields.ts';
import type { InitialiserConfig } from '../init/initialiser.ts';
import { initialise, initialiserField } from '../init/table.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import type { CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import type { ModuleType } from '../module/registry.ts';
import { layerType } from './layer-type.ts';

/** Options of a position embedding. */
export interface PositionEmbeddingOptions {
  /** The longest sequence. */
  readonly count: number;
  /** Features of each position. */
  readonly size: number;
  /** Default: normal with a deviation of 0.02. */
  readonly init?: string | InitialiserConfig;
}

const fields: Fields<PositionEmbeddingOptions> = {
  count: integer(1),
  size: integer(1),
  init: optional(initialiserField, { type: 'normal', mean: 0, std: 0.02 }),
};

/**
 * Adds a learned vector for each position: [..., length, size], of at most `count` positions, to the same shape; with the slot
 * `attentionCache` those positions where the cache goes on, with the slot `positions` those. Parameter: weight [count, size].
 */
export class PositionEmbedding extends Module {
  readonly type = 'position-embedding';
  readonly options: Required<PositionEmbeddingOptions>;
  readonly weight: Parameter;

  constructor(options: PositionEmbeddingOptions, context: Partial<BuildContext> = {}) {
    super();
    this.options = parseFields(this.type, fields, options);
    const { count, size, init } = this.options;
    this.weight = this.addParameter('weight', initialise(init, [count, size], buildContext(context)));
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const { count, size } = this.options;
    const length = x.rank < 2 ? Infinity : (x.shape.at(-2) as number);
    const positions = checkOptional(this.type, 'the slot positions', context?.slots.positions, aTensor);
    // Where positions are given, a row may be of several sequences.
    if (length === Infinity || (length > count && !positions) || x.shape.at(-1) !== size)
      throw new ShapeError(this.type, `takes [..., length up to ${count}, ${size}], not [${x.shape.join(', ')}]`);
    const place = checkOptional(this.type, 'the slot attentionCache', context?.slots.attentionCache, aCachePlace);
    const there = x.rank < 2 ? undefined : x.lengthAlong(-2);
    if (positions) return x.add(this.weight.factor.take(positions));
    if (!place) {
      const rows = this.weight.value.narrow(0, 0, length);
      return x.add(there ? rows.upTo(0, there) : rows);
    }
    if (place.capacity > count)
      throw new ShapeError(
        this.type,
        `has ${count} positions, and the cache room for ${place.capacity}; give it ${count}`,
      );
    return x.add(this.weight.factor.take(place.rows(length, there)));
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Position embeddings in JSON. */
export const positionEmbeddingType: ModuleType = layerType(
  'position-embedding',
  fields,
  (options, context) => new PositionEmbedding(options, context),
);
