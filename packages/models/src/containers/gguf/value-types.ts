/** The types of metadata of GGUF, as JSON names them. */
import type { Json } from '@espalier/nn';

/** A type of a single value. */
export interface ScalarType {
  readonly name: string;
  readonly number: number;
  /** What a value takes; of a text the least that it can. */
  readonly bytes: number;
  /** A value, little-endian; numbers that JSON has not are texts. Absent of texts. */
  readonly read?: (view: DataView, at: number) => Json;
  readonly write?: (view: DataView, at: number, value: Json) => void;
  /** Whether a value of JSON is one. */
  readonly holds: (value: Json) => boolean;
}

type Number_ = (value: number) => number;

/** Zero with a sign is a float. */
const isWhole = (value: Json): boolean => Number.isSafeInteger(value) && !Object.is(value, -0);

const integer =
  (least: number, most: number): ((value: Json) => boolean) =>
  (value) =>
    isWhole(value) && (value as number) >= least && (value as number) <= most;

const long =
  (least: bigint, most: bigint) =>
  (value: Json): boolean => {
    const isText = typeof value === 'string' && /^-?\d{1,20}$/u.test(value);
    if (!isText && !isWhole(value)) return false;
    const exact = BigInt(value as string | number);
    return exact >= least && exact <= most;
  };

/** An integer as a number where that is exact, as decimal text where it is not. */
const exactly = (value: bigint): Json =>
  value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn ? Number(value) : String(value);

const odd: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);
/** A float, as text where JSON has no number for it. */
const float = (value: number): Json => (Number.isFinite(value) ? value : String(value));
const isFloat =
  (round: Number_) =>
  (value: Json): boolean =>
    odd.has(value) || (typeof value === 'number' && Object.is(round(value), value));

/** Every type but arrays. */
export const scalarTypes: readonly ScalarType[] = [
  {
    name: 'u8',
    number: 0,
    bytes: 1,
    read: (view, at) => view.getUint8(at),
    write: (view, at, value) => view.setUint8(at, Number(value)),
    holds: integer(0, 255),
  },
  {
    name: 'i8',
    number: 1,
    bytes: 1,
    read: (view, at) => view.getInt8(at),
    write: (view, at, value) => view.setInt8(at, Number(value)),
    holds: integer(-128, 127),
  },
  {
    name: 'u16',
    number: 2,
    bytes: 2,
    read: (view, at) => view.getUint16(at, true),
    write: (view, at, value) => view.setUint16(at, Number(value), true),
    holds: integer(0, 65535),
  },
  {
    name: 'i16',
    number: 3,
    bytes: 2,
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, value) => view.setInt16(at, Number(value), true),
    holds: integer(-32768, 32767),
  },
  {
    name: 'u32',
    number: 4,
    bytes: 4,
    read: (view, at) => view.getUint32(at, true),
    write: (view, at, value) => view.setUint32(at, Number(value), true),
    holds: integer(0, 2 ** 32 - 1),
  },
  {
    name: 'i32',
    number: 5,
    bytes: 4,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, Number(value), true),
    holds: integer(-(2 ** 31), 2 ** 31 - 1),
  },
  {
    name: 'f32',
    number: 6,
    bytes: 4,
    read: (view, at) => float(view.getFloat32(at, true)),
    write: (view, at, value) => view.setFloat32(at, Number(value), true),
    holds: isFloat(Math.fround),
  },
  {
    name: 'bool',
    number: 7,
    bytes: 1,
    // What is neither 0 nor 1 is found by the reader: null is no value of the format.
    read: (view, at) => [false, true][view.getUint8(at)] ?? null,
    write: (view, at, value) => view.setUint8(at, Number(value)),
    holds: (value) => typeof value === 'boolean',
  },
  { name: 'string', number: 8, bytes: 8, holds: (value) => typeof value === 'string' },
  {
    name: 'u64',
    number: 10,
    bytes: 8,
    read: (view, at) => exactly(view.getBigUint64(at, true)),
    write: (view, at, value) => view.setBigUint64(at, BigInt(value as string | number), true),
    holds: long(0n, 2n ** 64n - 1n),
  },
  {
    name: 'i64',
    number: 11,
    bytes: 8,
    read: (view, at) => exactly(view.getBigInt64(at, true)),
    write: (view, at, value) => view.setBigInt64(at, BigInt(value as string | number), true),
    holds: long(-(2n ** 63n), 2n ** 63n - 1n),
  },
  {
    name: 'f64',
    number: 12,
    bytes: 8,
    read: (view, at) => float(view.getFloat64(at, true)),
    write: (view, at, value) => view.setFloat64(at, Number(value), true),
    holds: isFloat((value) => value),
  },
];

/** The number of arrays, which a number for their elements, how many these are, and they themselves follow. */
export const arrayNumber = 9;
/** The least that an array takes within another: those two. */
export const arrayBytes = 12;

const byNumber = new Map(scalarTypes.map((type) => [type.number, type]));
const byName = new Map<unknown, ScalarType>(scalarTypes.map((type) => [type.name, type]));

/** A type by its number in files. */
export function scalarOfNumber(number: number): ScalarType | undefined {
  return byNumber.get(number);
}

/** A type by its name. */
export function scalarOfName(name: unknown): ScalarType | undefined {
  return byName.get(name);
}

/**
 * The type of a value as JSON: the name of a scalar type, `{ of: type }` for an array whose elements all have it, or `{ items:
 * [type, …] }` for an array of arrays of different types.
 */
export type ValueType = string | { readonly of: ValueType } | { readonly items: readonly ValueType[] };

/** Whether arrays of a type are one text in base64: those of single bytes, which would take eight as numbers each. */
export function isBytes(type: ValueType): boolean {
  return type === 'u8' || type === 'i8';
}
