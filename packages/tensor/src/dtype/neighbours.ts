/** The values of a float dtype next to a number. */
import { dtypes, type DType } from './dtype.ts';

/** The value after `value`, which the dtype holds, towards +∞ or -∞. */
function next(dtype: DType, value: number, up: boolean): number {
  const { bytes, encode, decode, view } = dtypes[dtype];
  const element = view(new ArrayBuffer(8), 0, 1);
  // Bit patterns of one sign are in the order of magnitudes, and start at 0.
  element[0] = encode(Math.abs(value));
  const away = value === 0 || value > 0 === up ? 1 : -1;
  if (bytes === 8) {
    const bits = new BigInt64Array(element.buffer);
    bits[0] = (bits[0] as bigint) + BigInt(away);
  } else {
    const bits = bytes === 4 ? new Int32Array(element.buffer) : new Int16Array(element.buffer);
    bits[0] = (bits[0] as number) + away;
  }
  const magnitude = decode(element[0]);
  return value > 0 || (value === 0 && up) ? magnitude : -magnitude;
}

/** The smallest value of a float dtype that is at least `bound`. */
export function atLeast(dtype: DType, bound: number): number {
  const rounded = dtypes[dtype].round(bound);
  return rounded >= bound ? rounded : next(dtype, rounded, true);
}

/** The largest value of a float dtype that is below `bound`. */
export function below(dtype: DType, bound: number): number {
  const rounded = dtypes[dtype].round(bound);
  return rounded < bound ? rounded : next(dtype, rounded, false);
}
