/** One walk over the columns of a layer, in which what is lost at each is made up for by those behind it. */
import { cutOut, product } from './products.ts';

/** A layer, or one group of a convolution. */
export interface Layer {
  /** [rows, columns], row-major. Changed in place. */
  readonly weights: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** U of `inverseFactor`, for the columns in their order. */
  readonly factor: Float64Array;
}

/** What weights become. */
export interface SweepRules {
  /** Columns that are walked for all rows before those behind them learn of it. */
  readonly block: number;
  /** Told before the columns of a block are walked; the weights in it are up to date. */
  readonly beforeBlock?: (begin: number, end: number) => void;
  /** Told before a column of a row; the weights of the row up to the end of the block are up to date. */
  readonly beforeColumn?: (row: number, column: number) => void;
  /** What a weight becomes. */
  readonly settle: (row: number, column: number, weight: number) => number;
}

/**
 * Gives each weight its final value, column after column: w becomes q, and with e = (w - q) / U[c, c] the columns behind c
 * lose e · U[c, ·], which is the change of them that keeps ‖(W - Ŵ) · X‖ least (B. Hassibi and D. Stork, 1993). Columns
 * behind a block are changed once for all of it. Gives Σ e² of each row, which is d · (Uᵀ · U)⁻¹ · dᵀ of all that its weights are
 * off by. Sources: E. Frantar and D. Alistarh, "SparseGPT", 2023; E. Frantar et al., "GPTQ", 2023.
 */
export function sweep({ weights, rows, columns, factor }: Layer, rules: SweepRules): Float64Array {
  const { block, beforeBlock, beforeColumn, settle } = rules;
  const losses = new Float64Array(rows);
  for (let begin = 0; begin < columns; begin += block) {
    const end = Math.min(columns, begin + block);
    const width = end - begin;
    const lost = new Float64Array(rows * width);
    beforeBlock?.(begin, end);
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      let loss = 0;
      for (let column = begin; column < end; column++) {
        beforeColumn?.(row, column);
        const weight = weights[base + column] as number;
        const settled = settle(row, column, weight);
        weights[base + column] = settled;
        const error = (weight - settled) / (factor[column * columns + column] as number);
        if (error === 0) continue;
        lost[row * width + column - begin] = error;
        loss += error * error;
        const at = column * columns;
        for (let other = column + 1; other < end; other++)
          weights[base + other] = (weights[base + other] as number) - error * (factor[at + other] as number);
      }
      losses[row] = (losses[row] as number) + loss;
    }
    if (end === columns) break;
    const behind = cutOut({ values: factor, columns }, [begin, end], [end, columns]);
    const changes = product({ values: lost, rows, columns: width }, behind);
    for (let row = 0, at = 0; row < rows; row++)
      for (let other = row * columns + end; other < (row + 1) * columns; other++, at++)
        weights[other] = (weights[other] as number) - (changes[at] as number);
  }
  return losses;
}
