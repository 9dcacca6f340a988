/** Tensors of dtypes that files have and the engine has not: carried as they are, or converted where no value is lost. */
import type { DType, Shape } from '@espalier/tensor';
import { aText, check, ruleOf, type Rule } from '@espalier/tensor/arguments';
import { aByteArray, aShape } from '../config/rules.ts';
import { isRecord } from '../json.ts';
import { showName } from '../config/fields.ts';
import { FormatError } from '../errors.ts';
import type { RawTensor } from './safetensors.ts';
import { smallFloats } from './small-floats.ts';

/** A tensor whose values are only carried: the format's name of its dtype, and its bytes as the file has them. */
export interface ForeignTensor {
  /** As the file names it: `I64`, `C64`, `F8_E8M0`. */
  readonly dtype: string;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** Values of some dtype, by its name. */
export const aForeignTensor: Rule<ForeignTensor> = ruleOf('values { dtype, shape, bytes }', (value) => {
  if (!isRecord(value)) return false;
  return aText.holds(value['dtype']) && aShape.holds(value['shape']) && aByteArray.holds(value['bytes']);
});

interface Conversion {
  readonly dtype: DType;
  /** The values; or the first of them that does not fit. */
  readonly convert: (bytes: Uint8Array<ArrayBuffer>) => ArrayBufferView<ArrayBuffer> | { readonly misfit: bigint };
}

/** 64-bit integers as 32-bit ones; the upper half must say nothing that the lower one does not. */
function halves(signed: boolean): Conversion['convert'] {
  return ({ buffer }) => {
    const words = new Int32Array(buffer);
    const values = new Int32Array(words.length / 2);
    for (let index = 0; index < values.length; index++) {
      const low = words[2 * index] as number;
      if (words[2 * index + 1] !== (signed ? low >> 31 : 0))
        return { misfit: (signed ? new BigInt64Array(buffer) : new BigUint64Array(buffer))[index] as bigint };
      values[index] = low;
    }
    return values;
  };
}

function floats(name: string): Conversion['convert'] {
  return (bytes) => {
    const values = smallFloats(name) as Float32Array;
    return Float32Array.from(bytes, (byte) => values[byte] as number);
  };
}

const conversions: Readonly<Record<string, Conversion>> = {
  I64: { dtype: 'i32', convert: halves(true) },
  U64: { dtype: 'u32', convert: halves(false) },
  I16: { dtype: 'i32', convert: ({ buffer }) => Int32Array.from(new Int16Array(buffer)) },
  U16: { dtype: 'u32', convert: ({ buffer }) => Uint32Array.from(new Uint16Array(buffer)) },
  F8_E4M3: { dtype: 'f32', convert: floats('F8_E4M3') },
  F8_E5M2: { dtype: 'f32', convert: floats('F8_E5M2') },
};

/**
 * A foreign tensor in a dtype of the engine: I64 and I16 as i32, U64 and U16 as u32, F8_E4M3 and F8_E5M2 as f32.
 * @throws {FormatError} naming the tensor, for any other dtype, and for a 64-bit value that 32 bits do not hold.
 */
export function convertForeign(name: string, foreign: ForeignTensor, source = 'safetensors'): RawTensor {
  check('convertForeign', 'name', name, aText);
  check('convertForeign', 'source', source, aText);
  const { dtype, shape, bytes } = check('convertForeign', 'the tensor', foreign, aForeignTensor);
  const conversion = Object.hasOwn(conversions, dtype) ? conversions[dtype] : undefined;
  if (!conversion)
    throw new FormatError(source, 0, `${showName(name)} is ${dtype}, which there are no tensors of; convert it before`);
  // A copy, because a typed array must start at a multiple of its element size.
  const values = conversion.convert(new Uint8Array(bytes));
  if ('misfit' in values)
    throw new FormatError(
      source,
      0,
      `${showName(name)} is ${dtype} and holds ${values.misfit}, which no ${conversion.dtype} is`,
    );
  return {
    dtype: conversion.dtype,
    shape,
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}
