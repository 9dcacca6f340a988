/** Quantization of plain arrays: the one place where a weight becomes a code and back. */
import type { NumberFormat } from './number-format.ts';
import { roundHalfToEven } from './rounding.ts';

/**
 * The code of each value: value / scale, rounded half to even, clamped to the format. `scales` holds one f32 for each
 * `values.length / scales.length` values in a row. The division is done in f32, as the devices do it.
 */
export function encodeValues(values: Float32Array, scales: Float32Array, format: NumberFormat): Int8Array<ArrayBuffer> {
  const codes = new Int8Array(values.length);
  const perScale = values.length / scales.length;
  for (let index = 0; index < values.length; index++) {
    const scale = scales[Math.floor(index / perScale)] as number;
    const code = roundHalfToEven(Math.fround((values[index] as number) / scale));
    codes[index] = Math.min(format.maximum, Math.max(format.minimum, code));
  }
  return codes;
}

/** The f32 each code stands for: code · scale. */
export function decodeValues(codes: Int8Array, scales: Float32Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(codes.length);
  const perScale = codes.length / scales.length;
  for (let index = 0; index < codes.length; index++) {
    values[index] = (codes[index] as number) * (scales[Math.floor(index / perScale)] as number);
  }
  return values;
}
