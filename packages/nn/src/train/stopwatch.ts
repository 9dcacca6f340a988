/** Time that only goes forward. */

/** Milliseconds since some moment; setting the system's clock does not change them. */
export function monotonicNow(): number {
  const host = globalThis as { readonly performance?: { readonly now: () => number } };
  return host.performance?.now() ?? Date.now();
}

/** Adds up the spans between `start` and `stop`. */
export class Stopwatch {
  #total: number;
  #since: number | undefined;

  /** `milliseconds` are there already. */
  constructor(milliseconds = 0) {
    this.#total = milliseconds;
  }

  /** Milliseconds of all spans, the open one included. */
  get milliseconds(): number {
    return this.#total + (this.#since === undefined ? 0 : monotonicNow() - this.#since);
  }

  start(): void {
    this.#since ??= monotonicNow();
  }

  stop(): void {
    this.#total = this.milliseconds;
    this.#since = undefined;
  }

  /** Starts again from `milliseconds`, stopped. */
  reset(milliseconds = 0): void {
    this.#total = milliseconds;
    this.#since = undefined;
  }
}
