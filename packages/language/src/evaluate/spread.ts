/** Quantiles of any number of numbers, in little memory. */

/** Numbers of f32 whose first 20 bits are the same, after the sign: they differ by less than one part in 4,096. */
interface Cell {
  count: number;
  sum: number;
}

/** How numbers from 0 up are spread. There are as many cells as magnitudes that occur, whatever the number of numbers. */
export class Spread {
  readonly #cells = new Map<number, Cell>();
  readonly #float = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#float.buffer);
  #count = 0;
  #largest = 0;

  /** What is below 0 by rounding counts as 0. */
  add(value: number): void {
    this.#float[0] = Math.max(0, value);
    const key = (this.#bits[0] as number) >>> 11;
    const cell = this.#cells.get(key);
    if (cell) {
      cell.count++;
      cell.sum += this.#float[0];
    } else this.#cells.set(key, { count: 1, sum: this.#float[0] });
    this.#count++;
    this.#largest = Math.max(this.#largest, this.#float[0]);
  }

  get largest(): number {
    return this.#largest;
  }

  /** The least number that a share of all does not exceed, to one part in 4,096. */
  quantile(share: number): number {
    let left = Math.ceil(share * this.#count);
    for (const [, { count, sum }] of [...this.#cells].toSorted(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return sum / count;
    }
    return this.#largest;
  }
}
