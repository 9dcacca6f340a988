/** Making tensors from values. */
import { defaultDevice } from '../device/registry.ts';
import type { Device } from '../device/device.ts';
import { describe } from '../arguments/describe.ts';
import { checkHolds } from '../arguments/numbers.ts';
import {
  aCount,
  aFiniteNumber,
  aNumber,
  check,
  checkOptional,
  checkOptions,
  ruleOf,
  type OptionRules,
  type Rule,
} from '../arguments/rules.ts';
import { aDevice, aDType, aTensor } from '../arguments/types.ts';
import { dtypes, type DType, type TypedArray } from '../dtype/dtype.ts';
import { dtypeOfArray, kindOfArray } from '../dtype/typed-array.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { constantNode, indexNode, storedNode } from '../graph/build.ts';
import { Storage } from '../graph/storage.ts';
import { checkShape, showShape, sizeOf, type Shape } from '../shape/shape.ts';
import { flatten, type NestedValues } from '../tensor/nested.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expandNode, inDType } from '../tensor/wrap.ts';

/** Where and as what a tensor is made. */
export interface CreateOptions {
  /** Default: f32. */
  readonly dtype?: DType;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
}

const createOptions: OptionRules<CreateOptions> = { dtype: aDType, device: aDevice };
/** What random tensors take besides: whoever fills parameters has one set of options for all of them. */
const random = ['generator'];

function place(
  operation: string,
  options: CreateOptions,
  fallback: DType = 'f32',
): { readonly dtype: DType; readonly device: Device } {
  const { dtype = fallback, device = defaultDevice() } = checkOptions(operation, options, createOptions, random);
  if (!device.capabilities.dtypes.has(dtype))
    throw new DTypeError(
      operation,
      `the ${device.name} device has no ${dtype}; use one of ${[...device.capabilities.dtypes].join(', ')}`,
    );
  return { dtype, device };
}

/**
 * A tensor from nested arrays of numbers or truth values. The dtype is f32, bool where all are truth values, and that
 * of the typed arrays where the values stand in such (i32 for 16-bit integers), unless said otherwise.
 * @throws {ShapeError} if the arrays are ragged.
 * @throws {ArgumentError} for what is no number and for a number that the dtype cannot hold.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * const labels = tensor([3, 1, 4], { dtype: 'i32' });
 */
export function tensor(values: NestedValues, options: CreateOptions = {}): Tensor {
  const { shape, data, dtype: own } = flatten('tensor', values);
  const { dtype, device } = place('tensor', options, own);
  return store('tensor', data, shape, dtype, device);
}

/** Stores numbers that the dtype has to hold. */
function store(operation: string, data: ArrayLike<number>, shape: Shape, dtype: DType, device: Device): Tensor {
  const { kind } = dtypes[dtype];
  if (kind !== 'float' && kind !== 'bool')
    for (let index = 0; index < data.length; index++) checkHolds(operation, data[index] as number, dtype);
  return convert(data, shape, dtype, device);
}

/** Stores numbers as `cast` would convert them. */
function convert(data: ArrayLike<number>, shape: Shape, dtype: DType, device: Device): Tensor {
  const { bytes, view, encode } = dtypes[dtype];
  const buffer = new ArrayBuffer(data.length * bytes);
  const array = view(buffer, 0, data.length);
  for (let index = 0; index < data.length; index++) array[index] = encode(data[index] as number);
  return new Tensor(storedNode(Storage.host(device, new Uint8Array(buffer)), shape, dtype));
}

/** Arrays whose bytes are those of a dtype. */
const storedArrays: ReadonlySet<string> = new Set([
  'Float32Array',
  'Float64Array',
  'Int32Array',
  'Uint32Array',
  'Int8Array',
  'Uint8Array',
]);

/**
 * A tensor from a typed array in row-major order; the data is copied. The dtype follows from the array; naming another
 * one converts the values as `cast` does.
 * @throws {ShapeError} if the shape holds another number of elements.
 * @throws {DTypeError} for an array whose elements are those of no dtype.
 */
export function fromTyped(data: Exclude<TypedArray, Uint16Array>, shape?: Shape, options: CreateOptions = {}): Tensor {
  if (!storedArrays.has(kindOfArray(data) ?? ''))
    throw new DTypeError(
      'fromTyped',
      `the data is ${describe(data)}, which holds the values of no dtype; use one of ${[...storedArrays].join(', ')}, fromBytes for 16-bit floats, or tensor() for numbers in arrays`,
    );
  const sizes = checkShape('fromTyped', shape === undefined ? [data.length] : shape);
  if (sizeOf(sizes) !== data.length)
    throw new ShapeError(
      'fromTyped',
      `${data.length} values do not fill ${showShape(sizes)}; give a shape of as many elements`,
    );
  const own = dtypeOfArray(data);
  const { dtype, device } = place('fromTyped', options, own);
  if (dtype !== own) return convert(data, sizes, dtype, device);
  const copy = new Uint8Array(data.byteLength);
  copy.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return new Tensor(storedNode(Storage.host(device, copy), sizes, dtype));
}

/**
 * A tensor from the raw bytes of its dtype, row-major and little-endian, as files hold them (16-bit floats as patterns,
 * bool as bytes of which all but 0 are true). The bytes are copied.
 * @throws {ShapeError} if their number does not fit.
 */
export function fromBytes(bytes: Uint8Array, shape: Shape, options: CreateOptions & { readonly dtype: DType }): Tensor {
  check('fromBytes', 'bytes', bytes, someBytes);
  const sizes = checkShape('fromBytes', shape);
  const asked = checkOptions<CreateOptions>('fromBytes', options, createOptions, random);
  check('fromBytes', 'dtype', asked.dtype, aDType);
  const { dtype, device } = place('fromBytes', asked);
  const needed = sizeOf(sizes) * dtypes[dtype].bytes;
  if (bytes.byteLength !== needed)
    throw new ShapeError(
      'fromBytes',
      `${bytes.byteLength} bytes do not fill ${dtype} ${showShape(sizes)}, which takes ${needed}`,
    );
  const copy = dtype === 'bool' ? asTruths(bytes) : new Uint8Array(bytes);
  return new Tensor(storedNode(Storage.host(device, copy), sizes, dtype));
}

/**
 * A tensor from bytes that fill it, at once on its device, which copies them: in JavaScript memory there is no second copy, which would wait
 * for the collector of garbage.
 * @throws {OutOfMemoryError} where the device has no room.
 */
export function fromBytesAtOnce(
  bytes: Uint8Array,
  shape: Shape,
  { dtype, device }: { readonly dtype: DType; readonly device: Device },
): Tensor {
  const storage = Storage.host(device, dtype === 'bool' ? asTruths(bytes) : bytes);
  if (bytes.length > 0) storage.moveToDevice();
  return new Tensor(storedNode(storage, shape, dtype));
}

const asTruths = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte) => (byte === 0 ? 0 : 1));

const someBytes: Rule<Uint8Array> = ruleOf('a Uint8Array', (value) => kindOfArray(value) === 'Uint8Array');

function filled(operation: string, shape: Shape, value: number, options: CreateOptions): Tensor {
  const sizes = checkShape(operation, shape);
  const { dtype, device } = place(operation, options);
  checkHolds(operation, value, dtype);
  return new Tensor(expandNode(constantNode(value, dtype, device), sizes));
}

/**
 * Every element `value`. Takes no memory until something needs the elements.
 * @throws {ArgumentError} if the dtype cannot hold it.
 */
export function full(shape: Shape, value: number, options: CreateOptions = {}): Tensor {
  return filled('full', shape, check('full', 'value', value, aNumber), options);
}

/** Every element 0. */
export function zeros(shape: Shape, options: CreateOptions = {}): Tensor {
  return filled('zeros', shape, 0, options);
}

/** Every element 1. */
export function ones(shape: Shape, options: CreateOptions = {}): Tensor {
  return filled('ones', shape, 1, options);
}

function filledLike(operation: string, like: Tensor, value: number, options: CreateOptions): Tensor {
  const { shape, dtype, device } = check(operation, 'like', like, aTensor);
  const { dtype: asked = dtype, device: there = device } = checkOptions(operation, options, createOptions, random);
  return filled(operation, shape, value, { dtype: asked, device: there });
}

/** Every element `value`, with the shape of another tensor and, unless said otherwise, its dtype and device. */
export function fullLike(like: Tensor, value: number, options: CreateOptions = {}): Tensor {
  return filledLike('fullLike', like, check('fullLike', 'value', value, aNumber), options);
}

/** Every element 0, like another tensor. */
export function zerosLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return filledLike('zerosLike', like, 0, options);
}

/** Every element 1, like another tensor. */
export function onesLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return filledLike('onesLike', like, 1, options);
}

/** As many elements as an i32 index counts. */
const mostCounted = 2 ** 31 - 1;

/**
 * start, start + step, … below `stop` (above it for a negative step); one argument counts from 0.
 * @throws {ArgumentError} for step 0, for more than 2^31 - 1 elements, and for numbers that the dtype cannot hold.
 */
export function arange(start: number, stop?: number, step = 1, options: CreateOptions = {}): Tensor {
  check('arange', 'start', start, aFiniteNumber);
  checkOptional('arange', 'stop', stop, aFiniteNumber);
  check('arange', 'step', step, aFiniteNumber);
  if (step === 0) throw new ArgumentError('arange', 'the step is 0; it must be a finite number other than 0');
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count > mostCounted)
    throw new ArgumentError(
      'arange',
      `from ${from} to ${to} by ${step} are ${count} elements; take at most ${mostCounted}`,
    );
  const { dtype, device } = place('arange', options);
  if (count === 0) return filled('arange', [0], 0, { dtype, device });
  const position = new Tensor(indexNode(count, dtype === 'u32' ? 'u32' : 'i32', device));
  if (dtypes[dtype].kind === 'float') {
    // 16-bit floats count to 2,048 only: positions are f32, and rounded once at the end.
    const values = position.cast(dtype === 'f64' ? 'f64' : 'f32').mul(step);
    return inDType(values.add(from), dtype);
  }
  for (const end of [from, from + (count - 1) * step]) checkHolds('arange', end, dtype);
  if (!Number.isInteger(step)) throw new ArgumentError('arange', `steps of ${step} are no ${dtype}; use a float dtype`);
  // Steps wrap, so that every value on the way is right although a step may go down in u32.
  const wide = position.dtype;
  const asWide = (value: number): number => (wide === 'u32' ? value >>> 0 : value | 0);
  return inDType(position.mul(asWide(step)).add(asWide(from)), dtype);
}

/** As many doubles as fit into 1 GiB of JavaScript memory. */
const mostWritten = 2 ** 27;

/**
 * `count` numbers from `start` to `stop`, both included, evenly spaced.
 * @throws {ArgumentError} if the dtype cannot hold one.
 */
export function linspace(start: number, stop: number, count: number, options: CreateOptions = {}): Tensor {
  check('linspace', 'start', start, aFiniteNumber);
  check('linspace', 'stop', stop, aFiniteNumber);
  check('linspace', 'count', count, aCount);
  if (count > mostWritten) throw new ArgumentError('linspace', `the count is ${count}; take at most ${mostWritten}`);
  const { dtype, device } = place('linspace', options);
  const data = new Float64Array(count).map((_, index) =>
    count === 1 ? start : start + ((stop - start) * index) / (count - 1),
  );
  return store('linspace', data, [count], dtype, device);
}

/** 1 on the diagonal, 0 elsewhere: [rows, columns], square by default. */
export function eye(rows: number, columns: number = rows, options: CreateOptions = {}): Tensor {
  check('eye', 'rows', rows, aCount);
  check('eye', 'columns', columns, aCount);
  checkShape('eye', [rows, columns]);
  const { dtype, device } = place('eye', options);
  return new Tensor(indexNode(rows, 'i32', device))
    .unsqueeze(1)
    .eq(new Tensor(indexNode(columns, 'i32', device)))
    .cast(dtype);
}
