/** Attention of the positions of a sequence to one another. */
import { arange, ArgumentError, scaledDotProductAttention, ShapeError, type Tensor } from '@espalier/tensor';
import { aTensor, check, checkOptional } from '@espalier/tensor/arguments';
import { aCachePlace } from '../attention/attention-cache.ts';
import type { KeepsPositions, KeptPerPosition } from '../attention/keepers.ts';
import { Rotary, rotaryField, type Angles, type RotaryOptions } from '../attention/rotary.ts';
import { asKept, cacheNumbers, checkHeadWidth, someNumbers, type CacheNumbers } from '../attention/cache-numbers.ts';
import { either, integer, optional, parseFields, real, truth, word, type Fields } from '../config/fields.ts';
import type { InitialiserConfig } from '../init/initialiser.ts';
import { initialiserField } from '../init/table.ts';
import { buildContext, type BuildContext } from '../module/build-context.ts';
import { isTapped } from '../module/call.ts';
import { below, type CallContext } from '../module/call-context.ts';
import { Module, type ModuleConfig } from '../module/module.ts';
import type { ModuleType } from '../module/registry.ts';
import { ConfigError } from '../errors.ts';
import { Activation } from './activation.ts';
import { layerType } from './layer-type.ts';
import { Linear } from './linear.ts';
import { RmsNorm } from './rms-norm.ts';
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
  /** How many positions one sees, itself and the last before it, where it is causal. Default: 0, which stands for all. */
  readonly window?: number;
  /** Heads of keys and values, each of which as many heads of queries share. Default: 0, which stands for as many. */
  readonly keyValueHeads?: number;
  /** Whether the four linear layers have a bias, those of queries, keys and values alone (`inputs`), or the other one. Default: true. */
  readonly bias?: boolean | 'inputs' | 'out';
  /** Turns queries and keys by their positions. Default: null, for not. */
  readonly rotary?: RotaryOptions | null;
  /** ε of norms over the features of each head of queries and keys (`RmsNorm`). Default: 0, for no such norms. */
  readonly headNorm?: number;
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
  window: optional(integer(0), 0),
  keyValueHeads: optional(integer(0), 0),
  bias: optional<boolean | 'inputs' | 'out'>(either(truth, word('inputs', 'out')), true),
  rotary: optional<RotaryOptions | null>(rotaryField, null),
  headNorm: optional(real({ least: 0 }), 0),
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
 * `query` [width to heads · head width], `key`, `value` [width to heads of keys and values · head width], `queryNorm`, `keyNorm`
 * where heads are normalised, before they are turned, `probabilities`, which gives who looks at whom [..., heads, length,
 * length], `out` [heads · head width to width]. The slot `attentionMask` of the context is obeyed; a position that may see
 * nothing gives NaN, as softmax over nothing does. Who looks at whom is in memory only where a tap looks at it. With the slot `attentionCache` x is what follows on the positions that the
 * cache has, and attends to those as well, where it is causal; a mask is [..., length, capacity] then. The slot `positions` says
 * where the positions of a call stand, for those that are turned. Source: A. Vaswani et
 * al., "Attention is all you need", 2017.
 */
export class SelfAttention extends Module implements KeepsPositions {
  readonly type = 'self-attention';
  #options: Required<SelfAttentionOptions>;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly queryNorm: RmsNorm | undefined;
  readonly keyNorm: RmsNorm | undefined;
  readonly probabilities: Activation;
  readonly out: Linear;
  readonly #rotary: Rotary | undefined;

  constructor(options: SelfAttentionOptions, context: Partial<BuildContext> = {}) {
    super();
    const parsed = parseFields(this.type, fields, options);
    const { width, heads, bias, init, headNorm } = parsed;
    const headWidth = parsed.headWidth === 0 ? width / heads : parsed.headWidth;
    if (!Number.isInteger(headWidth))
      throw new ShapeError(
        this.type,
        `${width} features are no whole number for each of ${heads} heads; give headWidth`,
      );
    checkHeadWidth(this.type, parsed.cache, headWidth);
    if (parsed.window > 0 && !parsed.causal)
      throw new ConfigError(`${this.type}.window`, `is ${parsed.window}, and a position sees what comes later, too`);
    const keyValueHeads = parsed.keyValueHeads === 0 ? heads : parsed.keyValueHeads;
    if (heads % keyValueHeads !== 0)
      throw new ShapeError(
        this.type,
        `${heads} heads of queries are no whole number for each of ${keyValueHeads} heads of keys and values`,
      );
    this.#options = { ...parsed, headWidth, keyValueHeads };
    this.#rotary = parsed.rotary ? new Rotary(this.type, parsed.rotary, headWidth) : undefined;
    const made = buildContext(context);
    const linear = (inputs: number, out: number, withBias: boolean): Linear =>
      new Linear({ in: inputs, out, bias: withBias, init }, made);
    const norm = (): RmsNorm => new RmsNorm({ size: headWidth, epsilon: headNorm }, made);
    const kept = keyValueHeads * headWidth;
    const isBiased = bias === true || bias === 'inputs';
    this.query = this.addModule('query', linear(width, heads * headWidth, isBiased));
    this.key = this.addModule('key', linear(width, kept, isBiased));
    this.value = this.addModule('value', linear(width, kept, isBiased));
    this.queryNorm = headNorm === 0 ? undefined : this.addModule('queryNorm', norm());
    this.keyNorm = headNorm === 0 ? undefined : this.addModule('keyNorm', norm());
    this.probabilities = this.addModule('probabilities', new Activation('softmax'));
    this.out = this.addModule('out', linear(heads * headWidth, width, bias === true || bias === 'out'));
  }

  forward(x: Tensor, context?: CallContext): Tensor {
    const { width, heads, headWidth, keyValueHeads } = this.options;
    if (x.rank < 2 || x.shape.at(-1) !== width)
      throw new ShapeError(this.type, `takes [..., length, ${width}], not [${x.shape.join(', ')}]`);
    const length = x.shape.at(-2) as number;
    const lead = x.shape.slice(0, -2);
    const byHead = (layer: Linear, name: string, count: number): Tensor =>
      layer
        .call(x, below(context, name))
        .reshape([...lead, length, count, headWidth])
        .transpose(-2, -3);
    const angles = this.#angles(x, context);
    const placed = (each: Tensor, norm: RmsNorm | undefined, name: string): Tensor => {
      const normed = norm ? norm.call(each, below(context, name)) : each;
      return angles && this.#rotary ? this.#rotary.turn(normed, angles) : normed;
    };
    const query = placed(byHead(this.query, 'query', heads), this.queryNorm, 'queryNorm');
    const keys = placed(byHead(this.key, 'key', keyValueHeads), this.keyNorm, 'keyNorm');
    const attended = this.#within(query, this.#attended(keys, byHead(this.value, 'value', keyValueHeads), context));
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

  /** By how much the positions of a call are turned. */
  #angles(x: Tensor, context: CallContext | undefined): Angles | undefined {
    const rotary = this.#rotary;
    if (!rotary) return undefined;
    const positions = checkOptional(this.type, 'the slot positions', context?.slots.positions, aTensor);
    const place = checkOptional(this.type, 'the slot attentionCache', context?.slots.attentionCache, aCachePlace);
    const [length, there] = [x.shape.at(-2) as number, x.lengthAlong(-2)];
    const size = place?.capacity ?? length;
    if ((place || positions || there) && size > rotary.bound)
      throw new ShapeError(
        this.type,
        `turns sequences beyond ${rotary.bound} positions by how long they are as a whole, which a call of ${size} with a cache, with positions or with a length does not say; give a cache of ${rotary.bound}, or call it on the whole sequence`,
      );
    const rows = positions ?? place?.rows(length, there);
    if (rows) return rotary.at(rows, size);
    const { cosines, sines } = rotary.first(length, x.device);
    return there ? { cosines: cosines.upTo(0, there), sines: sines.upTo(0, there) } : { cosines, sines };
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

  /** Without what is before the window; where there can be nothing before it, no mask has to be looked at. */
  #within(query: Tensor, attended: Attended): Attended {
    const { window } = this.options;
    const { keys, mask, columns, count } = attended;
    if (window === 0 || (keys.shape.at(-2) as number) <= window) return attended;
    const near = laterOf(query, keys, columns, count, window);
    return { ...attended, mask: mask ? mask.logicalAnd(near) : near };
  }

  /** The same by way of the shares, for those who look at them. */
  #seenByShares(
    query: Tensor,
    { keys, values, mask, columns, count }: Attended,
    context: CallContext | undefined,
  ): Tensor {
    const { causal, headWidth, heads, keyValueHeads } = this.options;
    const shared = (each: Tensor): Tensor => each.repeatInterleave(heads / keyValueHeads, -3);
    const scores = query.mul(1 / Math.sqrt(headWidth)).matmul(shared(keys).transpose(-1, -2));
    const shown = mask ? scores.maskedFill(mask.logicalNot(), -Infinity) : scores;
    const hidden = causal ? shown.maskedFill(laterOf(query, keys, columns, count), -Infinity) : shown;
    return this.probabilities.call(hidden, context).matmul(shared(values));
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
    const { keyValueHeads: heads, headWidth, cache: numbers, causal } = this.options;
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

/**
 * Which keys, in a column, come after which queries, in a row, of which the last is that of the last key.
 * @param before how many positions before the query to count from
 */
function laterOf(query: Tensor, keys: Tensor, columns = positionsOf(keys), count?: Tensor, before = 0): Tensor {
  const length = query.lengthAlong(-2) ?? (query.shape.at(-2) as number);
  const rows = positionsOf(query).unsqueeze(1);
  const seen = count ?? keys.lengthAlong(-2) ?? (keys.shape.at(-2) as number);
  return columns.gt(rows.add(seen).sub(length).sub(before));
}

/** Where the positions of a call stand in it. */
function positionsOf(x: Tensor): Tensor {
  const places = arange(0, x.shape.at(-2), 1, { dtype: 'i32', device: x.device });
  const length = x.lengthAlong(-2);
  return length ? places.upTo(0, length) : places;
}

/** Self-attention in JSON. */
export const selfAttentionType: ModuleType = layerType(
  'self-attention',
  fields,
  (options, context) => new SelfAttention(options, context),
);
