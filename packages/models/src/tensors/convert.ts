/** Values of files as values of the engine, a piece at a time: only where none is lost. */
import { convertForeign, FormatError } from '@espalier/nn';
import { smallFloats } from '@espalier/nn/format';

import { showName } from '@espalier/nn/arguments';
import { blockType } from '../blocks/table.ts';
import type { FileDType } from './dtypes.ts';

/** Where a value stands, for errors. */
export interface ValuePlace {
  readonly source: string;
  readonly name: string;
}

/** The bytes of values in the dtype of the engine (`FileDType.dtype`) from those of a file. */
export type Conversion = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

type Make = (dtype: FileDType, place: ValuePlace) => Conversion;

const asBytes = (values: Float32Array | Int8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);

/** By the conversions of `@espalier/nn`, which refuse a 64-bit value that 32 bits do not hold. */
const integers: Make =
  ({ name: dtype, bits }, { source, name }) =>
  (bytes) =>
    convertForeign(name, { dtype, shape: [(8 * bytes.byteLength) / bits], bytes }, source).bytes.slice();

/** Floats of 8 bits and fewer by their table; two of 4 bits in a byte, the first in the low bits. */
const floats: Make =
  ({ name, bits }) =>
  (bytes) => {
    const table = smallFloats(name) as Float32Array;
    if (bits === 8) return asBytes(Float32Array.from(bytes, (byte) => table[byte] as number));
    const values = new Float32Array(2 * bytes.length);
    for (const [index, byte] of bytes.entries()) {
      values[2 * index] = table[byte & 15] as number;
      values[2 * index + 1] = table[byte >> 4] as number;
    }
    return asBytes(values);
  };

/** Integers of 2 or 4 bits, the first in the low bits. */
const packedIntegers =
  (isSigned: boolean): Make =>
  ({ bits }) =>
  (bytes) => {
    const perByte = 8 / bits;
    const values = new Int8Array(perByte * bytes.length);
    for (let index = 0; index < values.length; index++) {
      const code = ((bytes[Math.floor(index / perByte)] as number) >> (bits * (index % perByte))) & (2 ** bits - 1);
      values[index] = isSigned && code >> (bits - 1) === 1 ? code - 2 ** bits : code;
    }
    return asBytes(values);
  };

const truth: Make =
  (_, { source, name }) =>
  (bytes) => {
    if (bytes.some((byte) => byte > 1))
      throw new FormatError(source, 0, `${showName(name)} is BOOL, but holds bytes other than 0 and 1`);
    return bytes;
  };

const conversions: Readonly<Record<string, Make>> = {
  BOOL: truth,
  I2: packedIntegers(true),
  U2: packedIntegers(false),
  I4: packedIntegers(true),
  U4: packedIntegers(false),
  I16: integers,
  U16: integers,
  I64: integers,
  U64: integers,
};

/** Weights of blocks. */
const weights: Make =
  ({ name, elements, bits }) =>
  (bytes) => {
    const count = (8 * bytes.byteLength) / bits;
    const values = new Float32Array(count * elements);
    blockType(name)?.decode(bytes, count, values);
    return asBytes(values);
  };

/**
 * How bytes of a dtype become those of `dtype.dtype`, for pieces of whole blocks and bytes.
 * @throws {FormatError} on being called, naming the tensor, for a value that would be lost.
 */
export function conversionOf(dtype: FileDType, place: ValuePlace): Conversion {
  const make = Object.hasOwn(conversions, dtype.name) ? conversions[dtype.name] : undefined;
  if (make) return make(dtype, place);
  if (dtype.isOwn) return (bytes) => bytes;
  return (dtype.elements > 1 ? weights : floats)(dtype, place);
}
