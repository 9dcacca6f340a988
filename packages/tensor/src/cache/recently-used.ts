/** A cache of bounded size. */

/** Values by key, of which the least recently used goes when there are more than `most`. */
export class RecentlyUsed<Value> {
  readonly #values = new Map<string, Value>();
  readonly #most: number;
  readonly #leave: (value: Value) => void;

  /** `leave` is called with each value that goes. */
  constructor(most: number, leave: (value: Value) => void = () => {}) {
    this.#most = most;
    this.#leave = leave;
  }

  /** Number of values. */
  get size(): number {
    return this.#values.size;
  }

  /** All values, the least recently used first. */
  values(): Iterable<Value> {
    return this.#values.values();
  }

  /** The value of a key, which is the most recently used one now; made if it is not there. */
  find(key: string, make: () => Value): Value {
    const known = this.#values.get(key);
    // What is inserted again comes last.
    if (known !== undefined) this.#values.delete(key);
    const value = known ?? make();
    this.#values.set(key, value);
    if (this.#values.size > this.#most) this.#drop(this.#values.keys().next().value as string);
    return value;
  }

  /** Lets go of everything. */
  clear(): void {
    for (const key of this.#values.keys()) this.#drop(key);
  }

  #drop(key: string): void {
    const value = this.#values.get(key) as Value;
    this.#values.delete(key);
    this.#leave(value);
  }
}
