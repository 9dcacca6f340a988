/**
 * Element types: how a value is stored, and in which type it is computed.
 */
import { describe } from '../arguments/describe.ts';
import { DTypeError } from '../errors.ts';
import { bfloat16FromNumber, float16FromNumber, numberFromBfloat16, numberFromFloat16 } from './half.ts';

/** A stored element type. `f16` and `bf16` are kept as 16-bit patterns, `bool` as one byte holding 0 or 1. */
export type DType = 'f32' | 'f64' | 'f16' | 'bf16' | 'i32' | 'u32' | 'i8' | 'u8' | 'bool';

/** The type in which kernels calculate; every stored type widens to one of these. */
export type ComputeDType = 'f32' | 'f64' | 'i32' | 'u32' | 'bool';

/** Coarse class of a dtype, which promotion and domains are written in. */
export type DTypeKind = 'float' | 'signed' | 'unsigned' | 'bool';

/** The typed arrays in which elements travel between JavaScript and a device. */
export type TypedArray = Float32Array | Float64Array | Uint16Array | Int32Array | Uint32Array | Int8Array | Uint8Array;

/** Everything that is particular to one dtype. */
export interface DTypeInfo {
  readonly name: DType;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly kind: DTypeKind;
  readonly compute: ComputeDType;
  /** Smallest and largest finite value. */
  readonly min: number;
  readonly max: number;
  /** Distance from 1 to the next larger value; 0 for integers. */
  readonly epsilon: number;
  /** A typed-array view over `buffer`; `length` in elements. */
  readonly view: (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray;
  /** Rounds or wraps a number to the nearest representable value of this dtype, as a number. */
  readonly round: (value: number) => number;
  /** The raw array element that represents `value`. */
  readonly encode: (value: number) => number;
  /** The number that a raw array element represents. */
  readonly decode: (raw: number) => number;
}

const same = (value: number): number => value;

/** Saturates to the range of a 32-bit integer and truncates; NaN becomes 0, as WebAssembly's `trunc_sat` does. */
export function saturateToInt32(value: number): number {
  if (Number.isNaN(value)) return 0;
  return value >= 2147483647 ? 2147483647 : value <= -2147483648 ? -2147483648 : Math.trunc(value) + 0;
}

/** Saturates to the range of an unsigned 32-bit integer and truncates; NaN becomes 0. */
export function saturateToUint32(value: number): number {
  if (Number.isNaN(value)) return 0;
  return value >= 4294967295 ? 4294967295 : value <= 0 ? 0 : Math.trunc(value);
}

/** Narrow integers take the low bits of the saturated 32-bit value. */
const toInt8 = (value: number): number => (saturateToInt32(value) << 24) >> 24;
const toUint8 = (value: number): number => (value < 0 ? saturateToInt32(value) : saturateToUint32(value)) & 255;
const toBool = (value: number): number => (value === 0 ? 0 : 1);
const viaHalf = (value: number): number => numberFromFloat16(float16FromNumber(value));
const viaBrain = (value: number): number => numberFromBfloat16(bfloat16FromNumber(value));

function floating(
  name: DType,
  bytes: 2 | 4 | 8,
  compute: ComputeDType,
  max: number,
  epsilon: number,
  rest: Pick<DTypeInfo, 'view' | 'round' | 'encode' | 'decode'>,
): DTypeInfo {
  return { name, bytes, kind: 'float', compute, min: -max, max, epsilon, ...rest };
}

function integer(
  name: DType,
  bytes: 1 | 4,
  kind: DTypeKind,
  compute: ComputeDType,
  range: readonly [number, number],
  round: (value: number) => number,
  view: DTypeInfo['view'],
): DTypeInfo {
  return {
    name,
    bytes,
    kind,
    compute,
    min: range[0],
    max: range[1],
    epsilon: 0,
    round,
    encode: round,
    decode: same,
    view,
  };
}

/** The table of dtypes, by name. */
export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  f32: floating('f32', 4, 'f32', 3.4028234663852886e38, 2 ** -23, {
    view: (buffer, offset, length) => new Float32Array(buffer, offset, length),
    round: Math.fround,
    encode: same,
    decode: same,
  }),
  f64: floating('f64', 8, 'f64', Number.MAX_VALUE, Number.EPSILON, {
    view: (buffer, offset, length) => new Float64Array(buffer, offset, length),
    round: same,
    encode: same,
    decode: same,
  }),
  f16: floating('f16', 2, 'f32', 65504, 2 ** -10, {
    view: (buffer, offset, length) => new Uint16Array(buffer, offset, length),
    round: viaHalf,
    encode: float16FromNumber,
    decode: numberFromFloat16,
  }),
  bf16: floating('bf16', 2, 'f32', 3.3895313892515355e38, 2 ** -7, {
    view: (buffer, offset, length) => new Uint16Array(buffer, offset, length),
    round: viaBrain,
    encode: bfloat16FromNumber,
    decode: numberFromBfloat16,
  }),
  i32: integer(
    'i32',
    4,
    'signed',
    'i32',
    [-2147483648, 2147483647],
    saturateToInt32,
    (buffer, offset, length) => new Int32Array(buffer, offset, length),
  ),
  u32: integer(
    'u32',
    4,
    'unsigned',
    'u32',
    [0, 4294967295],
    saturateToUint32,
    (buffer, offset, length) => new Uint32Array(buffer, offset, length),
  ),
  i8: integer(
    'i8',
    1,
    'signed',
    'i32',
    [-128, 127],
    toInt8,
    (buffer, offset, length) => new Int8Array(buffer, offset, length),
  ),
  u8: integer(
    'u8',
    1,
    'unsigned',
    'u32',
    [0, 255],
    toUint8,
    (buffer, offset, length) => new Uint8Array(buffer, offset, length),
  ),
  bool: integer(
    'bool',
    1,
    'bool',
    'bool',
    [0, 1],
    toBool,
    (buffer, offset, length) => new Uint8Array(buffer, offset, length),
  ),
};

/** Every dtype name, in the order of the table. */
export const dtypeNames: readonly DType[] = Object.keys(dtypes) as DType[];

/**
 * True for `f32`, `f64`, `f16` and `bf16`.
 * @throws {DTypeError} for what is no dtype.
 */
export function isFloat(dtype: DType): boolean {
  const info: DTypeInfo | undefined = typeof dtype === 'string' ? dtypes[dtype] : undefined;
  if (info?.kind === undefined)
    throw new DTypeError('isFloat', `there is no dtype ${describe(dtype)}; use one of ${dtypeNames.join(', ')}`);
  return info.kind === 'float';
}
