/** What is known of numbers that come one after the other. */

/** A mean of many numbers, and how sure it is. */
export interface Estimated {
  readonly mean: number;
  /** One standard error of the mean, as if the numbers were independent. */
  readonly standardError: number;
}

/**
 * Mean and spread in doubles, without a sum that grows. Source: B. P. Welford, "Note on a method for calculating corrected sums
 * of squares and products", Technometrics 4 (1962).
 */
export class Moments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#count++;
    const off = value - this.#mean;
    this.#mean += off / this.#count;
    this.#squares += off * (value - this.#mean);
  }

  get count(): number {
    return this.#count;
  }

  /** Of one number the standard error is not known: it is infinite. */
  get estimated(): Estimated {
    const n = this.#count;
    return { mean: this.#mean, standardError: n < 2 ? Infinity : Math.sqrt(this.#squares / (n - 1) / n) };
  }
}
