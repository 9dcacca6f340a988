/**
 * MXFP4: 32 floats of 4 bits (E2M1) with a power of two as their scale.
 * Source: Open Compute Project, "Microscaling formats (MX)", version 1.0, 2023.
 */
import type { BlockType } from './block.ts';
import { packNibbles, unpackNibbles } from './parts.ts';

const { fround, abs, floor, log2 } = Math;
const size = 32;
const step = 17;
/** Twice what codes are, so that all are whole. */
const values = Float32Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** Half of the scale that an exponent means. */
const halfScale = (exponent: number): number => 2 ** (exponent - 128);

/** The code of the value nearest to x; the first of several. */
function codeOf(x: number, scale: number): number {
  let best = 0;
  let least = abs(x);
  for (let code = 1; code < 16; code++) {
    const error = abs(fround(fround((values[code] as number) * scale) - x));
    if (error < least) {
      best = code;
      least = error;
    }
  }
  return best;
}

/** The one type of this kind. */
export const mxfp4: BlockType = {
  name: 'MXFP4',
  scales: [],
  parts: {
    bits: 4,
    group: size,
    scales: 'e8',
    minima: false,
    table: Int8Array.from(values),
    unpack: (bytes, at, { codes, scales }) => {
      scales[0] = bytes[at] as number;
      unpackNibbles(bytes, at + 1, codes, 0);
    },
    pack: ({ codes, scales }, bytes, at) => {
      bytes[at] = scales[0] as number;
      packNibbles(codes, 0, bytes, at + 1);
    },
  },
  decode: (bytes, count, weights) => {
    for (let block = 0; block < count; block++) {
      const at = step * block;
      const scale = halfScale(bytes[at] as number);
      for (let i = 0; i < 16; i++) {
        const byte = bytes[at + 1 + i] as number;
        weights[size * block + i] = (values[byte & 15] as number) * scale;
        weights[size * block + 16 + i] = (values[byte >> 4] as number) * scale;
      }
    }
  },
  encode: (weights, count, bytes) => {
    for (let block = 0; block < count; block++) {
      let extreme = 0;
      for (let i = 0; i < size; i++) {
        const magnitude = abs(weights[size * block + i] as number);
        if (magnitude > extreme) extreme = magnitude;
      }
      const at = step * block;
      // The largest code is 6 = 1.5 · 2^2. Of numbers below 2^-125 eight bits of the exponent are left, as C has it.
      const exponent = extreme > 0 ? (floor(fround(log2(extreme))) - 2 + 127) & 255 : 0;
      const scale = halfScale(exponent);
      bytes[at] = exponent;
      for (let i = 0; i < 16; i++) {
        const low = codeOf(weights[size * block + i] as number, scale);
        bytes[at + 1 + i] = low | (codeOf(weights[size * block + 16 + i] as number, scale) << 4);
      }
    }
  },
};
