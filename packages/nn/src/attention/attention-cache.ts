/** The keys and values of the positions that a model has seen. */
import {
  arange,
  ArgumentError,
  assignAt,
  DTypeError,
  dtypes,
  ShapeError,
  tensor,
  zeros,
  type Device,
  type Shape,
  type Tensor,
} from '@espalier/tensor';
import {
  aCount,
  aPositiveInteger,
  aTensor,
  check,
  checkOptions,
  either,
  ruleOf,
  type OptionRules,
  type Rule,
} from '@espalier/tensor/arguments';
import { aShape, hasMethods } from '../config/rules.ts';
import type { Module } from '../module/module.ts';
import { aModule } from '../module/rule.ts';
import { cacheBytes, cacheForms, checkHeadWidth } from './cache-numbers.ts';
import { keepers, type KeptPerPosition } from './keepers.ts';

/** All positions so far. Along their axis, whose size is the capacity, there are as many as have been seen (see `upTo`). */
export interface SeenPositions {
  /** How many: an i32 scalar. */
  readonly count: Tensor;
  /** [...lead, heads, capacity, head width]. */
  readonly keys: Tensor;
  /** [...lead, heads, capacity, head width]. */
  readonly values: Tensor;
  /** Where they stand: i32 [capacity]. */
  readonly columns: Tensor;
}

/** A cache, and where the positions of a call begin in it: what the slot `attentionCache` of a context is. */
export interface CachePlace {
  readonly capacity: number;
  /** Where so many positions of the call stand: i32 [length]; of a call that has a length (`upTo`), so many of them. */
  readonly rows: (length: number, there?: Tensor) => Tensor;
  /**
   * Writes the keys and values [...lead, heads, length, head width] of the positions of the call down, and gives those of all
   * positions so far; along their axis the call may have a length. A module that stands in several places of the model does so in their order.
   */
  readonly keep: (module: Module, keys: Tensor, values: Tensor) => SeenPositions;
}

declare module '../module/call-context.ts' {
  interface CallSlots {
    /** The positions seen before, and where those of the call stand: what `from()` of an `AttentionCache` gives. */
    readonly attentionCache?: CachePlace;
  }
}

/** The place of a cache. */
export const aCachePlace: Rule<CachePlace> = ruleOf('what from() of an AttentionCache gives', (value) =>
  hasMethods(value, 'rows', 'keep'),
);

/** How large a cache is. */
export interface AttentionCacheOptions {
  /** Positions that it has room for. */
  readonly capacity: number;
  /** Sizes of what a model is called with before the axis of positions: `[8]` for 8 sequences at once. Default: none. */
  readonly lead?: Shape;
}

const optionRules: OptionRules<AttentionCacheOptions> = { capacity: aPositiveInteger, lead: aShape };
const aPosition = either<Tensor, number>(aTensor, aCount);

interface Kept extends KeptPerPosition {
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
}

/**
 * Room for the keys and values of all layers of attention of a model, in the numbers that each of them says (`cache` of
 * `SelfAttention`). A model that is called with a place of it, under `noGrad`, computes the positions it is given alone, and
 * attends to those before as well; a compiled step that takes the position as an argument is recorded once for all of them.
 *
 * @example
 * const cache = new AttentionCache(model, { capacity: 512 });
 * const step = compile((ids: Tensor, position: Tensor) =>
 *   noGrad(() => model.call(ids, callContext({ slots: { attentionCache: cache.from(position) } }))),
 * );
 * step(prompt, tensor(0, { dtype: 'i32' })); // prompt [5]
 * step(next, tensor(5, { dtype: 'i32' })); // next [1]
 */
export class AttentionCache {
  readonly capacity: number;
  readonly lead: Shape;
  /** By modules; for each of the places where one stands. */
  readonly #kept = new Map<Module, Kept[]>();
  /** All that is to be freed. */
  readonly #arrays: Tensor[] = [];
  readonly #device: Device;

  /**
   * @throws {ArgumentError} for a model without such a layer that is causal.
   * @throws {ShapeError} for heads of a width that their numbers cannot be packed in.
   */
  constructor(model: Module, options: AttentionCacheOptions) {
    check('AttentionCache', 'model', model, aModule);
    const { capacity, lead = [] } = checkOptions('AttentionCache', options, optionRules);
    this.capacity = check('AttentionCache', 'capacity', capacity, aPositiveInteger);
    this.lead = Object.freeze([...lead]);
    try {
      for (const { module, kept } of keepers(model))
        this.#kept.set(module, [...(this.#kept.get(module) ?? []), this.#room(module, kept)]);
    } catch (error) {
      // Whoever has no memory for all of it may try a smaller one.
      this.dispose();
      throw error;
    }
    const first = [...this.#kept.values()][0]?.[0]?.keys[0];
    if (!first)
      throw new ArgumentError('AttentionCache', 'the model has no layer of causal attention, and nothing to keep');
    this.#device = first.device;
  }

  /** Bytes of all keys and values. */
  get bytes(): number {
    const positions = this.lead.reduce((product, size) => product * size, this.capacity);
    return [...this.#kept.values()]
      .flat()
      .reduce((sum, { heads, headWidth, numbers }) => sum + 2 * positions * heads * cacheBytes(numbers, headWidth), 0);
  }

  /**
   * Where a call begins: at 0, or behind the positions of the calls before. A scalar of integers, which a step takes as an
   * argument, serves every position. One that a step computes itself has to leave room for the call: nothing sees that it does.
   * @throws {DTypeError | ShapeError} for a tensor that is no scalar of integers.
   */
  from(position: Tensor | number): CachePlace {
    check('AttentionCache.from', 'the position', position, aPosition);
    const device = this.#device;
    const start = typeof position === 'number' ? tensor(position, { dtype: 'i32', device }) : scalarPosition(position);
    const called = new Map<Module, number>();
    const ends = new Map<number, Tensor>();
    const end = (length: number): Tensor => {
      const known = ends.get(length) ?? start.add(length);
      ends.set(length, known);
      return known;
    };
    return {
      capacity: this.capacity,
      rows: (length, there) => {
        const rows = arange(0, length, 1, { dtype: 'i32', device }).add(start);
        return there ? rows.upTo(0, there) : rows;
      },
      keep: (module, keys, values) => {
        if (keys.requiresGrad || values.requiresGrad)
          throw new ArgumentError(
            'AttentionCache',
            'a call with a cache has no gradient; call the model under noGrad()',
          );
        const calls = called.get(module) ?? 0;
        const kept = this.#keptOf(module, calls, keys);
        called.set(module, calls + 1);
        const there = keys.lengthAlong(-2);
        const seen = there ? start.add(there) : end(keys.shape.at(-2) as number);
        const { write, read } = cacheForms[kept.numbers];
        const all = (arrays: readonly Tensor[], numbers: Tensor): Tensor => {
          for (const [index, array] of write(numbers).entries()) assignAt(arrays[index] as Tensor, -2, start, array);
          return read(arrays.map((array) => array.upTo(-2, seen))).cast(numbers.dtype);
        };
        return {
          count: seen,
          keys: all(kept.keys, keys),
          values: all(kept.values, values),
          columns: arange(0, this.capacity, 1, { dtype: 'i32', device }).upTo(0, seen),
        };
      },
    };
  }

  /**
   * Takes over what another cache of the same model has, which may have less room or other sequences.
   * @param sequences which of its sequences, those of its first axis, become those of this one, in their order. Default: all
   * @throws {ArgumentError} for a cache of another model, and for one with more room.
   * @throws {ShapeError} for sequences that are not as many as there are here.
   */
  copyFrom(other: AttentionCache, sequences?: readonly number[]): void {
    if (other.capacity > this.capacity)
      throw new ArgumentError(
        'AttentionCache.copyFrom',
        `has room for ${this.capacity} positions, and the other one for ${other.capacity}`,
      );
    const lead = sequences ? [sequences.length, ...other.lead.slice(1)] : other.lead;
    if (String(lead) !== String(this.lead))
      throw new ShapeError(
        'AttentionCache.copyFrom',
        `has sequences [${this.lead.join(', ')}], not [${lead.join(', ')}]`,
      );
    const rows = sequences && tensor(sequences, { dtype: 'i32', device: this.#device });
    for (const [module, places] of this.#kept) {
      const theirs = other.#kept.get(module);
      if (theirs?.length !== places.length)
        throw new ArgumentError('AttentionCache.copyFrom', 'the other cache was made for another model');
      for (const [at, { keys, values }] of places.entries()) {
        const from = theirs[at] as Kept;
        for (const [index, array] of [...keys, ...values].entries()) {
          const source = [...from.keys, ...from.values][index] as Tensor;
          assignAt(array, -2, 0, rows ? source.take(rows, 0) : source);
          array.realizeSync();
        }
      }
    }
  }

  /** Frees the memory. */
  dispose(): void {
    for (const array of this.#arrays) array.dispose();
  }

  #room(module: Module, { heads, headWidth, numbers }: KeptPerPosition): Kept {
    checkHeadWidth('AttentionCache', numbers, headWidth);
    const { arrays } = cacheForms[numbers];
    const [parameter] = module.parameters();
    const make = (): Tensor[] =>
      arrays.map(({ dtype, width }) => {
        const array = zeros([...this.lead, heads, this.capacity, width(headWidth)], {
          dtype,
          ...(parameter && { device: parameter.device }),
        }).realizeSync();
        this.#arrays.push(array);
        return array;
      });
    return { heads, headWidth, numbers, keys: make(), values: make() };
  }

  #keptOf(module: Module, calls: number, keys: Tensor): Kept {
    const places = this.#kept.get(module);
    if (!places)
      throw new ArgumentError('AttentionCache', `has nothing of this ${module.type}; it was made for another model`);
    const kept = places[calls];
    if (!kept)
      throw new ArgumentError(
        'AttentionCache',
        `a ${module.type} was called more often than it stands in the model; what from() gives is for one call`,
      );
    const wanted = [...this.lead, kept.heads, kept.headWidth];
    const given = [...keys.shape.slice(0, -2), keys.shape.at(-1)];
    if (String(given) !== String(wanted))
      throw new ShapeError(
        'AttentionCache',
        `was made for calls with [${this.lead.join(', ')}] before the positions, not [${keys.shape.slice(0, -3).join(', ')}]`,
      );
    const length = keys.shape.at(-2) as number;
    if (length > this.capacity)
      throw new ShapeError('AttentionCache', `has room for ${this.capacity} positions, and the call has ${length}`);
    return kept;
  }
}

/** The position of a call, as i32. A float is no position, which a cast would make one of. */
function scalarPosition(position: Tensor): Tensor {
  const { kind } = dtypes[position.dtype];
  if (kind === 'float' || kind === 'bool')
    throw new DTypeError('AttentionCache.from', `the position is ${position.dtype}; give it as i32`);
  if (position.size !== 1)
    throw new ShapeError(
      'AttentionCache.from',
      `the position is a tensor [${position.shape.join(', ')}]; all sequences go on at one, give a scalar`,
    );
  return position.reshape([]).cast('i32');
}
