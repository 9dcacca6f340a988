/**
 * A two-level segregated-fit allocator over the addresses of one linear memory, with its books kept in JavaScript so that a
 * stray write of a kernel cannot corrupt them. Allocation and release take constant time; neighbours merge when freed.
 * Source: M. Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems" (2004).
 */

/** Every block starts at a multiple of this and is a multiple of it long: one cache line. */
export const blockAlignment = 64;

interface Block {
  address: number;
  size: number;
  free: boolean;
  /** Physical neighbours. */
  before: Block | undefined;
  after: Block | undefined;
}

/** Each power of two is divided into this many bins. */
const binsPerOctave = 8;

/** The smallest bin whose blocks may have `size` units. */
function binHolding(size: number): number {
  const octave = 31 - Math.clz32(size);
  if (octave < 3) return size;
  return (octave - 2) * binsPerOctave + ((size >>> (octave - 3)) & (binsPerOctave - 1));
}

/** Hands out address ranges between a start and a limit that `grow` can move upwards. */
export class Allocator {
  readonly #bins: Set<Block>[] = [];
  readonly #used = new Map<number, Block>();
  readonly #grow: (atLeast: number) => number;
  #last: Block | undefined;
  #limit: number;
  #usedBytes = 0;

  /** `grow(bytes)` makes at least that many bytes more addressable and returns how many, or 0 if it cannot. */
  constructor(start: number, limit: number, grow: (atLeast: number) => number) {
    this.#grow = grow;
    this.#limit = start;
    this.#extend(limit - start);
  }

  /** Bytes handed out, rounded up to blocks. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Blocks handed out. */
  get usedBlocks(): number {
    return this.#used.size;
  }

  /** The address of `bytes` free bytes, or `undefined` if there are none and the memory cannot grow. */
  allocate(bytes: number): number | undefined {
    const size = Math.max(1, Math.ceil(bytes / blockAlignment)) * blockAlignment;
    let block = this.#find(size);
    if (block === undefined) {
      const tail = this.#last?.free ? this.#last.size : 0;
      this.#extend(this.#grow(size - tail));
      block = this.#find(size);
      if (block === undefined) return undefined;
    }
    this.#binOf(block).delete(block);
    if (block.size > size) this.#split(block, size);
    block.free = false;
    this.#used.set(block.address, block);
    this.#usedBytes += size;
    return block.address;
  }

  /** Gives back a block; false if `address` is not one that is in use. */
  release(address: number): boolean {
    let block = this.#used.get(address);
    if (block === undefined) return false;
    this.#used.delete(address);
    this.#usedBytes -= block.size;
    const { before, after } = block;
    if (after?.free) {
      this.#binOf(after).delete(after);
      this.#absorb(block, after);
    }
    if (before?.free) {
      this.#binOf(before).delete(before);
      this.#absorb(before, block);
      block = before;
    }
    this.#shelve(block);
    return true;
  }

  #binOf(block: Block): Set<Block> {
    const bin = binHolding(block.size / blockAlignment);
    return (this.#bins[bin] ??= new Set());
  }

  #shelve(block: Block): void {
    block.free = true;
    this.#binOf(block).add(block);
  }

  /** A free block of at least `size`: in the bin of its own size the first that fits, in higher bins any. */
  #find(size: number): Block | undefined {
    const first = binHolding(size / blockAlignment);
    for (const block of this.#bins[first] ?? []) if (block.size >= size) return block;
    for (let bin = first + 1; bin < this.#bins.length; bin++) {
      for (const block of this.#bins[bin] ?? []) return block;
    }
    return undefined;
  }

  #split(block: Block, size: number): void {
    const rest: Block = {
      address: block.address + size,
      size: block.size - size,
      free: true,
      before: block,
      after: block.after,
    };
    if (rest.after) rest.after.before = rest;
    else this.#last = rest;
    block.after = rest;
    block.size = size;
    this.#shelve(rest);
  }

  #absorb(block: Block, next: Block): void {
    block.size += next.size;
    block.after = next.after;
    if (next.after) next.after.before = block;
    else this.#last = block;
  }

  #extend(bytes: number): void {
    if (bytes <= 0) return;
    const block: Block = { address: this.#limit, size: bytes, free: false, before: this.#last, after: undefined };
    this.#limit += bytes;
    if (this.#last) this.#last.after = block;
    this.#last = block;
    const { before } = block;
    if (before?.free) {
      this.#binOf(before).delete(before);
      this.#absorb(before, block);
      this.#shelve(before);
    } else this.#shelve(block);
  }
}
