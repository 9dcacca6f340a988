/**
 * Random tensors. Every draw is a pure function of the generator's seed, the number of the draw and the element's index,
 * and gives the same bits on every device.
 */
import { defaultDevice } from '../device/registry.ts';
import type { Device } from '../device/device.ts';
import { isFloat, type DType } from '../dtype/dtype.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import { elementwiseNode, indexNode, storedNode } from '../graph/build.ts';
import { modes } from '../graph/modes.ts';
import { Storage } from '../graph/storage.ts';
import type { ElementwiseOp } from '../ops/op.ts';
import { defaultGenerator, type Generator } from '../random/generator.ts';
import { randomBitsOp, randomNormalOp } from '../random/ops.ts';
import { errorFunction } from '../scalar/error-function.ts';
import { checkShape, sizeOf, type Shape } from '../shape/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { CreateOptions } from './create.ts';

/** Options of a draw. */
export interface RandomOptions extends CreateOptions {
  /** Default: the shared generator that `manualSeed` starts. */
  readonly generator?: Generator;
}

/** One draw of a random op: the index of each element beside the generator's key and count. */
function draw(op: ElementwiseOp, shape: Shape, dtype: DType, options: RandomOptions): Tensor {
  checkShape('random', shape);
  const { generator = defaultGenerator(), device = defaultDevice() } = options;
  const state = keyNode(generator, device);
  const size = sizeOf(shape);
  const words = [0, 1, 2].map((word) => new Tensor(state).narrow(0, word, 1).expand(size).node);
  return new Tensor(elementwiseNode(op, [indexNode(size, 'u32', device), ...words], {}, dtype)).reshape(shape);
}

function keyNode(generator: Generator, device: Device): ReturnType<typeof storedNode> {
  const bytes = (): Uint8Array => new Uint8Array(generator.next().buffer);
  const { trace } = modes;
  // A recorded step draws anew at each replay; recording itself draws nothing, so that when a step is recorded (at its
  // first call, or once more after a resume) does not change what it draws.
  const node = storedNode(Storage.host(device, trace ? new Uint8Array(12) : bytes()), [3], 'u32');
  trace?.dynamic(node, bytes);
  return node;
}

function floatType(operation: string, options: RandomOptions): DType {
  const { dtype = 'f32' } = options;
  if (!isFloat(dtype))
    throw new DTypeError(operation, `${dtype} is no float dtype; use randint for integers and bernoulli for bool`);
  return dtype;
}

/** 32 random bits per element, as u32. */
export function randomBits(shape: Shape, options: Omit<RandomOptions, 'dtype'> = {}): Tensor {
  return draw(randomBitsOp, shape, 'u32', options);
}

/** How many bits a float dtype below 1 resolves evenly, so that a uniform draw never rounds up to 1. */
const uniformBits: Readonly<Record<string, number>> = { f32: 24, f64: 32, f16: 11, bf16: 8 };

/** Uniform on [0, 1). Throws DTypeError for integer dtypes. */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  const dtype = floatType('rand', options);
  const bits = uniformBits[dtype] as number;
  const words = randomBits(shape, options);
  return (bits === 32 ? words : words.shiftRight(32 - bits)).cast(dtype).mul(2 ** -bits);
}

/** Uniform on [low, high). */
export function uniform(
  shape: Shape,
  range: { readonly low?: number; readonly high?: number } = {},
  options: RandomOptions = {},
): Tensor {
  const { low = 0, high = 1 } = range;
  return rand(shape, options)
    .mul(high - low)
    .add(low);
}

/** Standard normal. Throws DTypeError for integer dtypes. */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  return draw(randomNormalOp, shape, 'f32', options).cast(floatType('randn', options));
}

/** Normal with the given mean and standard deviation. */
export function normal(
  shape: Shape,
  moments: { readonly mean?: number; readonly std?: number } = {},
  options: RandomOptions = {},
): Tensor {
  const { mean = 0, std = 1 } = moments;
  const drawn = randn(shape, options);
  return mean === 0 && std === 1 ? drawn : drawn.mul(std).add(mean);
}

/**
 * Normal restricted to [low, high] standard deviations around the mean, by the inverse of the distribution function.
 * Source of the inverse error function: M. Giles, "Approximating the erfinv function", GPU Computing Gems 2, 2011.
 */
export function truncatedNormal(
  shape: Shape,
  moments: { readonly mean?: number; readonly std?: number; readonly low?: number; readonly high?: number } = {},
  options: RandomOptions = {},
): Tensor {
  const { mean = 0, std = 1, low = -2, high = 2 } = moments;
  if (!(low < high)) throw new ArgumentError('truncatedNormal', `low ${low} is not below high ${high}`);
  const [from, to] = [errorFunction(low / Math.SQRT2), errorFunction(high / Math.SQRT2)];
  const dtype = floatType('truncatedNormal', options);
  const quantile = uniform(shape, { low: from, high: to }, { ...options, dtype: 'f32' });
  return inverseErf(quantile).mul(Math.SQRT2).clamp(low, high).mul(std).add(mean).cast(dtype);
}

function inverseErf(x: Tensor): Tensor {
  const horner = (w: Tensor, coefficients: readonly number[]): Tensor =>
    coefficients.slice(1).reduce((sum, c) => sum.mul(w).add(c), w.mul(0).add(coefficients[0] as number));
  const w = x.neg().add(1).mul(x.add(1)).log().neg();
  const central = horner(
    w.sub(2.5),
    [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
      0.246640727, 1.50140941,
    ],
  );
  const tail = horner(
    w.maximum(0).sqrt().sub(3),
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
      1.00167406, 2.83297682,
    ],
  );
  return central.where(w.lt(5), tail).mul(x);
}

/** Integers on [low, high), as i32 unless said otherwise. Throws ArgumentError unless low < high. */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high || high - low > 2 ** 32)
    throw new ArgumentError('randint', `[${low}, ${high}) is no range of integers; low must be below high`);
  const range = high - low;
  const bits = randomBits(shape, options);
  const scaled = range === 2 ** 32 ? bits : bits.multiplyHigh(range);
  return scaled
    .cast('i32')
    .add(low)
    .cast(options.dtype ?? 'i32');
}

/** True with probability `p`. Throws ArgumentError unless p lies in [0, 1]. */
export function bernoulli(p: number, shape: Shape, options: Omit<RandomOptions, 'dtype'> = {}): Tensor {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError('bernoulli', `the probability is ${p}; it must lie between 0 and 1`);
  return rand(shape, options).lt(p);
}

/** 0 to n - 1 in random order, as i32. */
export function permutation(n: number, options: Omit<RandomOptions, 'dtype'> = {}): Tensor {
  return randomBits([n], options).argsort(0);
}
