/**
 * A language model that goes on with sequences: what it has seen is kept in caches that grow by doubling, and the steps on them are
 * recorded once for all positions.
 */
import { cacheNumbers, keepers, type CacheNumbers, type Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import { aPositiveInteger, check, checkOptions, oneOf, type OptionRules } from '@espalier/tensor/arguments';
import { Lanes } from './lanes.ts';
import { Slot } from './slot.ts';

/** What is to be known of a model. */
export interface DecoderOptions {
  /** Positions of the longest sequence. */
  readonly context: number;
  /** Positions of a prompt that are computed at once. Default: 256. */
  readonly chunk?: number;
  /** The numbers in which its layers keep keys and values from now on. Default: those that they were told before, else f32. */
  readonly cache?: CacheNumbers;
}

const optionRules: OptionRules<DecoderOptions> = {
  context: aPositiveInteger,
  chunk: aPositiveInteger,
  cache: oneOf(...cacheNumbers),
};

/** A model and its caches: those that nobody uses are kept for whoever comes next. */
export class Decoder {
  readonly model: Module;
  readonly context: number;
  readonly chunk: number;
  /** One for each number of sequences. */
  readonly #free = new Map<number, Slot>();

  /**
   * @param model i32 ids [..., length] to logits [..., length, vocabulary], with the slots `attentionCache` and `logitsOf`
   * @throws {ArgumentError} for wrong arguments.
   */
  constructor(model: Module, options: DecoderOptions) {
    this.model = check('Decoder', 'model', model, aModule);
    const { context, chunk = 256, cache } = checkOptions('Decoder', options, optionRules);
    this.context = check('Decoder', 'context', context, aPositiveInteger);
    this.chunk = Math.min(chunk, context);
    if (cache) for (const { module } of keepers(model)) module.keepIn(cache);
  }

  /** Sequences side by side, with nothing in them yet. Whoever is done with them closes them. */
  lanes(sequences: number): Lanes {
    check('lanes', 'the number of sequences', sequences, aPositiveInteger);
    return new Lanes(this, sequences);
  }

  /** A cache of at least so many positions. */
  take(sequences: number, positions: number): Slot {
    const capacity = this.#capacityFor(positions);
    const free = this.#free.get(sequences);
    if (free) this.#free.delete(sequences);
    if (free && free.capacity >= capacity) return free;
    free?.dispose();
    return new Slot(this.model, sequences, capacity);
  }

  /** Takes a cache back. */
  give(slot: Slot): void {
    this.#free.get(slot.sequences)?.dispose();
    this.#free.set(slot.sequences, slot);
  }

  #capacityFor(positions: number): number {
    const doubled = 2 ** Math.ceil(Math.log2(Math.max(positions, this.chunk, 128)));
    return Math.min(this.context, doubled);
  }

  /** Frees all caches that nobody uses. */
  dispose(): void {
    for (const slot of this.#free.values()) slot.dispose();
    this.#free.clear();
  }
}
