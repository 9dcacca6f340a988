/**
 * Random tensors. Every draw is a pure function of the generator's seed, the number of the draw and the element's index,
 * and gives the same bits on every device.
 */
import { checkHolds } from '../arguments/numbers.ts';
import {
  aCount,
  aFiniteNumber,
  anInteger,
  aNumber,
  aProbability,
  check,
  checkOptions,
  type OptionRules,
} from '../arguments/rules.ts';
import { aDevice, aDType, aGenerator } from '../arguments/types.ts';
import { defaultDevice } from '../device/registry.ts';
import type { Device } from '../device/device.ts';
import { dtypes, isFloat, type DType } from '../dtype/dtype.ts';
import { atLeast, below } from '../dtype/neighbours.ts';
import { wideFloat } from '../dtype/promote.ts';
import { ArgumentError, DTypeError } from '../errors.ts';
import { elementwiseNode, indexNode, storedNode } from '../graph/build.ts';
import { modes } from '../graph/modes.ts';
import type { Node } from '../graph/node.ts';
import { Storage } from '../graph/storage.ts';
import type { ElementwiseOp } from '../graph/op.ts';
import { defaultGenerator, type Generator } from '../random/generator.ts';
import { randomBitsOp, randomNormalOp } from '../random/ops.ts';
import { errorFunction } from '../scalar/error-function.ts';
import { checkShape, sizeOf, type Shape } from '../shape/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { inDType } from '../tensor/wrap.ts';
import type { CreateOptions } from './create.ts';

/** Options of a draw. */
export interface RandomOptions extends CreateOptions {
  /** Default: the shared generator that `manualSeed` starts. */
  readonly generator?: Generator;
}

const randomOptions: OptionRules<RandomOptions> = { dtype: aDType, device: aDevice, generator: aGenerator };
const ofFixedType: OptionRules<Omit<RandomOptions, 'dtype'>> = { device: aDevice, generator: aGenerator };

/** One draw of a random op: the index of each element beside the generator's key and count. */
function draw(op: ElementwiseOp, shape: Shape, dtype: DType, options: RandomOptions): Tensor {
  const sizes = checkShape('random', shape);
  const { generator = defaultGenerator(), device = defaultDevice() } = options;
  const drawn = (): Node => keyNode(generator, device);
  const state = modes.keys ? modes.keys(drawn) : drawn();
  const size = sizeOf(sizes);
  const words = [0, 1, 2].map((word) => new Tensor(state).narrow(0, word, 1).expand(size).node);
  return new Tensor(elementwiseNode(op, [indexNode(size, 'u32', device), ...words], {}, dtype)).reshape(sizes);
}

function keyNode(generator: Generator, device: Device): Node {
  const bytes = (): Uint8Array => new Uint8Array(generator.next().buffer);
  const { trace } = modes;
  // A recorded step draws anew at each replay; recording itself draws nothing, so that when a step is recorded (at its
  // first call, or once more after a resume) does not change what it draws.
  const node = storedNode(Storage.host(device, trace ? new Uint8Array(12) : bytes()), [3], 'u32');
  trace?.dynamic(node, bytes);
  return node;
}

function floatType(operation: string, options: RandomOptions): DType {
  const { dtype = 'f32' } = checkOptions(operation, options, randomOptions);
  if (!isFloat(dtype))
    throw new DTypeError(operation, `${dtype} is no float dtype; use randint for integers and bernoulli for bool`);
  return dtype;
}

/** 32 random bits per element, as u32. */
export function randomBits(shape: Shape, options: Omit<RandomOptions, 'dtype'> = {}): Tensor {
  return draw(randomBitsOp, shape, 'u32', checkOptions('randomBits', options, ofFixedType));
}

/** How many bits a float dtype below 1 resolves evenly, so that a uniform draw never rounds up to 1. */
const uniformBits: Readonly<Record<string, number>> = { f32: 24, f64: 32, f16: 11, bf16: 8 };

/**
 * Uniform on [0, 1).
 * @throws {DTypeError} for integer dtypes.
 */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  const dtype = floatType('rand', options);
  const bits = uniformBits[dtype] as number;
  const words = draw(randomBitsOp, shape, 'u32', options);
  return (bits === 32 ? words : words.shiftRight(32 - bits)).cast(dtype).mul(2 ** -bits);
}

/** Bounds of uniform draws. */
interface UniformRange {
  readonly low?: number;
  readonly high?: number;
}

/** Moments of normal draws. */
interface NormalMoments {
  readonly mean?: number;
  readonly std?: number;
}

/** Moments of normal draws, and the bounds around the mean in standard deviations. */
interface TruncatedMoments extends NormalMoments {
  readonly low?: number;
  readonly high?: number;
}

const uniformRange: OptionRules<UniformRange> = { low: aFiniteNumber, high: aFiniteNumber };
const normalMoments: OptionRules<NormalMoments> = { mean: aFiniteNumber, std: aFiniteNumber };
const truncatedMoments: OptionRules<TruncatedMoments> = { ...normalMoments, low: aNumber, high: aNumber };

/**
 * Uniform on [low, high): bounds that the dtype lacks are moved inside, and nothing rounds up to `high`. A range without
 * any value of the dtype gives the one nearest to `low`.
 */
export function uniform(shape: Shape, range: UniformRange = {}, options: RandomOptions = {}): Tensor {
  const { low = 0, high = 1 } = checkOptions('uniform', range, uniformRange);
  const drawn = rand(shape, options);
  if (low === 0 && high === 1) return drawn;
  const { dtype } = drawn;
  const [first, last] = [atLeast(dtype, low), below(dtype, high)];
  if (first > last) return drawn.filled(shape, low);
  const wide = inDType(drawn, wideFloat(dtype));
  // The width of a range may be too large for the dtype although both ends are not.
  const scale = Number.isFinite(dtypes[wide.dtype].round(high - low)) ? 1 : 2;
  const values = wide.mul(high / scale - low / scale).add(low / scale);
  return inDType((scale === 1 ? values : values.mul(scale)).clamp(first, last), dtype);
}

/**
 * Standard normal.
 * @throws {DTypeError} for integer dtypes.
 */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  const dtype = floatType('randn', options);
  return draw(randomNormalOp, shape, 'f32', options).cast(dtype);
}

/** Normal with the given mean and standard deviation. */
export function normal(shape: Shape, moments: NormalMoments = {}, options: RandomOptions = {}): Tensor {
  const { mean = 0, std = 1 } = checkOptions('normal', moments, normalMoments);
  const drawn = randn(shape, options);
  return mean === 0 && std === 1 ? drawn : drawn.mul(std).add(mean);
}

/**
 * Normal restricted to [low, high] standard deviations around the mean, by the inverse of the distribution function.
 * Source of the inverse error function: M. Giles, "Approximating the erfinv function", GPU Computing Gems 2, 2011.
 * @throws {ArgumentError} unless low < high.
 * @throws {DTypeError} for integer dtypes.
 */
export function truncatedNormal(shape: Shape, moments: TruncatedMoments = {}, options: RandomOptions = {}): Tensor {
  const { mean = 0, std = 1, low = -2, high = 2 } = checkOptions('truncatedNormal', moments, truncatedMoments);
  if (!(low < high)) throw new ArgumentError('truncatedNormal', `low ${low} is not below high ${high}`);
  const [from, to] = [errorFunction(low / Math.SQRT2), errorFunction(high / Math.SQRT2)];
  const dtype = floatType('truncatedNormal', options);
  // At ±1 the inverse is infinite.
  const quantile = uniform(shape, { low: from, high: to }, { ...options, dtype: 'f32' }).clamp(
    -1 + 2 ** -24,
    1 - 2 ** -24,
  );
  return inDType(inverseErf(quantile).mul(Math.SQRT2).clamp(low, high).mul(std).add(mean), dtype);
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

/**
 * Integers on [low, high), as i32 unless said otherwise.
 * @throws {ArgumentError} unless low < high, and if the dtype cannot hold one of them.
 */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  check('randint', 'low', low, anInteger);
  check('randint', 'high', high, anInteger);
  const { dtype = 'i32', ...rest } = checkOptions('randint', options, randomOptions);
  if (low >= high) throw new ArgumentError('randint', `[${low}, ${high}) holds no integer; low must be below high`);
  // Floats are made of integers of 32 bits too.
  const drawn = low < 0 ? 'i32' : 'u32';
  for (const end of [low, high - 1]) {
    checkHolds('randint', end, dtype);
    checkHolds('randint', end, drawn);
  }
  const bits = randomBits(shape, rest);
  const range = high - low;
  const scaled = range === 2 ** 32 ? bits : bits.multiplyHigh(range);
  return inDType(scaled.cast(drawn).add(low), dtype);
}

/**
 * True with probability `p`.
 * @throws {ArgumentError} unless p lies in [0, 1].
 */
export function bernoulli(p: number, shape: Shape, options: Omit<RandomOptions, 'dtype'> = {}): Tensor {
  check('bernoulli', 'the probability', p, aProbability);
  return rand(shape, checkOptions('bernoulli', options, ofFixedType)).lt(p);
}

/** 0 to n - 1 in random order, as i32. */
export function permutation(n: number, options: Omit<RandomOptions, 'dtype'> = {}): Tensor {
  check('permutation', 'n', n, aCount);
  return randomBits([n], checkOptions('permutation', options, ofFixedType)).argsort(0);
}
