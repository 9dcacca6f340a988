/**
 * Codes of 4 bits into a table of 16 values that lie closer around 0: IQ4_NL with a scale for 32 weights, IQ4_XS with scales
 * of 6 bits for 8 times 32.
 * Source: I. Kawrakow, ggml.
 */
import type { BlockType } from './block.ts';
import { nearest, readHalf, writeHalf } from './half.ts';
import { packNibbles, readPattern, unpackNibbles, writePattern } from './parts.ts';

const { fround, abs, max, min } = Math;
const part = 32;
const values = Float32Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
const nothing = fround(1e-15);

/** The code of the value nearest to x; the larger one of two. */
function codeOf(x: number): number {
  if (x <= -127) return 0;
  if (x >= 113) return 15;
  let [low, high] = [0, 15];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x < (values[middle] as number)) high = middle;
    else low = middle;
  }
  return fround(x - (values[high - 1] as number)) < fround((values[high] as number) - x) ? high - 1 : high;
}

const [sumQX, sumQ2] = [0, 1];
const sums = new Float32Array(2);

/** Adds up what a scale is judged by, with the square of the weight as its importance. */
function judge(weights: Float32Array, from: number, inverse: number): void {
  let [qx, q2] = [0, 0];
  for (let i = 0; i < part; i++) {
    const x = weights[from + i] as number;
    const q = values[codeOf(fround(inverse * x))] as number;
    const wq = fround(fround(x * x) * q);
    qx = fround(qx + fround(wq * x));
    q2 = fround(q2 + fround(wq * q));
  }
  sums[sumQX] = qx;
  sums[sumQ2] = q2;
}

/** The scale of 32 weights: 16 of them are tried. */
function scaleOf(weights: Float32Array, from: number): number {
  let extreme = 0;
  for (let i = 0; i < part; i++) {
    const x = weights[from + i] as number;
    if (abs(x) > abs(extreme)) extreme = x;
  }
  if (abs(extreme) < nothing) return 0;
  judge(weights, from, fround(1 / fround(-extreme / -127)));
  let scale = fround((sums[sumQX] as number) / (sums[sumQ2] as number));
  let best = fround(scale * (sums[sumQX] as number));
  for (let step = -7; step <= 7; step++) {
    judge(weights, from, fround((step - 127) / extreme));
    const [qx, q2] = [sums[sumQX] as number, sums[sumQ2] as number];
    if (q2 > 0 && fround(qx * qx) > fround(best * q2)) {
      scale = fround(qx / q2);
      best = fround(scale * qx);
    }
  }
  return scale;
}

/** Codes of 32 weights, two in a byte as in Q4_0. */
function packPart(weights: Float32Array, from: number, inverse: number, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const low = codeOf(fround(inverse * (weights[from + i] as number)));
    const high = codeOf(fround(inverse * (weights[from + 16 + i] as number)));
    bytes[at + i] = low | (high << 4);
  }
}

function unpackPart(bytes: Uint8Array, at: number, scale: number, weights: Float32Array, from: number): void {
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + i] as number;
    weights[from + i] = scale * (values[byte & 15] as number);
    weights[from + 16 + i] = scale * (values[byte >> 4] as number);
  }
}

const small: BlockType = {
  name: 'IQ4_NL',
  scales: [0],
  parts: {
    bits: 4,
    group: part,
    scales: 'f16',
    minima: false,
    table: Int8Array.from(values),
    unpack: (bytes, at, { codes, scales }) => {
      scales[0] = readPattern(bytes, at);
      unpackNibbles(bytes, at + 2, codes, 0);
    },
    pack: ({ codes, scales }, bytes, at) => {
      writePattern(bytes, at, scales[0] as number);
      packNibbles(codes, 0, bytes, at + 2);
    },
  },
  decode: (bytes, count, weights) => {
    for (let block = 0; block < count; block++)
      unpackPart(bytes, 18 * block + 2, readHalf(bytes, 18 * block), weights, part * block);
  },
  encode: (weights, count, bytes) => {
    for (let block = 0; block < count; block++) {
      const scale = scaleOf(weights, part * block);
      writeHalf(bytes, 18 * block, scale);
      packPart(weights, part * block, scale === 0 ? 0 : fround(1 / scale), bytes, 18 * block + 2);
    }
  },
};

const parts = 8;
const own = new Float32Array(parts);

/** The scale of 32 weights of a large block, with a sign: 6 bits, of which the low four and the high two lie apart. */
function scaleCode(bytes: Uint8Array, at: number, index: number): number {
  const low = ((bytes[at + 4 + (index >> 1)] as number) >> (4 * (index & 1))) & 15;
  const high = (readPattern(bytes, at + 2) >> (2 * index)) & 3;
  return (low | (high << 4)) - 32;
}

function packScaleCodes(bytes: Uint8Array, at: number, codeOfPart: (index: number) => number): void {
  bytes.fill(0, at + 2, at + 8);
  let high = 0;
  for (let index = 0; index < parts; index++) {
    const code = codeOfPart(index) + 32;
    const place = at + 4 + (index >> 1);
    bytes[place] = (bytes[place] as number) | ((code & 15) << (4 * (index & 1)));
    high |= (code >> 4) << (2 * index);
  }
  writePattern(bytes, at + 2, high);
}

const large: BlockType = {
  name: 'IQ4_XS',
  scales: [0],
  parts: {
    bits: 4,
    group: part,
    scales: 'i8',
    minima: false,
    table: Int8Array.from(values),
    range: [-32, 31],
    unpack: (bytes, at, block) => {
      block.step = readPattern(bytes, at);
      for (let index = 0; index < parts; index++) {
        block.scales[index] = scaleCode(bytes, at, index);
        unpackNibbles(bytes, at + 8 + 16 * index, block.codes, part * index);
      }
    },
    pack: ({ codes, scales, step }, bytes, at) => {
      writePattern(bytes, at, step);
      packScaleCodes(bytes, at, (index) => scales[index] as number);
      for (let index = 0; index < parts; index++) packNibbles(codes, part * index, bytes, at + 8 + 16 * index);
    },
  },
  decode: (bytes, count, weights) => {
    for (let block = 0; block < count; block++) {
      const at = 136 * block;
      const scaleOfAll = readHalf(bytes, at);
      for (let index = 0; index < parts; index++) {
        const scale = fround(scaleOfAll * scaleCode(bytes, at, index));
        unpackPart(bytes, at + 8 + 16 * index, scale, weights, 256 * block + part * index);
      }
    }
  },
  encode: (weights, count, bytes) => {
    for (let block = 0; block < count; block++) {
      const at = 136 * block;
      let largest = 0;
      for (let index = 0; index < parts; index++) {
        const scale = scaleOf(weights, 256 * block + part * index);
        own[index] = scale;
        if (abs(scale) > abs(largest)) largest = scale;
      }
      const scaleOfAll = fround(-largest / 32);
      const inverse = scaleOfAll === 0 ? 0 : fround(1 / scaleOfAll);
      writeHalf(bytes, at, scaleOfAll);
      packScaleCodes(bytes, at, (index) => max(-32, min(31, nearest(fround(inverse * (own[index] as number))))));
      for (let index = 0; index < parts; index++) {
        const code = scaleCode(bytes, at, index);
        const scale = fround(scaleOfAll * code);
        const from = 256 * block + part * index;
        packPart(weights, from, scale === 0 ? 0 : fround(1 / scale), bytes, at + 8 + 16 * index);
      }
    }
  },
};

/** Every type of this kind. */
export const tables: readonly BlockType[] = [small, large];
