/** Whether integers are all different, while they come by. */

/** Integers that are remembered: more take no more memory. */
const mostRemembered = 1 << 22;

/** A table of integers by their hash, with free places between them. */
class IntegerSet {
  #slots = new Int32Array(1 << 10);
  #taken = new Uint8Array(1 << 10);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(value: number): boolean {
    return this.#taken[this.#placeOf(value)] === 1;
  }

  /** Adds one; false where it was there. */
  add(value: number): boolean {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    const place = this.#placeOf(value);
    if (this.#taken[place] === 1) return false;
    this.#slots[place] = value;
    this.#taken[place] = 1;
    this.#size++;
    return true;
  }

  #placeOf(value: number): number {
    const last = this.#slots.length - 1;
    let place = (Math.imul(value, 0x9e3779b1) >>> 7) & last;
    while (this.#taken[place] === 1 && this.#slots[place] !== value) place = (place + 1) & last;
    return place;
  }

  #grow(): void {
    const [slots, taken] = [this.#slots, this.#taken];
    this.#slots = new Int32Array(2 * slots.length);
    this.#taken = new Uint8Array(2 * slots.length);
    for (const [at, value] of slots.entries()) {
      if (taken[at] !== 1) continue;
      const place = this.#placeOf(value);
      this.#slots[place] = value;
      this.#taken[place] = 1;
    }
  }
}

/**
 * Tells whether integers are all different. Those that rise are, however many; of others the first four million are remembered, and
 * later ones compared with them.
 */
export class Distinct {
  #seen: IntegerSet | undefined = new IntegerSet();
  #rises = true;
  #last = -Infinity;

  /** Takes some. */
  take(values: Int32Array): void {
    for (const value of values) {
      const seen = this.#seen;
      if (!seen) return;
      this.#rises &&= value > this.#last;
      this.#last = value;
      const isNew = seen.size < mostRemembered ? seen.add(value) : this.#rises || !seen.has(value);
      if (!isNew) this.#seen = undefined;
    }
  }

  /** Whether no value came twice. */
  get areAll(): boolean {
    return this.#seen !== undefined;
  }
}
