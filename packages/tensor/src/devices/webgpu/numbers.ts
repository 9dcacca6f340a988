/** Small arithmetic on sizes. */

/** The product of all sizes; 1 of none. */
export function prod(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}

/** The smallest power of two that is at least `value`. */
export function powerOfTwoFrom(value: number): number {
  return value <= 1 ? 1 : 2 ** Math.ceil(Math.log2(value));
}

/** `value` raised or lowered into [low, high]. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** `value` rounded up to a multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** The element at `position`, which the caller knows to exist; a missing number reads as 0. */
export function at(values: readonly number[], position: number): number {
  return values[position] ?? 0;
}

/** Row-major strides of a shape. */
export function contiguousStrides(shape: readonly number[]): number[] {
  return shape.map((_, dimension) => prod(shape.slice(dimension + 1)));
}
