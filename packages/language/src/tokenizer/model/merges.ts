/** Which pairs of tokens become one, in which order: a table by both ids, and a queue of what is to be merged next. */

const empty = -1;

/** Merges by pairs: those that were added first come first. */
export class Merges {
  readonly #mask: number;
  /** Numbers of merges, by what pairs hash to. */
  readonly #slots: Int32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #made: Int32Array;
  #count = 0;

  /** @param most of all merges that will be added */
  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(1.5 * most + 2));
    this.#mask = size - 1;
    this.#slots = new Int32Array(size).fill(empty);
    const make = (): Int32Array => new Int32Array(most);
    [this.#left, this.#right, this.#made] = [make(), make(), make()];
  }

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** Adds a pair; of one that is there already the first stays. */
  add(left: number, right: number, made: number): void {
    const merge = this.#count++;
    const slot = this.#slot(left, right);
    if (this.#slots[slot] !== empty) return;
    this.#slots[slot] = merge;
    this.#left[merge] = left;
    this.#right[merge] = right;
    this.#made[merge] = made;
  }

  /** What is left of a word when nothing more can be merged. */
  merged(ids: number[]): readonly number[] {
    const count = ids.length;
    if (count < 2) return ids;
    const next = new Int32Array(count);
    const before = new Int32Array(count);
    for (let at = 0; at < count; at++) {
      next[at] = at + 1 === count ? empty : at + 1;
      before[at] = at - 1;
    }
    const queue = new Queue();
    /** Merges wait with the ids that they were found for: if these have changed, there is nothing to do any more. */
    const wait = (at: number): void => {
      const after = next[at] as number;
      if (after === empty) return;
      const merge = this.#slots[this.#slot(ids[at] as number, ids[after] as number)] as number;
      if (merge !== empty) queue.push(merge, at);
    };
    for (let at = 0; at + 1 < count; at++) wait(at);
    while (queue.size > 0) {
      const { at, rank: merge } = queue.pop();
      const after = next[at] as number;
      if (after === empty || ids[at] !== this.#left[merge] || ids[after] !== this.#right[merge]) continue;
      ids[at] = this.#made[merge] as number;
      const behind = next[after] as number;
      ids[after] = empty;
      next[after] = empty;
      next[at] = behind;
      if (behind !== empty) before[behind] = at;
      const ahead = before[at] as number;
      if (ahead !== empty) wait(ahead);
      wait(at);
    }
    return ids.filter((id) => id !== empty);
  }

  #slot(left: number, right: number): number {
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    for (let merge = this.#slots[slot] as number; merge !== empty; merge = this.#slots[slot] as number) {
      if (this.#left[merge] === left && this.#right[merge] === right) break;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}

/** Merges that wait, the first learnt first, and the leftmost of those: a heap. */
class Queue {
  readonly #rank: number[] = [];
  readonly #at: number[] = [];

  get size(): number {
    return this.#rank.length;
  }

  push(rank: number, at: number): void {
    let index = this.size;
    this.#put(index, rank, at);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  pop(): { readonly at: number; readonly rank: number } {
    const first = { at: this.#at[0] as number, rank: this.#rank[0] as number };
    const last = this.size - 1;
    this.#swap(0, last);
    this.#rank.pop();
    this.#at.pop();
    for (let index = 0; ;) {
      const left = 2 * index + 1;
      if (left >= last) return first;
      const least = left + 1 < last && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(least, index)) return first;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#rank[a] as number, this.#rank[b] as number];
    return first === second ? (this.#at[a] as number) < (this.#at[b] as number) : first < second;
  }

  #put(index: number, rank: number, at: number): void {
    this.#rank[index] = rank;
    this.#at[index] = at;
  }

  #swap(a: number, b: number): void {
    const [rank, at] = [this.#rank[a] as number, this.#at[a] as number];
    this.#put(a, this.#rank[b] as number, this.#at[b] as number);
    this.#put(b, rank, at);
  }
}
