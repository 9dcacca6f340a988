/** What is left of a part, fitted to make up for all that is gone, not only for what went before it. */
import { cpu, fromTyped, scope, type Tensor } from '@espalier/tensor';
import { importanceOf, type Part } from './part.ts';

/** Numbers that are kept away from 0, where they divide. */
const least = 1e-30;

/** Where the fit of all rows stands, each by itself. */
interface Fit {
  readonly values: Tensor;
  /** Of the loss: half of its slope, downwards. */
  readonly slope: Tensor;
  readonly direction: Tensor;
  /** slope · slope over the diagonal: [rows, 1]. */
  readonly steepness: Tensor;
}

/**
 * Rounds of conjugate gradients, side by side for all rows, towards the values of what is kept at which (w - q) · A · (w - q)ᵀ is least, A
 * being the products with `added` on their diagonal. In f32: whoever asks compares what both lose.
 * @param kept 1 for each weight that may have a value
 * @param values to begin with
 */
export function refit(
  part: Part & { readonly products: Float64Array },
  kept: Uint8Array,
  values: Float64Array,
  { added, rounds }: { readonly added: number; readonly rounds: number },
): Float64Array {
  const { weights, rows, columns, products } = part;
  const device = cpu();
  const f32 = (numbers: ArrayLike<number>, ...shape: number[]): Tensor =>
    fromTyped(Float32Array.from(numbers), shape, { device });
  const matrix = new Float64Array(products.length);
  for (let row = 0; row < columns; row++)
    for (let column = 0; column <= row; column++) {
      const value = (products[row * columns + column] as number) + (row === column ? added : 0);
      matrix[row * columns + column] = value;
      matrix[column * columns + row] = value;
    }
  // An input that is always 0 says nothing of a weight, which then stays what it is.
  const sizes = importanceOf(part);
  const isFree = Float64Array.from(kept, (each, index) => (each === 1 && sizes[index % columns] !== 0 ? 1 : 0));
  const scale = Float64Array.from(sizes, (size) => 1 / Math.max(least, size + added));
  const [a, free, inverse] = [f32(matrix, columns, columns), f32(isFree, rows, columns), f32(scale, columns)];
  const computed = (make: () => Fit): Fit =>
    scope(() => {
      const fit = make();
      for (const each of Object.values(fit) as Tensor[]) each.realizeSync();
      return fit;
    });
  const rowSums = (x: Tensor): Tensor => x.sum(-1, { keepDims: true });
  let fit = computed(() => {
    const start = f32(values, rows, columns);
    const slope = f32(weights, rows, columns).sub(start).matmul(a).mul(free);
    const direction = slope.mul(inverse);
    return { values: start, slope, direction, steepness: rowSums(slope.mul(direction)) };
  });
  for (let round = 0; round < rounds; round++) {
    const before = fit;
    fit = computed(() => {
      const curve = before.direction.matmul(a).mul(free);
      const step = before.steepness.div(rowSums(before.direction.mul(curve)).maximum(least));
      const slope = before.slope.sub(curve.mul(step));
      const scaled = slope.mul(inverse);
      const steepness = rowSums(slope.mul(scaled));
      return {
        values: before.values.add(before.direction.mul(step)),
        slope,
        direction: scaled.add(before.direction.mul(steepness.div(before.steepness.maximum(least)))),
        steepness,
      };
    });
    for (const each of Object.values(before) as Tensor[]) each.dispose();
  }
  const fitted = Float64Array.from(fit.values.dataSync() as Float32Array);
  for (const each of [a, free, inverse, ...(Object.values(fit) as Tensor[])]) each.dispose();
  return fitted.map((value, index) => (isFree[index] === 1 ? value : (values[index] as number)));
}
