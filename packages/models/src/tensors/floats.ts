/** Floats of files as f32, and f32 as floats of files, a piece at a time. */
import { FormatError } from '@espalier/nn';
import { showName } from '@espalier/nn/arguments';
import { encodeBlocks } from '../blocks/convert.ts';
import { halfValues } from '../blocks/half.ts';
import { blockTypes } from '../blocks/table.ts';
import { conversionOf, type ValuePlace } from './convert.ts';
import type { FileDType } from './dtypes.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** Refuses a number that would become infinite. */
function tooLarge(value: number, dtype: string, { source, name }: ValuePlace): never {
  throw new FormatError(
    source,
    0,
    `${showName(name)} holds ${value}, which is too large for ${dtype}; keep a wider dtype`,
  );
}

/** Doubles rounded to f32. */
function single(doubles: Float64Array, place: ValuePlace): Float32Array<ArrayBuffer> {
  return Float32Array.from(doubles, (value) => {
    const rounded = Math.fround(value);
    return Number.isFinite(rounded) || !Number.isFinite(value) ? rounded : tooLarge(value, 'F32', place);
  });
}

/**
 * Patterns of f16, half to even. Below 2^-14 their distance is 2^-24, which is the last place of what is left when ½ is
 * added; above, 13 bits of the fraction are rounded off and may carry into the exponent.
 */
function asHalves(values: Float32Array, place: ValuePlace): Bytes {
  const patterns = new Uint16Array(values.length);
  const sources = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let index = 0; index < values.length; index++) {
    const source = sources[index] as number;
    const sign = (source >>> 16) & 0x8000;
    const magnitude = source & 0x7fffffff;
    if (magnitude > 0x7f800000) patterns[index] = sign | 0x7e00;
    else if (magnitude === 0x7f800000) patterns[index] = sign | 0x7c00;
    else if (magnitude >= 0x477ff000) tooLarge(values[index] as number, 'F16', place);
    else if (magnitude < 0x38800000) {
      word[0] = Math.abs(values[index] as number) + 0.5;
      patterns[index] = sign | ((bits[0] as number) - 0x3f000000);
    } else patterns[index] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  return new Uint8Array(patterns.buffer);
}

/** Patterns of bf16, half to even: the upper half of f32. */
function asBrainFloats(values: Float32Array, place: ValuePlace): Bytes {
  const patterns = new Uint16Array(values.length);
  const sources = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let index = 0; index < values.length; index++) {
    const source = sources[index] as number;
    const magnitude = source & 0x7fffffff;
    const isNaN = magnitude > 0x7f800000;
    if (magnitude >= 0x7f7f8000 && magnitude < 0x7f800000) tooLarge(values[index] as number, 'BF16', place);
    patterns[index] = isNaN ? (source >>> 16) | 0x40 : (source + 0x7fff + ((source >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(patterns.buffer);
}

const plain: Readonly<Record<string, (values: Float32Array<ArrayBuffer>, place: ValuePlace) => Bytes>> = {
  F32: (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  F64: (values) => new Uint8Array(Float64Array.from(values).buffer),
  F16: asHalves,
  BF16: asBrainFloats,
};

/** The dtypes that f32 can be written as. */
export const floatTargets: readonly string[] = [...Object.keys(plain), ...blockTypes];

/**
 * How f32 is written as a dtype of `floatTargets`, for pieces of whole blocks.
 * @throws {FormatError} on being called, naming the tensor, for values that a block cannot hold.
 */
export function writerOf(dtype: string, place: ValuePlace): (values: Float32Array<ArrayBuffer>) => Bytes {
  const own = Object.hasOwn(plain, dtype) ? plain[dtype] : undefined;
  if (own) return (values) => own(values, place);
  return (values) => {
    try {
      return encodeBlocks(dtype, values);
    } catch (error) {
      throw new FormatError(place.source, 0, `${showName(place.name)} as ${dtype}: ${(error as Error).message}`);
    }
  };
}

/** Whether the values of a dtype are floats that `readerOf` reads. */
export function isFloatSource({ name, dtype }: FileDType): boolean {
  return name === 'F16' || name === 'BF16' || dtype === 'f32' || dtype === 'f64';
}

/** How floats of a dtype become f32; doubles are rounded to it. */
export function readerOf(dtype: FileDType, place: ValuePlace): (bytes: Bytes) => Float32Array<ArrayBuffer> {
  const convert = conversionOf(dtype, place);
  const read: Readonly<Record<string, (bytes: Bytes) => Float32Array<ArrayBuffer>>> = {
    F16: (bytes) => {
      const values = halfValues();
      return Float32Array.from(
        new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2),
        (pattern) => values[pattern] as number,
      );
    },
    BF16: (bytes) => {
      const words = Uint32Array.from(
        new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2),
        (pattern) => pattern << 16,
      );
      return new Float32Array(words.buffer);
    },
    F64: (bytes) => single(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8), place),
  };
  return (
    read[dtype.name] ??
    ((bytes) => {
      const values = convert(bytes);
      return new Float32Array(values.buffer, values.byteOffset, values.length / 4);
    })
  );
}
