/**
 * Blocks of 32 weights with a scale, and a minimum or none: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0. Scales are f16; codes of 4 bits lie
 * two in a byte, that of weight j in the low bits and that of weight j + 16 in the high ones, fifth bits in a word of their own.
 * Codes are found by the scale as it is before it is rounded to 16 bits.
 * Source: G. Gerganov et al., "ggml", formats of quantized tensors.
 */
import type { BlockType } from './block.ts';
import { readHalf, signedByte, truncated, writeHalf } from './half.ts';
import { packNibbles, readPattern, unpackNibbles, writePattern, type BlockParts } from './parts.ts';

const { fround, abs, min, trunc } = Math;
const size = 32;
const half = 16;

/** Where the parts of a block are. */
interface Layout {
  readonly name: string;
  /** 4 or 5. */
  readonly bits: 4 | 5;
  readonly hasMinimum: boolean;
  readonly bytes: number;
  /** Of the fifth bits. */
  readonly high: number;
  /** Of the low four bits of each code. */
  readonly low: number;
}

function decodeWith({ bits, hasMinimum, bytes: step, high, low }: Layout): BlockType['decode'] {
  const centre = 2 ** (bits - 1);
  return (bytes, count, weights) => {
    for (let block = 0; block < count; block++) {
      const at = block * step;
      const scale = readHalf(bytes, at);
      const minimum = hasMinimum ? readHalf(bytes, at + 2) : 0;
      const fifth = bits === 5 ? wordAt(bytes, at + high) : 0;
      for (let j = 0; j < size; j++) {
        const byte = bytes[at + low + (j & 15)] as number;
        const code = ((j < half ? byte : byte >> 4) & 15) | (((fifth >>> j) & 1) << 4);
        weights[block * size + j] = hasMinimum ? fround(code * scale) + minimum : (code - centre) * scale;
      }
    }
  };
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

/** Writes codes of 4 or 5 bits. */
function pack({ bits, high, low }: Layout, codes: Uint8Array, bytes: Uint8Array, at: number): void {
  packNibbles(codes, 0, bytes, at + low);
  if (bits === 4) return;
  bytes.fill(0, at + high, at + high + 4);
  for (let j = 0; j < size; j++) {
    const place = at + high + (j >> 3);
    bytes[place] = (bytes[place] as number) | ((((codes[j] as number) >> 4) & 1) << (j & 7));
  }
}

/** The scale is the extreme, with its sign, over the code that has no counterpart. */
function encodeCentred(layout: Layout): BlockType['encode'] {
  const centre = 2 ** (layout.bits - 1);
  const most = 2 * centre - 1;
  const codes = new Uint8Array(size);
  return (weights, count, bytes) => {
    for (let block = 0; block < count; block++) {
      const from = block * size;
      let extreme = 0;
      for (let j = 0; j < size; j++) {
        const weight = weights[from + j] as number;
        if (abs(extreme) < abs(weight)) extreme = weight;
      }
      const scale = fround(extreme / -centre);
      const inverse = scale === 0 ? 0 : fround(1 / scale);
      for (let j = 0; j < size; j++) {
        const place = fround(fround((weights[from + j] as number) * inverse) + (centre + 0.5));
        codes[j] = min(most, signedByte(truncated(place)));
      }
      writeHalf(bytes, block * layout.bytes, scale);
      pack(layout, codes, bytes, block * layout.bytes);
    }
  };
}

/** The scale spans from the least to the largest weight. */
function encodeSpanned(layout: Layout): BlockType['encode'] {
  const most = 2 ** layout.bits - 1;
  const codes = new Uint8Array(size);
  return (weights, count, bytes) => {
    for (let block = 0; block < count; block++) {
      const from = block * size;
      let [least, largest] = [3.4028234663852886e38, -3.4028234663852886e38];
      for (let j = 0; j < size; j++) {
        const weight = weights[from + j] as number;
        if (weight < least) least = weight;
        if (weight > largest) largest = weight;
      }
      const scale = fround(fround(largest - least) / most);
      const inverse = scale === 0 ? 0 : fround(1 / scale);
      for (let j = 0; j < size; j++) {
        const place = fround(fround(fround((weights[from + j] as number) - least) * inverse) + 0.5);
        codes[j] = layout.bits === 4 ? min(most, signedByte(truncated(place))) : truncated(place);
      }
      writeHalf(bytes, block * layout.bytes, scale);
      writeHalf(bytes, block * layout.bytes + 2, least);
      pack(layout, codes, bytes, block * layout.bytes);
    }
  };
}

const layouts: readonly Layout[] = [
  { name: 'Q4_0', bits: 4, hasMinimum: false, bytes: 18, high: 0, low: 2 },
  { name: 'Q4_1', bits: 4, hasMinimum: true, bytes: 20, high: 0, low: 4 },
  { name: 'Q5_0', bits: 5, hasMinimum: false, bytes: 22, high: 2, low: 6 },
  { name: 'Q5_1', bits: 5, hasMinimum: true, bytes: 24, high: 4, low: 8 },
];

function partsOf(layout: Layout): BlockParts {
  const { bits, hasMinimum, high, low } = layout;
  return {
    bits,
    group: size,
    scales: 'f16',
    minima: hasMinimum,
    unpack: (bytes, at, { codes, scales, minima }) => {
      scales[0] = readPattern(bytes, at);
      if (hasMinimum) minima[0] = readPattern(bytes, at + 2);
      unpackNibbles(bytes, at + low, codes, 0);
      if (bits === 4) return;
      const fifth = wordAt(bytes, at + high);
      for (let j = 0; j < size; j++) codes[j] = (codes[j] as number) | (((fifth >>> j) & 1) << 4);
    },
    pack: ({ codes, scales, minima }, bytes, at) => {
      writePattern(bytes, at, scales[0] as number);
      if (hasMinimum) writePattern(bytes, at + 2, minima[0] as number);
      pack(layout, codes, bytes, at);
    },
  };
}

/** Codes of 8 bits with a sign: the largest magnitude is 127. */
const eight: BlockType = {
  name: 'Q8_0',
  scales: [0],
  parts: {
    bits: 8,
    group: size,
    scales: 'f16',
    minima: false,
    unpack: (bytes, at, { codes, scales }) => {
      scales[0] = readPattern(bytes, at);
      for (let j = 0; j < size; j++) codes[j] = (bytes[at + 2 + j] as number) ^ 128;
    },
    pack: ({ codes, scales }, bytes, at) => {
      writePattern(bytes, at, scales[0] as number);
      for (let j = 0; j < size; j++) bytes[at + 2 + j] = (codes[j] as number) ^ 128;
    },
  },
  decode: (bytes, count, weights) => {
    for (let block = 0; block < count; block++) {
      const at = block * 34;
      const scale = readHalf(bytes, at);
      for (let j = 0; j < size; j++) weights[block * size + j] = signedByte(bytes[at + 2 + j] as number) * scale;
    }
  },
  encode: (weights, count, bytes) => {
    for (let block = 0; block < count; block++) {
      const from = block * size;
      let extreme = 0;
      for (let j = 0; j < size; j++) {
        const magnitude = abs(weights[from + j] as number);
        if (magnitude > extreme) extreme = magnitude;
      }
      const scale = fround(extreme / 127);
      const inverse = scale === 0 ? 0 : fround(1 / scale);
      const at = block * 34;
      writeHalf(bytes, at, scale);
      for (let j = 0; j < size; j++) {
        // Half away from zero.
        const code = fround((weights[from + j] as number) * inverse);
        bytes[at + 2 + j] = code < 0 ? -trunc(0.5 - code) : trunc(code + 0.5);
      }
    }
  },
};

/** Every type of this kind. */
export const groups: readonly BlockType[] = [
  ...layouts.map((layout) => ({
    name: layout.name,
    scales: layout.hasMinimum ? [0, 2] : [0],
    parts: partsOf(layout),
    decode: decodeWith(layout),
    encode: (layout.hasMinimum ? encodeSpanned : encodeCentred)(layout),
  })),
  eight,
];
