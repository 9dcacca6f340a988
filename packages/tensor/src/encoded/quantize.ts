/** Values as codes of 8 bits: symmetric, with a scale for each run of them. */
import { roundHalfEven } from '../dtype/half.ts';
import { ArgumentError } from '../errors.ts';

/** Codes are from -127 to 127: -128 has no counterpart. */
const largest = 127;

/** Codes, and the scale of each run. */
export interface QuantizedRows {
  readonly codes: Int8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * Each value / scale, divided in f32 as devices do it and rounded half to even; run r is the values `offsets[r]` up to
 * `offsets[r + 1]`, and its largest magnitude has the code 127. Throws ArgumentError for NaN and infinities.
 */
export function quantizeRows(operation: string, values: Float32Array, offsets: Int32Array): QuantizedRows {
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(offsets.length - 1);
  for (let run = 0; run < scales.length; run++) {
    const [begin, end] = [offsets[run] as number, offsets[run + 1] as number];
    const scale = scaleOf(operation, values, begin, end);
    scales[run] = scale;
    for (let index = begin; index < end; index++) codes[index] = codeOf(values[index] as number, scale);
  }
  return { codes, scales };
}

/** The code of a value; where the scale is as small as f32 goes, what it cannot reach is the largest. */
function codeOf(value: number, scale: number): number {
  return Math.max(-largest, Math.min(largest, roundHalfEven(Math.fround(value / scale))));
}

/** The scale of some values: 1 where all are 0. */
function scaleOf(operation: string, values: Float32Array, begin: number, end: number): number {
  let most = 0;
  for (let index = begin; index < end; index++) {
    const magnitude = Math.abs(values[index] as number);
    if (!(magnitude < Infinity))
      throw new ArgumentError(
        operation,
        `value ${index} is ${values[index]}, for which there is no code; clamp or replace it first`,
      );
    if (magnitude > most) most = magnitude;
  }
  const scale = Math.fround(most / largest);
  // That of the smallest values rounds to 0, by which nothing can be divided.
  return scale > 0 ? scale : most > 0 ? 2 ** -149 : 1;
}
