/** Floats of 8 and 4 bits: which number of theirs another one rounds to. */
import { smallFloats } from '@espalier/nn/format';

/** A type of 8 or 4 bits. */
export type SmallFloatType = 'f8e4m3fn' | 'f8e4m3fnuz' | 'f8e5m2' | 'f8e5m2fnuz' | 'f4e2m1';

/** Their names in the table of what each pattern means. */
const names: Readonly<Record<SmallFloatType, string>> = {
  f8e4m3fn: 'F8_E4M3',
  f8e4m3fnuz: 'F8_E4M3FNUZ',
  f8e5m2: 'F8_E5M2',
  f8e5m2fnuz: 'F8_E5M2FNUZ',
  f4e2m1: 'F4',
};

/** What a pattern means. */
export function fromSmallFloat(type: SmallFloatType, pattern: number): number {
  return (smallFloats(names[type]) as Float32Array)[pattern] as number;
}

const magnitudes = new Map<SmallFloatType, number[]>();

/** The finite magnitudes in order, which are patterns themselves. */
function magnitudesOf(type: SmallFloatType): number[] {
  const known = magnitudes.get(type);
  if (known) return known;
  const values = smallFloats(names[type]) as Float32Array;
  const made = Array.from(values.subarray(0, values.length / 2)).filter(Number.isFinite);
  magnitudes.set(type, made);
  return made;
}

/**
 * The nearest number of a type, ties to the even pattern. What is too large becomes the largest finite number with `saturate`,
 * and otherwise infinite, or NaN where the type has no infinity.
 */
export function roundToSmallFloat(type: SmallFloatType, value: number, saturate = true): number {
  if (Number.isNaN(value)) return value;
  const sorted = magnitudesOf(type);
  const last = sorted.length - 1;
  const largest = sorted[last] as number;
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? -1 : 1;
  // Half a step above the largest still rounds to it, if its pattern is even.
  const beyond = largest + (largest - (sorted[last - 1] as number)) / 2;
  if (magnitude > beyond || (magnitude === beyond && last % 2 === 1)) {
    if (saturate) return sign * largest;
    return type === 'f8e5m2' ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] as number) <= magnitude) low = middle;
    else high = middle - 1;
  }
  const below = sorted[low] as number;
  const above = sorted[low + 1] ?? below;
  const isUp = magnitude - below > above - magnitude || (magnitude - below === above - magnitude && low % 2 === 1);
  const rounded = sign * (isUp ? above : below);
  // Where -0 is NaN there is but one zero.
  return type.endsWith('fnuz') && rounded === 0 ? 0 : rounded;
}
