/** Sequences that one model goes on with side by side. */
import { ArgumentError, fromTyped, tensor, type Device, type Tensor } from '@espalier/tensor';
import type { Decoder } from './decoder.ts';
import type { Slot } from './slot.ts';

/** Positions of which all scores are asked for at once. */
const mostOfAll = 16;

/** Scores of a step. */
export interface Scores {
  /** Of a sequence, and of a position of the call where all were asked for: [vocabulary], valid until the next step. */
  readonly of: (sequence: number, position?: number) => Float32Array;
}

/** Sequences side by side in a cache, which end in the same column. */
export class Lanes {
  readonly #decoder: Decoder;
  readonly #device: Device;
  #slot: Slot | undefined;
  /** The sequences that were asked for, by the lanes that they lie in. */
  #order: readonly number[];
  /** Columns that each lane leaves empty at the beginning. */
  #skipped: readonly number[] | undefined;
  #position = 0;

  constructor(decoder: Decoder, sequences: number) {
    this.#decoder = decoder;
    this.#order = Array.from({ length: sequences }, (_, index) => index);
    const [parameter] = decoder.model.parameters();
    if (!parameter) throw new ArgumentError('Decoder', 'the model has no parameter, and no device');
    this.#device = parameter.device;
  }

  /** Columns that have been computed. */
  get position(): number {
    return this.#position;
  }

  /**
   * Computes prompts, of which the shorter ones begin later, and gives the scores of what follows.
   * @param columns where all of them end: at the longest, or later
   * @param reuse whether to go on from what the cache has of the only sequence: what it says may differ in the last digits
   * @throws {ArgumentError} for a prompt that is empty or longer than the context.
   */
  async prefill(
    prompts: readonly (readonly number[])[],
    { reuse = false, columns = 0 }: { readonly reuse?: boolean; readonly columns?: number } = {},
  ): Promise<Scores> {
    const longest = Math.max(...prompts.map(({ length }) => length));
    const { context } = this.#decoder;
    if (longest > context)
      throw new ArgumentError(
        'generate',
        `the prompt has ${longest} tokens, and the model takes ${context}; shorten it`,
      );
    if (prompts.some(({ length }) => length === 0))
      throw new ArgumentError('generate', 'a prompt is empty; give at least the token that begins a text');
    const end = Math.max(longest, columns);
    const slot = this.#room(end);
    const skipped = prompts.map(({ length }) => end - length);
    this.#skipped = skipped.some((count) => count > 0) ? skipped : undefined;
    const [only] = prompts;
    this.#position = reuse && prompts.length === 1 && only ? common(slot.held, only) : 0;
    const padded = prompts.map((prompt, lane) => [...Array<number>(skipped[lane] as number).fill(0), ...prompt]);
    return this.feed(padded.map((prompt) => prompt.slice(this.#position)));
  }

  /**
   * Computes as many ids for each lane, behind what is there.
   * @param all whether the scores of all of them are wanted, at most 16, and not those of the last alone
   * @throws {ArgumentError} when more of them are.
   */
  async feed(ids: readonly (readonly number[])[], all = false): Promise<Scores> {
    const count = ids[0]?.length as number;
    this.#room(this.#position + count);
    const size = all ? mostOfAll : this.#decoder.chunk;
    // Of several lanes a call is as long as its ids: what is in blocks is not multiplied up to a length for them.
    const callSize = (length: number): number => (ids.length > 1 ? length : Math.min(size, this.#decoder.context));
    if (all && count > size)
      throw new ArgumentError('feed', `scores of ${count} positions at once; there are ${size} at most`);
    if (count === 1) return this.#run(ids, 1, all);
    let scores: Scores | undefined;
    for (let from = 0; from < count; from += size) {
      const part = ids.map((each) => each.slice(from, from + size));
      scores = await this.#run(part, callSize(part[0]?.length as number), all);
    }
    return scores as Scores;
  }

  /** Goes back to before some columns, which are computed anew then. */
  backTo(position: number): void {
    this.#position = position;
  }

  /** Notes what the only sequence has in the cache, for who goes on with it later. */
  hold(ids: readonly number[]): void {
    if (this.#slot) this.#slot.held = ids.slice(0, this.#position);
  }

  /** Leaves sequences out; lanes become fewer when half of them are free. */
  keep(sequences: ReadonlySet<number>): void {
    const slot = this.#slot;
    const kept = this.#order.filter((sequence) => sequences.has(sequence));
    if (!slot || kept.length === 0 || kept.length > slot.sequences / 2) return;
    const lanes = 2 ** Math.ceil(Math.log2(kept.length));
    const from = Array.from({ length: lanes }, (_, lane) => this.#order.indexOf(kept[lane % kept.length] as number));
    const fewer = this.#decoder.take(lanes, slot.capacity);
    fewer.cache.copyFrom(slot.cache, from);
    this.#order = from.map((lane) => this.#order[lane] as number);
    this.#skipped = this.#skipped && from.map((lane) => (this.#skipped as readonly number[])[lane] as number);
    this.#decoder.give(slot);
    this.#slot = fewer;
  }

  /** The lanes, as the sequences that lie in them. */
  get order(): readonly number[] {
    return this.#order;
  }

  /** Gives the cache back. */
  close(): void {
    if (this.#slot) this.#decoder.give(this.#slot);
    this.#slot = undefined;
  }

  #room(positions: number): Slot {
    const slot = this.#slot;
    if (slot && positions <= slot.capacity) return slot;
    const larger = this.#decoder.take(this.#order.length, Math.min(positions, this.#decoder.context));
    if (slot) {
      larger.cache.copyFrom(slot.cache);
      slot.dispose();
    }
    this.#slot = larger;
    return larger;
  }

  async #run(ids: readonly (readonly number[])[], size: number, all: boolean): Promise<Scores> {
    const slot = this.#slot as Slot;
    const lanes = ids.length;
    const count = ids[0]?.length as number;
    const filled = new Int32Array(lanes * size);
    for (const [lane, each] of ids.entries()) filled.set(each, lane * size);
    const device = this.#device;
    const scalar = (value: number): Tensor => tensor(value, { dtype: 'i32', device });
    const given = [fromTyped(filled, [lanes, size], { device }), scalar(this.#position)] as const;
    const more = {
      ...(size > 1 && lanes === 1 && { count: scalar(count) }),
      ...(this.#skipped && { skipped: fromTyped(Int32Array.from(this.#skipped), [lanes], { device }) }),
    };
    slot.held = [];
    const logits = slot.step(...given, { ...more, of: all && size > 1 ? 'all' : 'last' });
    const vocabulary = logits.shape.at(-1) as number;
    const data = (await logits.cast('f32').data()) as Float32Array;
    for (const each of [...given, ...Object.values(more), logits]) each.dispose();
    this.#position += count;
    const each = data.length / vocabulary / lanes;
    return {
      of: (sequence, position = each - 1) => {
        const at = (this.#order.indexOf(sequence) * each + position) * vocabulary;
        return data.subarray(at, at + vocabulary);
      },
    };
  }
}

/** Of several prompts the ends lie at multiples of this, so that few sizes of calls are recorded. */
const step = 32;

/** The column where prompts end side by side, of which there are so many, where so many tokens are to follow. */
export function endOf(prompts: readonly (readonly number[])[], context: number, tokens: number): number {
  const longest = Math.max(...prompts.map(({ length }) => length));
  const rounded = Math.ceil(longest / step) * step;
  return prompts.length > 1 && rounded + tokens <= context ? rounded : longest;
}

/** How many ids two sequences begin with alike; the last is computed anyway, since its scores are wanted. */
function common(held: readonly number[], wanted: readonly number[]): number {
  let count = 0;
  while (count < held.length && count < wanted.length - 1 && held[count] === wanted[count]) count++;
  return count;
}
