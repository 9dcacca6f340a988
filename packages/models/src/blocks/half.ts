/** Scales in 16 bits, and the ways in which C turns floats into integers. */
import { dtypes } from '@espalier/tensor';

let patterns: Float32Array | undefined;

/** The values of all patterns of f16. */
export function halfValues(): Float32Array {
  return (patterns ??= Float32Array.from({ length: 65_536 }, (_, pattern) => dtypes.f16.decode(pattern)));
}

/** The f16 at a place, as a number. */
export function readHalf(bytes: Uint8Array, at: number): number {
  return halfValues()[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
}

/** Writes the f16 nearest to a number, and gives what it is then. */
export function writeHalf(bytes: Uint8Array, at: number, value: number): number {
  const pattern = dtypes.f16.encode(value);
  bytes[at] = pattern & 255;
  bytes[at + 1] = pattern >> 8;
  return halfValues()[pattern] as number;
}

const word = new Float32Array(1);
const bits = new Int32Array(word.buffer);

/**
 * The integer nearest to a float (half to even), found as llama.cpp finds it: by what is left of the fraction when 1.5 · 2^23
 * is added. Beyond 2^22 that is something else, which scales of subnormal numbers lead to, and what blocks have to agree on.
 */
export function nearest(value: number): number {
  word[0] = value + 12_582_912;
  return ((bits[0] as number) & 0x007fffff) - 0x00400000;
}

/** A float cut to an integer of 32 bits: what is outside, and NaN, becomes the least, as x86 does it. */
export function truncated(value: number): number {
  return value > -2_147_483_649 && value < 2_147_483_648 ? Math.trunc(value) : -2_147_483_648;
}

/** The lowest 8 bits of an integer, with a sign. */
export function signedByte(value: number): number {
  return (value << 24) >> 24;
}
