/** Seeded numbers that are the same everywhere. */
import type { Operand } from './problem.ts';

/** Numbers of [0, 1), one a call. */
export type Stream = () => number;

/** mulberry32, a generator of 32 bits of state by T. Ettinger: small, and the same everywhere. */
export function stream(seed: number): Stream {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Uniform numbers from `low` to `high`. */
export function uniform(next: Stream, shape: readonly number[], low = -0.5, high = 0.5): Operand<Float32Array> {
  const values = new Float32Array(sizeOf(shape));
  for (let index = 0; index < values.length; index++) values[index] = low + (high - low) * next();
  return { shape, values };
}

/** Normal numbers, by Box and Muller. */
export function normal(next: Stream, shape: readonly number[], deviation: number): Operand<Float32Array> {
  const values = new Float32Array(sizeOf(shape));
  for (let index = 0; index < values.length; index++)
    values[index] = deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return { shape, values };
}

/** One number again and again. */
export function filled(shape: readonly number[], value: number): Operand<Float32Array> {
  return { shape, values: new Float32Array(sizeOf(shape)).fill(value) };
}

/** Whole numbers from 0 up to a count. */
export function indices(next: Stream, shape: readonly number[], count: number): Operand<Int32Array> {
  return { shape, values: Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(next() * count)) };
}

/** As many places of a list, always the same, with its first and last. */
export function places(length: number, count = 64): readonly number[] {
  const next = stream(length);
  return [0, length - 1, ...Array.from({ length: count }, () => Math.floor(next() * length))];
}

/** What is expected at some places of a list. */
export function expectedAt(length: number, element: (index: number) => number): ReadonlyMap<number, number> {
  return new Map(places(length).map((index) => [index, element(index)]));
}
