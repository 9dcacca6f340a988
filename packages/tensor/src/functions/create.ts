/** Making tensors from values. */
import { defaultDevice } from '../device/registry.ts';
import type { Device } from '../device/device.ts';
import { dtypes, type DType, type TypedArray } from '../dtype/dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts';
import { constantNode, indexNode, storedNode } from '../graph/build.ts';
import { Storage } from '../graph/storage.ts';
import { checkShape, showShape, sizeOf, type Shape } from '../shape/shape.ts';
import { flatten, type NestedValues } from '../tensor/nested.ts';
import { Tensor } from '../tensor/tensor.ts';
import { expandNode } from '../tensor/wrap.ts';

/** Where and as what a tensor is made. */
export interface CreateOptions {
  /** Default: f32. */
  readonly dtype?: DType;
  /** Default: `defaultDevice()`. */
  readonly device?: Device;
}

function place(
  operation: string,
  options: CreateOptions,
  fallback: DType = 'f32',
): { readonly dtype: DType; readonly device: Device } {
  const { dtype = fallback, device = defaultDevice() } = options;
  if (!device.capabilities.dtypes.has(dtype))
    throw new DTypeError(
      operation,
      `the ${device.name} device has no ${dtype}; use one of ${[...device.capabilities.dtypes].join(', ')}`,
    );
  return { dtype, device };
}

/**
 * A tensor from nested arrays of numbers (f32 unless said otherwise) or truth values (bool).
 * Throws ShapeError if the arrays are ragged.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * const labels = tensor([3, 1, 4], { dtype: 'i32' });
 */
export function tensor(values: NestedValues, options: CreateOptions = {}): Tensor {
  const { shape, data, isBool } = flatten(values);
  const { dtype, device } = place('tensor', options, isBool ? 'bool' : 'f32');
  return store(data, shape, dtype, device);
}

function store(data: ArrayLike<number>, shape: Shape, dtype: DType, device: Device): Tensor {
  const { bytes, view, encode } = dtypes[dtype];
  const buffer = new ArrayBuffer(data.length * bytes);
  const array = view(buffer, 0, data.length);
  for (let index = 0; index < data.length; index++) array[index] = encode(data[index] as number);
  return new Tensor(storedNode(Storage.host(device, new Uint8Array(buffer)), shape, dtype));
}

/** By class, not constructor: a Node Buffer is a Uint8Array too. */
const arrayClasses = [
  [Float32Array, 'f32'],
  [Float64Array, 'f64'],
  [Int32Array, 'i32'],
  [Uint32Array, 'u32'],
  [Int8Array, 'i8'],
  [Uint8Array, 'u8'],
] as const;

function dtypeOfArray(data: TypedArray): DType {
  const known = arrayClasses.find(([type]) => data instanceof type);
  if (!known)
    throw new DTypeError(
      'fromTyped',
      `${data.constructor.name} holds the values of no dtype; use fromBytes for 16-bit floats`,
    );
  return known[1];
}

/**
 * A tensor from a typed array in row-major order; the data is copied. The dtype follows from the array; naming another one
 * converts the values. Throws ShapeError if the shape holds another number of elements.
 */
export function fromTyped(
  data: Exclude<TypedArray, Uint16Array>,
  shape: Shape = [data.length],
  options: CreateOptions = {},
): Tensor {
  checkShape('fromTyped', shape);
  if (sizeOf(shape) !== data.length)
    throw new ShapeError(
      'fromTyped',
      `${data.length} values do not fill ${showShape(shape)}; give a shape of as many elements`,
    );
  const own = dtypeOfArray(data);
  const { dtype, device } = place('fromTyped', options, own);
  if (dtype !== own) return store(data, shape, dtype, device);
  const copy = new Uint8Array(data.byteLength);
  copy.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return new Tensor(storedNode(Storage.host(device, copy), shape, dtype));
}

/**
 * A tensor from the raw bytes of its dtype, row-major and little-endian, as files hold them (16-bit floats as patterns,
 * bool as bytes). The bytes are copied. Throws ShapeError if their number does not fit.
 */
export function fromBytes(bytes: Uint8Array, shape: Shape, options: CreateOptions & { readonly dtype: DType }): Tensor {
  checkShape('fromBytes', shape);
  const { dtype, device } = place('fromBytes', options);
  const needed = sizeOf(shape) * dtypes[dtype].bytes;
  if (bytes.byteLength !== needed)
    throw new ShapeError(
      'fromBytes',
      `${bytes.byteLength} bytes do not fill ${dtype} ${showShape(shape)}, which takes ${needed}`,
    );
  return new Tensor(storedNode(Storage.host(device, new Uint8Array(bytes)), shape, dtype));
}

/** Every element `value`. Takes no memory until something needs the elements. */
export function full(shape: Shape, value: number, options: CreateOptions = {}): Tensor {
  checkShape('full', shape);
  const { dtype, device } = place('full', options);
  return new Tensor(expandNode(constantNode(value, dtype, device), shape));
}

/** Every element 0. */
export function zeros(shape: Shape, options: CreateOptions = {}): Tensor {
  return full(shape, 0, options);
}

/** Every element 1. */
export function ones(shape: Shape, options: CreateOptions = {}): Tensor {
  return full(shape, 1, options);
}

/** Every element `value`, with the shape of another tensor and, unless said otherwise, its dtype and device. */
export function fullLike(like: Tensor, value: number, options: CreateOptions = {}): Tensor {
  return full(like.shape, value, { dtype: like.dtype, device: like.device, ...options });
}

/** Every element 0, like another tensor. */
export function zerosLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return fullLike(like, 0, options);
}

/** Every element 1, like another tensor. */
export function onesLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return fullLike(like, 1, options);
}

/** start, start + step, … below `stop` (above it for a negative step); one argument counts from 0. Throws ArgumentError for step 0. */
export function arange(start: number, stop?: number, step = 1, options: CreateOptions = {}): Tensor {
  if (step === 0 || !Number.isFinite(step))
    throw new ArgumentError('arange', `the step is ${step}; it must be a finite number other than 0`);
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  const { dtype, device } = place('arange', options);
  return new Tensor(indexNode(count, 'i32', device)).cast(dtype).mul(step).add(from);
}

/** `count` numbers from `start` to `stop`, both included, evenly spaced. */
export function linspace(start: number, stop: number, count: number, options: CreateOptions = {}): Tensor {
  if (!Number.isInteger(count) || count < 0)
    throw new ArgumentError('linspace', `the count is ${count}; it must be a non-negative integer`);
  const { dtype, device } = place('linspace', options);
  const data = Array.from({ length: count }, (_, index) =>
    count === 1 ? start : start + ((stop - start) * index) / (count - 1),
  );
  return store(data, [count], dtype, device);
}

/** 1 on the diagonal, 0 elsewhere: [rows, columns], square by default. */
export function eye(rows: number, columns: number = rows, options: CreateOptions = {}): Tensor {
  checkShape('eye', [rows, columns]);
  const { dtype, device } = place('eye', options);
  return new Tensor(indexNode(rows, 'i32', device))
    .unsqueeze(1)
    .eq(new Tensor(indexNode(columns, 'i32', device)))
    .cast(dtype);
}
