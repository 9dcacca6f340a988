/**
 * Blocks of 256 weights in 16 parts with a scale each, which are codes with a sign themselves: Q3_K, Q6_K. A weight is
 * scale · code, where codes lie around 0.
 * Source: I. Kawrakow, "k-quants", ggml.
 */
import type { BlockType } from './block.ts';
import { nearest, readHalf, signedByte, writeHalf } from './half.ts';
import { packPairs, unpackPairs } from './k-spanned.ts';
import { readPattern, writePattern, type BlockParts } from './parts.ts';
import { descendScale, searchScale } from './search.ts';

const { fround, abs, max, min } = Math;
const size = 256;
const parts = 16;

/** What is particular to a type. */
interface Layout {
  readonly name: string;
  readonly bytes: number;
  /** Where the scale of the block is. */
  readonly half: number;
  /** Codes are from -most to most - 1, and are stored with `most` added. */
  readonly most: number;
  /** The code of the largest scale, which is negative, and the largest code. */
  readonly extremeScale: number;
  readonly mostScale: number;
  readonly search: typeof searchScale;
  readonly unpackScales: (bytes: Uint8Array, at: number, scales: Int8Array) => void;
  readonly packScales: (scales: Int8Array, bytes: Uint8Array, at: number) => void;
  readonly unpackCodes: (bytes: Uint8Array, at: number, codes: Uint8Array) => void;
  readonly packCodes: (codes: Uint8Array, bytes: Uint8Array, at: number) => void;
  /** Whether a block whose largest scale is this one is all zeros. */
  readonly isEmpty: (largest: number) => boolean;
}

function partsOf({ half, most, extremeScale, mostScale, ...layout }: Layout): BlockParts {
  const scales = new Int8Array(parts);
  return {
    bits: Math.log2(2 * most),
    group: size / parts,
    scales: 'i8',
    minima: false,
    range: [extremeScale, mostScale],
    unpack: (bytes, at, block) => {
      layout.unpackScales(bytes, at, scales);
      layout.unpackCodes(bytes, at, block.codes);
      block.scales.set(scales);
      block.step = readPattern(bytes, at + half);
    },
    pack: (block, bytes, at) => {
      scales.set(block.scales);
      layout.packScales(scales, bytes, at);
      layout.packCodes(block.codes, bytes, at);
      writePattern(bytes, at + half, block.step);
    },
  };
}

function typeOf(layout: Layout): BlockType {
  const { name, bytes: step, half, most, extremeScale, mostScale, search } = layout;
  const [scales, own, codes] = [new Int8Array(parts), new Float32Array(parts), new Uint8Array(size)];

  const encodeBlock = (weights: Float32Array, from: number, bytes: Uint8Array, at: number): void => {
    let largest = 0;
    for (let part = 0; part < parts; part++) {
      const scale = search(weights, from + part * 16, most, codes, part * 16);
      own[part] = scale;
      if (abs(scale) > abs(largest)) largest = scale;
    }
    if (layout.isEmpty(largest)) {
      bytes.fill(0, at, at + step);
      return;
    }
    const inverse = largest === 0 ? 0 : fround(extremeScale / largest);
    for (let part = 0; part < parts; part++) {
      const code = nearest(fround(inverse * (own[part] as number)));
      scales[part] = largest === 0 ? extremeScale : min(mostScale, max(extremeScale, code));
    }
    layout.packScales(scales, bytes, at);
    const scaleOfAll = writeHalf(bytes, at + half, inverse === 0 ? 0 : fround(1 / inverse));
    for (let part = 0; part < parts; part++) {
      const scale = fround(scaleOfAll * (scales[part] as number));
      if (scale === 0) continue;
      for (let i = part * 16; i < (part + 1) * 16; i++) {
        const code = nearest(fround((weights[from + i] as number) / scale));
        codes[i] = max(-most, min(most - 1, code)) + most;
      }
    }
    layout.packCodes(codes, bytes, at);
  };

  return {
    name,
    scales: [half],
    parts: partsOf(layout),
    decode: (bytes, count, weights) => {
      for (let block = 0; block < count; block++) {
        const at = block * step;
        const scaleOfAll = readHalf(bytes, at + half);
        layout.unpackScales(bytes, at, scales);
        layout.unpackCodes(bytes, at, codes);
        for (let i = 0; i < size; i++)
          weights[block * size + i] = fround(scaleOfAll * (scales[i >> 4] as number)) * ((codes[i] as number) - most);
      }
    },
    encode: (weights, count, bytes) => {
      for (let block = 0; block < count; block++) encodeBlock(weights, block * size, bytes, block * step);
    },
  };
}

const three: Layout = {
  name: 'Q3_K',
  bytes: 110,
  half: 108,
  most: 4,
  extremeScale: -32,
  mostScale: 31,
  search: descendScale,
  // 6 bits, 32 being added: the low four in 8 bytes, of the first eight in the low halves, the high two in 4 more.
  unpackScales: (bytes, at, scales) => {
    for (let part = 0; part < parts; part++) {
      const byte = bytes[at + 96 + (part & 7)] as number;
      const high = ((bytes[at + 104 + (part & 3)] as number) >> (2 * (part >> 2))) & 3;
      scales[part] = ((part < 8 ? byte & 15 : byte >> 4) | (high << 4)) - 32;
    }
  },
  packScales: (scales, bytes, at) => {
    bytes.fill(0, at + 96, at + 108);
    for (let part = 0; part < parts; part++) {
      const code = (scales[part] as number) + 32;
      const [low, high] = [at + 96 + (part & 7), at + 104 + (part & 3)];
      bytes[low] = (bytes[low] as number) | ((code & 15) << (part < 8 ? 0 : 4));
      bytes[high] = (bytes[high] as number) | ((code >> 4) << (2 * (part >> 2)));
    }
  },
  unpackCodes: (bytes, at, codes) => {
    unpackPairs(bytes, at + 32, codes);
    for (let i = 0; i < size; i++)
      codes[i] = (codes[i] as number) | ((((bytes[at + (i & 31)] as number) >> (i >> 5)) & 1) << 2);
  },
  packCodes: (codes, bytes, at) => {
    packPairs(codes, bytes, at + 32);
    bytes.fill(0, at, at + 32);
    for (let i = 0; i < size; i++) {
      const place = at + (i & 31);
      bytes[place] = (bytes[place] as number) | (((codes[i] as number) >> 2) << (i >> 5));
    }
  },
  isEmpty: () => false,
};

/** Where the low four bits and the high two of a code of Q6_K are. */
const sixth = (i: number): readonly [low: number, shift: number, high: number, pair: number] => {
  const [upper, quarter, l] = [i >> 7, (i >> 5) & 3, i & 31];
  return [64 * upper + 32 * (quarter & 1) + l, 4 * (quarter >> 1), 128 + 32 * upper + l, 2 * quarter];
};

const six: Layout = {
  name: 'Q6_K',
  bytes: 210,
  half: 208,
  most: 32,
  extremeScale: -128,
  mostScale: 127,
  search: searchScale,
  unpackScales: (bytes, at, scales) => {
    for (let part = 0; part < parts; part++) scales[part] = signedByte(bytes[at + 192 + part] as number);
  },
  packScales: (scales, bytes, at) => {
    for (let part = 0; part < parts; part++) bytes[at + 192 + part] = scales[part] as number;
  },
  unpackCodes: (bytes, at, codes) => {
    for (let i = 0; i < size; i++) {
      const [low, shift, high, pair] = sixth(i);
      codes[i] = (((bytes[at + low] as number) >> shift) & 15) | ((((bytes[at + high] as number) >> pair) & 3) << 4);
    }
  },
  packCodes: (codes, bytes, at) => {
    bytes.fill(0, at, at + 192);
    for (let i = 0; i < size; i++) {
      const [low, shift, high, pair] = sixth(i);
      bytes[at + low] = (bytes[at + low] as number) | (((codes[i] as number) & 15) << shift);
      bytes[at + high] = (bytes[at + high] as number) | (((codes[i] as number) >> 4) << pair);
    }
  },
  isEmpty: (largest) => abs(largest) < fround(1e-15),
};

/** Every type of this kind. */
export const centred: readonly BlockType[] = [three, six].map(typeOf);
