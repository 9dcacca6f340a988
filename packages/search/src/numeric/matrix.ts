/** A square matrix by rows. */
export type SquareMatrix = Float64Array;

/** An item of a list that is known to be long enough. */
export function at(list: Float64Array, index: number): number {
  return list[index] ?? Number.NaN;
}

/**
 * Replaces the lower triangle of a symmetric positive definite matrix by its Cholesky factor. False when the matrix is
 * not positive definite; it is then half done.
 */
export function cholesky(matrix: SquareMatrix, size: number): boolean {
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = at(matrix, row * size + column);
      for (let k = 0; k < column; k += 1) sum -= at(matrix, row * size + k) * at(matrix, column * size + k);
      if (row !== column) matrix[row * size + column] = sum / at(matrix, column * size + column);
      else if (sum > 0) matrix[row * size + row] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Solves L x = b in place, for the lower triangle of a factor. */
export function solveLower(factor: SquareMatrix, size: number, b: Float64Array): Float64Array {
  for (let row = 0; row < size; row += 1) {
    let sum = at(b, row);
    for (let k = 0; k < row; k += 1) sum -= at(factor, row * size + k) * at(b, k);
    b[row] = sum / at(factor, row * size + row);
  }
  return b;
}

/** Solves Lᵀ x = b in place, for the lower triangle of a factor. */
export function solveUpper(factor: SquareMatrix, size: number, b: Float64Array): Float64Array {
  for (let row = size - 1; row >= 0; row -= 1) {
    const value = at(b, row) / at(factor, row * size + row);
    b[row] = value;
    for (let k = 0; k < row; k += 1) b[k] = at(b, k) - at(factor, row * size + k) * value;
  }
  return b;
}

/** The whole inverse of L Lᵀ, for the lower triangle of a factor. */
export function inverseOf(factor: SquareMatrix, size: number): SquareMatrix {
  const inverse = new Float64Array(size * size);
  // L⁻¹ by columns, each kept as a row, so that what follows runs along memory.
  const columns = new Float64Array(size * size);
  for (let column = 0; column < size; column += 1) {
    columns[column * size + column] = 1 / at(factor, column * size + column);
    for (let row = column + 1; row < size; row += 1) {
      let sum = 0;
      for (let k = column; k < row; k += 1) sum -= at(factor, row * size + k) * at(columns, column * size + k);
      columns[column * size + row] = sum / at(factor, row * size + row);
    }
  }
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = 0;
      for (let k = row; k < size; k += 1) sum += at(columns, row * size + k) * at(columns, column * size + k);
      inverse[row * size + column] = sum;
      inverse[column * size + row] = sum;
    }
  }
  return inverse;
}

/** The eigenvalues of a symmetric matrix, and its eigenvectors as the columns of a matrix by rows. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: SquareMatrix;
}

/**
 * The eigenvalues and eigenvectors of a symmetric matrix, in no order.
 *
 * Source: the cyclic Jacobi method; Golub and Van Loan, "Matrix computations", section 8.5.
 */
export function eigenOf(matrix: SquareMatrix, size: number): Eigen {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let index = 0; index < size; index += 1) vectors[index * size + index] = 1;
  const rotate = (m: SquareMatrix, i: number, j: number, cosine: number, sine: number): void => {
    const [x, y] = [at(m, i), at(m, j)];
    m[i] = cosine * x - sine * y;
    m[j] = sine * x + cosine * y;
  };
  for (let sweep = 0; sweep < 60; sweep += 1) {
    let rotated = false;
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        const off = at(a, p * size + q);
        const [ap, aq] = [at(a, p * size + p), at(a, q * size + q)];
        if (Math.abs(off) <= 1e-17 * Math.sqrt(Math.abs(ap * aq)) || off === 0) continue;
        rotated = true;
        const theta = (aq - ap) / (2 * off);
        const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const cosine = 1 / Math.sqrt(tangent * tangent + 1);
        const sine = tangent * cosine;
        for (let k = 0; k < size; k += 1) rotate(a, k * size + p, k * size + q, cosine, sine);
        for (let k = 0; k < size; k += 1) rotate(a, p * size + k, q * size + k, cosine, sine);
        for (let k = 0; k < size; k += 1) rotate(vectors, k * size + p, k * size + q, cosine, sine);
      }
    }
    if (!rotated) break;
  }
  return { values: Float64Array.from({ length: size }, (_, index) => at(a, index * size + index)), vectors };
}
