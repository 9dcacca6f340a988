/** Dense linear algebra in doubles, over row-major square matrices; in tiles, whose products the cpu device computes. */
import { cutOut, product, turned } from './products.ts';

const tile = 128;

/**
 * L with L · Lᵀ = A, zeros above its diagonal; only the lower half of A is read. Undefined unless A is positive definite, as
 * far as doubles can tell. Source: G. Golub and C. Van Loan, "Matrix computations", 4th edition, algorithm 4.2.5.
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = new Float64Array(matrix.length);
  for (let row = 0; row < size; row++) lower.set(matrix.subarray(row * size, row * size + row + 1), row * size);
  for (let left = 0; left < size; left += tile) {
    const right = Math.min(size, left + tile);
    for (let row = left; row < size; row++)
      for (let column = left; column < Math.min(right, row + 1); column++) {
        const rest = (lower[row * size + column] as number) - dot(lower, row * size, column * size, left, column);
        if (column < row) lower[row * size + column] = rest / (lower[column * size + column] as number);
        else if (rest > size * 2 ** -52 * (matrix[row * size + row] as number))
          lower[row * size + column] = Math.sqrt(rest);
        else return undefined;
      }
    subtractSquares(lower, size, left, right);
  }
  return lower;
}

/** Takes the products of the rows below a tile of columns, within that tile, off what is behind it. */
function subtractSquares(lower: Float64Array, size: number, left: number, right: number): void {
  for (let top = right; top < size; top += tile) {
    const bottom = Math.min(size, top + tile);
    const rows = cutOut({ values: lower, columns: size }, [top, bottom], [left, right]);
    const others = cutOut({ values: lower, columns: size }, [right, bottom], [left, right]);
    const squares = product(rows, turned(others));
    for (let row = top, at = 0; row < bottom; row++, at += bottom - right)
      for (let column = right; column <= row; column++)
        lower[row * size + column] = (lower[row * size + column] as number) - (squares[at + column - right] as number);
  }
}

/** Σ of the products of two rows from one column up to another. */
function dot(values: Float64Array, first: number, second: number, begin: number, end: number): number {
  let [even, odd] = [0, 0];
  let at = begin;
  for (; at + 1 < end; at += 2) {
    even += (values[first + at] as number) * (values[second + at] as number);
    odd += (values[first + at + 1] as number) * (values[second + at + 1] as number);
  }
  if (at < end) even += (values[first + at] as number) * (values[second + at] as number);
  return even + odd;
}

/** The inverse of a lower triangular matrix, which is one too. */
export function inverseOfLower(lower: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const inverse = new Float64Array(lower.length);
  for (let top = 0; top < size; top += tile) {
    const bottom = Math.min(size, top + tile);
    for (let begin = 0; begin < top; begin += tile) {
      const end = begin + tile;
      const factors = cutOut({ values: lower, columns: size }, [top, bottom], [begin, end]);
      const above = cutOut({ values: inverse, columns: size }, [begin, end], [0, end]);
      const products = product(factors, above);
      for (let row = top, at = 0; row < bottom; row++)
        for (let column = 0; column < end; column++, at++)
          inverse[row * size + column] = (inverse[row * size + column] as number) - (products[at] as number);
    }
    for (let row = top; row < bottom; row++) {
      for (let other = top; other < row; other++)
        subtractRow(inverse, row * size, other * size, other + 1, lower[row * size + other] as number);
      inverse[row * size + row] = 1;
      const scale = 1 / (lower[row * size + row] as number);
      for (let column = 0; column <= row; column++)
        inverse[row * size + column] = (inverse[row * size + column] as number) * scale;
    }
  }
  return inverse;
}

/** Takes `factor` times the first elements of a row off another. */
function subtractRow(values: Float64Array, from: number, row: number, count: number, factor: number): void {
  for (let column = 0; column < count; column++)
    values[from + column] = (values[from + column] as number) - factor * (values[row + column] as number);
}
