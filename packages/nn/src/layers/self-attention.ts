/** Attention of the positions of a sequence to one another. */
import { arange, ArgumentError, scaledDotProductAttention, ShapeError, type Tensor } from '@espalier/tensor';
import { aTensor, check, checkOptional } from '@espalier/tensor/arguments';
import { aCachePlace, type KeepsPositions, type KeptPerPosition } from '../attention/attention-cache.ts';
import { asKept, cacheNumbers, checkHeadWidth, someNumbers, type CacheNumbers } from '../attention/cache-numbers.ts';
import { integer, optional, parseFields, truth, word, type Fields } from '../config/fields.ts';
import type { InitialiserConfig } from '../init/initialiser.ts';
import { initialiserField } from '../init/table.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { isTapped } from '../module/call.ts';
import { below, type CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { Activation } from './activation.ts';
import { layerType } from './layer-type.ts';
import { Linear } from './linear.ts';
import { defaultInit } from './weights.ts';

/** Options of self-attention. */
export interface SelfAttentionOptions {
  /** Features of each position. */
  readonly width: number;
  readonly heads: number;
  /** Features of each head. Default: 0, which stands for width / heads, a whole number then. */
  readonly headWidth?: number;
  /** Whether a position sees itself and the ones before it alone. Default: false. */
  readonly causal?: boolean;
  /** Whether the four linear layers have a bias. Default: true. */
  readonly bias?: boolean;
  /** Initialiser of their weights. Default: U(±1/√in). */
  readonly init?: string | InitialiserConfig;
  /**
   * The numbers that an `AttentionCache` keeps keys and values in. Without one the layer computes with the same, so that what
   * they cost shows wherever the model is judged; gradients go through. Default: f32.
   */
  readonly cache?: CacheNumbers;
}

const fields: Fields<SelfAttentionOptions> = {
  width: integer(1),
  heads: integer(1),
  headWidth: optional(integer(0), 0),
  causal: optional(truth, false),
  bias: optional(truth, true),
  init: optional(initialiserField, defaultInit),
  cache: optional(word(...cacheNumbers), 'f32'),
};

interface Attended {
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly mask: Tensor | undefined;
  /** Of a cache: where the keys stand, and how many there are. */
  readonly columns?: Tensor;
  readonly count?: Tensor;
}

/**
 * softmax(q · kᵀ / √head width) · v for each head, over [..., length, width], put together by a linear layer. Submodules:
 * `query`, `key`, `value` [width to heads · head width], `probabilities`, which gives who looks at whom [..., heads, length,
 * length], `out` [heads · head width to width]. The slot `attentionMask` of the context is obeyed; a position that may see
 * nothing gives NaN, as softmax over nothing does. Who looks at whom is in memory only where a tap looks at it. With the slot `attentionCache` x is what follows on the positions that the
 * cache has, and attends to those as well, where it is causal; a mask is [..., length, capacity] then. Source: A. Vaswani et
 * al., "Attention is all you need", 2017.
 */
export class SelfAttention extends Module implements KeepsPositions {
  readonly type = 'self-attention';
  #options: Required<SelfAttentionOptions>;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly probabilities: Activation;
  readonly out: Linear;

  constructor(options: SelfAttentionOptions, context: Partial<BuildContext> = {}) {
    super();
    const parsed = parseFields(this.type, fields, options);
    const { width, heads, bias, init } = parsed;
    const headWidth = parsed.headWidth === 0 ? width / heads : parsed.headWidth;
    if (!Number.isInteger(headWidth))
      throw new ShapeError(
        this.type,
        `${width} features are no whole number for each of ${heads} heads; give headWidth`,
      );
    checkHeadWidth(this.type, parsed.cache, headWidth);
    this.#options = { ...parsed, headWidth };
    const made = buildContext(context);
    const linear = (inputs: number, out: number): Linear => new Linear({ in: inputs, out, bias, init }, made);
    this.query = this.addModule('query', linear(width, heads * headWidth));
    this.key = this.addModule('key', linear(width, heads * headWidth));
    this.value = this.addModule('value', linear(width, heads * headWidth));
    this.probabilities = this.addModule('probabilities', new Activation('softmax'));
    this.out = this.addModule('out', linear(heads * headWidth, width));
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const { width, heads, headWidth } = this.options;
    if (x.rank < 2 || x.shape.at(-1) !== width)
      throw new ShapeError(this.type, `takes [..., length, ${width}], not [${x.shape.join(', ')}]`);
    const length = x.shape.at(-2) as number;
    const lead = x.shape.slice(0, -2);
    const byHead = (layer: Linear, name: string): Tensor =>
      layer
        .call(x, below(context, name))
        .reshape([...lead, length, heads, headWidth])
        .transpose(-2, -3);
    const query = byHead(this.query, 'query');
    const attended = this.#attended(byHead(this.key, 'key'), byHead(this.value, 'value'), context);
    const shares = below(context, 'probabilities');
    const seen = isTapped(shares, this.probabilities)
      ? this.#seenByShares(query, attended, shares)
      : scaledDotProductAttention(query, attended.keys, attended.values, {
          causal: this.options.causal,
          ...(attended.mask && { mask: attended.mask }),
        });
    const together = seen.transpose(-2, -3).reshape([...lead, length, heads * headWidth]);
    return this.out.call(together, below(context, 'out'));
  }

  /** The positions attended to. */
  #attended(keys: Tensor, values: Tensor, context: CallContext | undefined): Attended {
    const { causal, cache } = this.options;
    const mask = checkOptional(this.type, 'the slot attentionMask', context?.slots.attentionMask, aTensor);
    const place = checkOptional(this.type, 'the slot attentionCache', context?.slots.attentionCache, aCachePlace);
    if (!place) return { keys: asKept(cache, keys), values: asKept(cache, values), mask };
    if (!causal)
      throw new ArgumentError(this.type, 'attends to what comes later too, which a cache does not have; call it whole');
    const seen = place.keep(this, keys, values);
    return { ...seen, mask: mask && this.#seenOf(mask, seen.keys, seen.count) };
  }

  /** The same by way of the shares, for those who look at them. */
  #seenByShares(
    query: Tensor,
    { keys, values, mask, columns, count }: Attended,
    context: CallContext | undefined,
  ): Tensor {
    const { causal, headWidth } = this.options;
    const scores = query.mul(1 / Math.sqrt(headWidth)).matmul(keys.transpose(-1, -2));
    const shown = mask ? scores.maskedFill(mask.logicalNot(), -Infinity) : scores;
    const hidden = causal ? shown.maskedFill(laterOf(query, keys, columns, count), -Infinity) : shown;
    return this.probabilities.call(hidden, context).matmul(values);
  }

  /** Those columns of a mask whose positions have been seen; one that is the same for all columns stays as it is. */
  #seenOf(mask: Tensor, keys: Tensor, count: Tensor): Tensor {
    const capacity = keys.shape.at(-2) as number;
    const columns = mask.shape.at(-1) ?? 1;
    if (columns === 1) return mask;
    if (columns !== capacity)
      throw new ShapeError(
        this.type,
        `the slot attentionMask is [${mask.shape.join(', ')}], and the cache has room for ${capacity} positions; give it as many columns`,
      );
    return mask.upTo(-1, count);
  }

  get keptPerPosition(): KeptPerPosition | undefined {
    const { heads, headWidth, cache: numbers, causal } = this.options;
    return causal ? { heads, headWidth, numbers } : undefined;
  }

  get options(): Required<SelfAttentionOptions> {
    return this.#options;
  }

  keepIn(numbers: CacheNumbers): void {
    check(this.type, 'the numbers', numbers, someNumbers);
    checkHeadWidth(this.type, numbers, this.#options.headWidth);
    this.#options = { ...this.#options, cache: numbers };
  }

  config(): ModuleConfig {
    return { type: this.type, ...this.options };
  }
}

/** Which keys, in a column, come after which queries, in a row, of which the last is that of the last key. */
function laterOf(query: Tensor, keys: Tensor, columns = positions(keys), count?: Tensor): Tensor {
  const length = query.shape.at(-2) as number;
  const before = count ? count.sub(length) : (keys.shape.at(-2) as number) - length;
  return columns.gt(positions(query).add(before).unsqueeze(1));
}

function positions(x: Tensor): Tensor {
  return arange(0, x.shape.at(-2), 1, { dtype: 'i32', device: x.device });
}

/** Self-attention in JSON. */
export const selfAttentionType: ModuleType = layerType(
  'self-attention',
  fields,
  (options, context) => new SelfAttention(options, context),
);
