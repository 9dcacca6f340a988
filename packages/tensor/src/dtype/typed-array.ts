/** Typed arrays of JavaScript as values: what they are called, and which dtype holds what is in them. */
import type { DType } from './dtype.ts';

/** A typed array of numbers, of whatever kind. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray;

/** By the name that arrays of every realm carry; a Node Buffer is a Uint8Array. 16-bit integers have no dtype but fit i32. */
const byName: Readonly<Record<string, DType>> = {
  Float16Array: 'f16',
  Float32Array: 'f32',
  Float64Array: 'f64',
  Int32Array: 'i32',
  Uint32Array: 'u32',
  Int16Array: 'i32',
  Uint16Array: 'i32',
  Int8Array: 'i8',
  Uint8Array: 'u8',
  Uint8ClampedArray: 'u8',
};

/** The name of a typed array's kind, such as `Float32Array`; undefined for anything else. */
export function kindOfArray(value: unknown): string | undefined {
  return ArrayBuffer.isView(value)
    ? (value as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag]
    : undefined;
}

/** Whether a value is a typed array of numbers; those of bigints and a DataView are not. */
export function isNumberArray(value: unknown): value is NumberArray {
  return Object.hasOwn(byName, kindOfArray(value) ?? '');
}

/** The dtype that holds every element such an array can have. */
export function dtypeOfArray(values: NumberArray): DType {
  return byName[kindOfArray(values) as string] as DType;
}
