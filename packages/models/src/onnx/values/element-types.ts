/** The element types of ONNX: their numbers in files, and what they are on a device. */
import { dtypes, type DType } from '@espalier/tensor';
import { roundToSmallFloat, type SmallFloatType } from './small-floats.ts';

/** A type of elements, by our name. */
export type ElementType =
  | DType
  | 'i16'
  | 'u16'
  | 'i64'
  | 'u64'
  | 'i4'
  | 'u4'
  | 'i2'
  | 'u2'
  | 'string'
  | 'c64'
  | 'c128'
  | SmallFloatType;

/** What there is to know of a type. */
export interface ElementTypeInfo {
  /** Its number in files. */
  readonly code: number;
  /** As ONNX writes it. */
  readonly name: string;
  readonly kind: 'float' | 'integer' | 'bool' | 'text' | 'complex';
  /** Bits of an element in raw data; 0 for texts. */
  readonly bits: number;
  /** What elements are on a device; wider where it has no such type. Undefined for what no device holds. */
  readonly carrier: DType | undefined;
}

/** All types, by our names. */
export const elementTypes: Readonly<Record<ElementType, ElementTypeInfo>> = {
  f32: { code: 1, name: 'float', kind: 'float', bits: 32, carrier: 'f32' },
  u8: { code: 2, name: 'uint8', kind: 'integer', bits: 8, carrier: 'u8' },
  i8: { code: 3, name: 'int8', kind: 'integer', bits: 8, carrier: 'i8' },
  u16: { code: 4, name: 'uint16', kind: 'integer', bits: 16, carrier: 'i32' },
  i16: { code: 5, name: 'int16', kind: 'integer', bits: 16, carrier: 'i32' },
  i32: { code: 6, name: 'int32', kind: 'integer', bits: 32, carrier: 'i32' },
  i64: { code: 7, name: 'int64', kind: 'integer', bits: 64, carrier: 'i32' },
  string: { code: 8, name: 'string', kind: 'text', bits: 0, carrier: undefined },
  bool: { code: 9, name: 'bool', kind: 'bool', bits: 8, carrier: 'bool' },
  f16: { code: 10, name: 'float16', kind: 'float', bits: 16, carrier: 'f16' },
  f64: { code: 11, name: 'double', kind: 'float', bits: 64, carrier: 'f64' },
  u32: { code: 12, name: 'uint32', kind: 'integer', bits: 32, carrier: 'u32' },
  u64: { code: 13, name: 'uint64', kind: 'integer', bits: 64, carrier: 'u32' },
  c64: { code: 14, name: 'complex64', kind: 'complex', bits: 64, carrier: undefined },
  c128: { code: 15, name: 'complex128', kind: 'complex', bits: 128, carrier: undefined },
  bf16: { code: 16, name: 'bfloat16', kind: 'float', bits: 16, carrier: 'bf16' },
  f8e4m3fn: { code: 17, name: 'float8e4m3fn', kind: 'float', bits: 8, carrier: 'f32' },
  f8e4m3fnuz: { code: 18, name: 'float8e4m3fnuz', kind: 'float', bits: 8, carrier: 'f32' },
  f8e5m2: { code: 19, name: 'float8e5m2', kind: 'float', bits: 8, carrier: 'f32' },
  f8e5m2fnuz: { code: 20, name: 'float8e5m2fnuz', kind: 'float', bits: 8, carrier: 'f32' },
  u4: { code: 21, name: 'uint4', kind: 'integer', bits: 4, carrier: 'u8' },
  i4: { code: 22, name: 'int4', kind: 'integer', bits: 4, carrier: 'i8' },
  f4e2m1: { code: 23, name: 'float4e2m1', kind: 'float', bits: 4, carrier: 'f32' },
  u2: { code: 25, name: 'uint2', kind: 'integer', bits: 2, carrier: 'u8' },
  i2: { code: 26, name: 'int2', kind: 'integer', bits: 2, carrier: 'i8' },
};

const byCode = new Map(Object.entries(elementTypes).map(([type, { code }]) => [code, type as ElementType]));

/** The type of a number in files; undefined for a number that no type has. */
export function elementTypeOf(code: number): ElementType | undefined {
  return byCode.get(code);
}

/** Whether a type is one of whole numbers, `bool` not being one. */
export const isWhole = (type: ElementType): boolean => elementTypes[type].kind === 'integer';

const unsigned: ReadonlySet<ElementType> = new Set(['u2', 'u4', 'u8', 'u16', 'u32', 'u64']);

/** The smallest and the largest number of a type of whole numbers. */
export function wholeRange(type: ElementType): readonly [number, number] {
  const { bits } = elementTypes[type];
  return unsigned.has(type) ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** The number of a type that a number becomes by being stored: rounded, or the low bits of a whole number. */
export function stored(type: ElementType, value: number): number {
  const { kind, bits, carrier } = elementTypes[type];
  if (kind === 'bool') return value === 0 ? 0 : 1;
  if (kind === 'float')
    return carrier === type ? dtypes[carrier].round(value) : roundToSmallFloat(type as SmallFloatType, value);
  if (bits === 64) return value;
  const [low, high] = wholeRange(type);
  if (value >= low && value <= high) return value;
  const wrapped = ((value % 2 ** bits) + 2 ** bits) % 2 ** bits;
  return wrapped > high ? wrapped - 2 ** bits : wrapped;
}
