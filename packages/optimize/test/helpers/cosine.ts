/** How alike the outputs of two models are. */

/** The cosine of the angle between two rows; of rows that are 0 it is 1. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, first, second] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [a[index] as number, b[index] as number];
    both += x * y;
    first += x * x;
    second += y * y;
  }
  return first + second === 0 ? 1 : both / Math.sqrt(first * second);
}
