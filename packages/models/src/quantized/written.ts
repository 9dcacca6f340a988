/** Parts of quantized weights that are to be written. */
import { ArgumentError, dtypes } from '@espalier/tensor';
import { halfValues } from '../blocks/half.ts';
import type { WrittenTensor } from '../tensors/tensor-source.ts';

/** Bytes of a dtype as a tensor. */
export function bytesTensor(
  dtype: string,
  shape: readonly number[],
  values: ArrayBufferView<ArrayBuffer>,
): WrittenTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    dtype,
    shape,
    bytes: bytes.length,
    values: async function* pieces() {
      yield bytes;
    },
  };
}

/** Words as a tensor. */
export function wordTensor(words: Int32Array<ArrayBuffer>, shape: readonly number[]): WrittenTensor {
  return bytesTensor('I32', shape, words);
}

/**
 * Scales as f16.
 * @throws {ArgumentError} for one that 16 bits do not hold.
 */
export function halfTensor(operation: string, values: Float32Array, shape: readonly number[]): WrittenTensor {
  const table = halfValues();
  const patterns = Uint16Array.from(values, (value) => {
    const pattern = dtypes.f16.encode(value);
    if (table[pattern] !== value)
      throw new ArgumentError(operation, `a scale is ${value}, which 16 bits do not hold; quantize with scales of f16`);
    return pattern;
  });
  return bytesTensor('F16', shape, patterns);
}

/** Scales as f16 where that holds all of them, else as f32. */
export function scaleTensor(values: Float32Array<ArrayBuffer>, shape: readonly number[]): WrittenTensor {
  const table = halfValues();
  const isHalf = values.every((value) => table[dtypes.f16.encode(value)] === value);
  return isHalf ? halfTensor('scaleTensor', values, shape) : bytesTensor('F32', shape, values);
}
