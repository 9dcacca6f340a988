/** Linear models by ridge regression: what any network has to beat. */

/** Weights [outputs][features] and a bias for each output. */
export interface Linear {
  readonly weights: readonly Float64Array[];
  readonly bias: Float64Array;
}

/** Solves A x = b of a symmetric positive definite matrix, in place, by Cholesky's factors. */
function solve(matrix: Float64Array, size: number, sides: readonly Float64Array[]): void {
  const at = (row: number, column: number): number => matrix[row * size + column] as number;
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = at(row, column);
      for (let index = 0; index < column; index++) sum -= at(row, index) * at(column, index);
      // Never 0: the penalty keeps the matrix definite, up to rounding.
      matrix[row * size + column] = row === column ? Math.sqrt(Math.max(sum, 1e-300)) : sum / at(column, column);
    }
  }
  for (const side of sides) {
    for (let row = 0; row < size; row++) {
      let sum = side[row] as number;
      for (let index = 0; index < row; index++) sum -= at(row, index) * (side[index] as number);
      side[row] = sum / at(row, row);
    }
    for (let row = size - 1; row >= 0; row--) {
      let sum = side[row] as number;
      for (let index = row + 1; index < size; index++) sum -= at(index, row) * (side[index] as number);
      side[row] = sum / at(row, row);
    }
  }
}

function meansOf(values: ArrayLike<number>, rows: number, width: number): Float64Array {
  const means = new Float64Array(width);
  for (let row = 0; row < rows; row++)
    for (let index = 0; index < width; index++)
      means[index] = (means[index] as number) + (values[row * width + index] as number) / rows;
  return means;
}

/**
 * min Σ |y - (x w + b)|² + alpha |w|² over x [rows, features] and y [rows, outputs], the bias without penalty, in doubles. Source: A.
 * Hoerl and R. Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12 (1970).
 */
export function fitRidge(x: ArrayLike<number>, y: ArrayLike<number>, rows: number, alpha = 1): Linear {
  const [features, outputs] = [x.length / rows, y.length / rows];
  const [xMeans, yMeans] = [meansOf(x, rows, features), meansOf(y, rows, outputs)];
  const matrix = new Float64Array(features * features);
  const sides = Array.from({ length: outputs }, () => new Float64Array(features));
  const centered = new Float64Array(features);
  for (let row = 0; row < rows; row++) {
    for (let index = 0; index < features; index++)
      centered[index] = (x[row * features + index] as number) - (xMeans[index] as number);
    for (let index = 0; index < features; index++) {
      const value = centered[index] as number;
      if (value === 0) continue;
      for (let other = 0; other <= index; other++)
        matrix[index * features + other] =
          (matrix[index * features + other] as number) + value * (centered[other] as number);
      for (const [output, side] of sides.entries())
        side[index] =
          (side[index] as number) + value * ((y[row * outputs + output] as number) - (yMeans[output] as number));
    }
  }
  for (let index = 0; index < features; index++)
    matrix[index * features + index] = (matrix[index * features + index] as number) + alpha;
  solve(matrix, features, sides);
  const bias = yMeans.map(
    (mean, output) =>
      mean -
      (sides[output] as Float64Array).reduce((sum, weight, index) => sum + weight * (xMeans[index] as number), 0),
  );
  return { weights: sides, bias };
}

/** Its outputs [rows, outputs]. */
export function applyLinear({ weights, bias }: Linear, x: ArrayLike<number>, rows: number): Float64Array {
  const features = x.length / rows;
  const outputs = new Float64Array(rows * weights.length);
  for (let row = 0; row < rows; row++)
    for (const [output, own] of weights.entries()) {
      let sum = bias[output] as number;
      for (let index = 0; index < features; index++)
        sum += (own[index] as number) * (x[row * features + index] as number);
      outputs[row * weights.length + output] = sum;
    }
  return outputs;
}
