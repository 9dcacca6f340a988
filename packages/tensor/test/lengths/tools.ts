/** Tensors for the laws of lengths, and how they are compared. */
import { arange, fromTyped, tensor, type Device, type Tensor } from '@espalier/tensor';
import { expect } from 'vitest';

/** An i32 scalar. */
export const scalar = (value: number, device: Device): Tensor => tensor(value, { dtype: 'i32', device });
/** Drawn numbers, all different. */
export const numbers = (shape: readonly number[], device: Device, seed = 1): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return fromTyped(
    Float32Array.from({ length: size }, (_, i) => Math.sin((i + 1) * seed * 12.9898) * 2),
    shape,
    { device },
  );
};
/** The tensor with NaN wherever it must not be looked at. */
export const spoiled = (x: Tensor, lengths: readonly number[]): Tensor =>
  lengths.reduce((all, length, axis) => {
    const size = x.shape[axis] as number;
    const outside = arange(0, size, 1, { dtype: 'i32', device: x.device })
      .ge(length)
      .reshape(x.shape.map((_, a) => (a === axis ? size : 1)));
    return all.maskedFill(outside.expand(x.shape), Number.NaN);
  }, x);
/** The first elements along each axis. */
export const first = (x: Tensor, lengths: readonly number[]): Tensor =>
  lengths.reduce((part, length, axis) => part.narrow(axis, 0, length), x);
/** `size`: how large the terms of each value are, where they may cancel; else that of the value. */
/** Whether two tensors have the same numbers, up to rounding. */
export const close = async (got: Tensor, meant: Tensor, size: Tensor = meant.abs().add(1)): Promise<void> => {
  const [a, b, sizes] = [await got.data(), await meant.data(), await size.data()];
  expect(a.length).toBe(b.length);
  for (const [i, value] of a.entries())
    expect(Math.abs(value - (b[i] as number)) <= 2e-5 * (sizes[i] as number) || Object.is(value, b[i])).toBe(true);
};
