/** One walk over the columns of a layer, in which what is lost at each is made up for by those behind it. */

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
 * behind a block are changed once for all of it. Sources: E. Frantar and D. Alistarh, "SparseGPT", 2023; E. Frantar et al.,
 * "GPTQ", 2023.
 */
export function sweep({ weights, rows, columns, factor }: Layer, rules: SweepRules): void {
  const { block, beforeBlock, beforeColumn, settle } = rules;
  const lost = new Float64Array(block);
  for (let begin = 0; begin < columns; begin += block) {
    const end = Math.min(columns, begin + block);
    beforeBlock?.(begin, end);
    for (let row = 0; row < rows; row++) {
      const base = row * columns;
      for (let column = begin; column < end; column++) {
        beforeColumn?.(row, column);
        const weight = weights[base + column] as number;
        const settled = settle(row, column, weight);
        weights[base + column] = settled;
        const error = (weight - settled) / (factor[column * columns + column] as number);
        lost[column - begin] = error;
        subtract(weights, base, factor, column * columns, error, column + 1, end);
      }
      subtractBlock(weights, base, factor, columns, lost, begin, end);
    }
  }
}

/** Takes what the columns of a block lost off those behind it, four columns at a time: the sums are those of one after the other. */
function subtractBlock(
  weights: Float64Array,
  base: number,
  factor: Float64Array,
  columns: number,
  lost: Float64Array,
  begin: number,
  end: number,
): void {
  let column = begin;
  for (; column + 4 <= end; column += 4) {
    const at = column - begin;
    const [a, b, c, d] = [lost[at], lost[at + 1], lost[at + 2], lost[at + 3]] as [number, number, number, number];
    const row = column * columns;
    for (let other = end; other < columns; other++)
      weights[base + other] =
        (weights[base + other] as number) -
        a * (factor[row + other] as number) -
        b * (factor[row + columns + other] as number) -
        c * (factor[row + 2 * columns + other] as number) -
        d * (factor[row + 3 * columns + other] as number);
  }
  for (; column < end; column++)
    subtract(weights, base, factor, column * columns, lost[column - begin] as number, end, columns);
}

function subtract(
  weights: Float64Array,
  base: number,
  factor: Float64Array,
  row: number,
  error: number,
  begin: number,
  end: number,
): void {
  if (error === 0) return;
  for (let column = begin; column < end; column++)
    weights[base + column] = (weights[base + column] as number) - error * (factor[row + column] as number);
}
