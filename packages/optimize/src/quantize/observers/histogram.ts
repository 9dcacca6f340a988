/** Counts of values, for observers that leave some out. */
import { MinMaxObserver, type ValueRange } from './observer.ts';

const bins = 4096;

/** Counts in bins over -limit … limit, which doubles when a value falls outside. */
export class Histogram {
  readonly #extremes = new MinMaxObserver();
  #counts = new Float64Array(bins);
  #limit = 0;
  #total = 0;

  /** How many values were seen. */
  get total(): number {
    return this.#total;
  }

  /** How many are in each bin, the lowest first. */
  get counts(): Float64Array {
    return this.#counts;
  }

  /** The size of a bin. */
  get width(): number {
    return this.#limit / (bins / 2);
  }

  /** Where a bin begins. */
  edge(bin: number): number {
    return (bin - bins / 2) * this.width;
  }

  /** Of all values, and of 0. */
  extremes(): ValueRange {
    return this.#extremes.range();
  }

  /** Takes note of the finite values. */
  observe(values: ArrayLike<number>): void {
    this.#extremes.observe(values);
    const { minimum, maximum } = this.extremes();
    this.#widen(Math.max(-minimum, maximum));
    if (this.#limit === 0) return;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      if (!Number.isFinite(value)) continue;
      const bin = Math.min(bins - 1, Math.floor(((value / this.#limit + 1) / 2) * bins));
      this.#counts[bin] = (this.#counts[bin] as number) + 1;
      this.#total++;
    }
  }

  /** Counts of magnitudes, from 0 on: bins of the same width, half as many. */
  magnitudes(): Float64Array {
    const half = bins / 2;
    return Float64Array.from(
      { length: half },
      (_, bin) => (this.#counts[half + bin] as number) + (this.#counts[half - 1 - bin] as number),
    );
  }

  #widen(extent: number): void {
    if (extent <= this.#limit) return;
    if (this.#limit === 0) {
      this.#limit = extent;
      return;
    }
    while (this.#limit < extent) {
      const merged = new Float64Array(bins);
      for (const [bin, count] of this.#counts.entries()) {
        const target = bins / 4 + Math.floor(bin / 2);
        merged[target] = (merged[target] as number) + count;
      }
      this.#counts = merged;
      this.#limit *= 2;
    }
  }
}
