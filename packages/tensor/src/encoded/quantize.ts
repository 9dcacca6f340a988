/** Values as codes of 8 bits: symmetric, with a scale for each run of them. */
import { roundHalfEven } from '../dtype/half.ts';
import { below } from '../dtype/neighbours.ts';
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
 * `offsets[r + 1]`, and its largest magnitude has the code 127.
 * @throws {ArgumentError} for NaN and infinities.
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

/** The code of a value. */
function codeOf(value: number, scale: number): number {
  return Math.max(-largest, Math.min(largest, roundHalfEven(Math.fround(value / scale))));
}

/** The scale of some values: 1 where all are 0. */
function scaleOf(operation: string, values: Float32Array, begin: number, end: number): number {
  let most = 0;
  for (let index = begin; index < end; index++)
    most = Math.max(most, Math.abs(codable(operation, values[index] as number, index)));
  return scaleReaching(most, largest);
}

/**
 * A value, if it is finite.
 * @throws {ArgumentError} if it is not.
 */
export function codable(operation: string, value: number, index: number): number {
  if (Number.isFinite(value)) return value;
  throw new ArgumentError(
    operation,
    `value ${index} is ${value}, for which there is no code; clamp or replace it first`,
  );
}

/**
 * The scale with which the largest of some codes means a magnitude: the nearest f32, but one that keeps the product finite,
 * and, where f32 is too coarse for the quotient, one from which the magnitude is not further than half a step. 1 for 0.
 */
export function scaleReaching(most: number, codes: number): number {
  if (most === 0) return 1;
  const scale = Math.fround(most / codes);
  if (Math.fround(scale * codes) === Infinity) return below('f32', scale);
  return most > scale * (codes + 0.5) ? scale + 2 ** -149 : scale;
}
