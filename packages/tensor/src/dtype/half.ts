/**
 * 16-bit floating formats in software: Node 20 has no Float16Array, and bfloat16 has no typed array anywhere.
 * Both conversions round half to even and keep NaN and infinity.
 */

const scratch = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** The IEEE binary16 pattern nearest to `value` (half to even), rounded once from the double. */
export function float16FromNumber(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2^-14 the spacing is fixed at 2^-24; above, it is 2^(exponent - 10).
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const adjusted = exponent > -14 && 2 ** exponent > magnitude ? exponent - 1 : exponent;
  const steps = roundHalfEven(magnitude / 2 ** (adjusted - 10));
  // A carry out of the fraction lands in the exponent field, which is what rounding up to the next binade means.
  return sign | (magnitude < 2 ** -14 ? steps : steps - 1024 + ((adjusted + 15) << 10));
}

/** The value of an IEEE binary16 pattern. */
export function numberFromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The bfloat16 pattern nearest to `value`, rounded through binary32 (half to even). */
export function bfloat16FromNumber(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  const bits = bitsOf(value);
  const roundingBias = 0x7fff + ((bits >>> 16) & 1);
  return ((bits + roundingBias) >>> 16) & 0xffff;
}

/** The value of a bfloat16 pattern. */
export function numberFromBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** Rounds to the nearest integer, ties to the even one; keeps the sign of zero. */
export function roundHalfEven(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const floor = Math.floor(value);
  const rest = value - floor;
  const rounded = rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return rounded === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rounded;
}
