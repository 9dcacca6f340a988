/** What is known of numbers that come one after the other. */
import { studentQuantile } from '@espalier/optimize';

/** Where a true value lies. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A mean of many numbers, and how sure it is. */
export interface Estimated {
  readonly mean: number;
  /** One standard error of the mean, as if the numbers were independent. */
  readonly standardError: number;
}

/** A mean over the tokens of windows. */
export interface EstimatedByWindow extends Estimated {
  /**
   * Where the mean of all such texts lies, with a probability of 95 %: by the means of windows, since tokens of one window depend
   * on each other (Student's t). Absent of one window, which tells nothing of others.
   */
  readonly interval?: Interval;
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

/** The probability that a mean lies below its interval, and that it lies above. */
const miss = 0.025;

/** Numbers of tokens, window after window of as many. */
export class WindowMoments {
  readonly #tokens = new Moments();
  readonly #windows = new Moments();
  #own = new Moments();
  #window = 0;

  /** @param window the number of its window; those of one come one after the other */
  add(value: number, window: number): void {
    if (window !== this.#window) this.#close();
    this.#window = window;
    this.#tokens.add(value);
    this.#own.add(value);
  }

  get count(): number {
    return this.#tokens.count;
  }

  /** Of whole windows. */
  get estimated(): EstimatedByWindow {
    this.#close();
    const { count } = this.#windows;
    const { mean, standardError } = this.#tokens.estimated;
    if (count < 2) return { mean, standardError };
    const reach = studentQuantile(1 - miss, count - 1) * this.#windows.estimated.standardError;
    return { mean, standardError, interval: { low: mean - reach, high: mean + reach } };
  }

  #close(): void {
    if (this.#own.count > 0) this.#windows.add(this.#own.estimated.mean);
    this.#own = new Moments();
  }
}
