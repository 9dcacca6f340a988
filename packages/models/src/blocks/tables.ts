/**
 * Codes of 4 bits into a table of 16 values that lie closer around 0: IQ4_NL with a scale for 32 weights, IQ4_XS with scales
 * of 6 bits for 8 times 32.
 * Source: I. Kawrakow, ggml.
 */
import type { BlockType } from './block.ts';
import { nearest, readHalf, writeHalf } from './half.ts';

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

const large: BlockType = {
  name: 'IQ4_XS',
  scales: [0],
  decode: (bytes, count, weights) => {
    for (let block = 0; block < count; block++) {
      const at = 136 * block;
      const scaleOfAll = readHalf(bytes, at);
      const high = (bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8);
      for (let index = 0; index < parts; index++) {
        const low = ((bytes[at + 4 + (index >> 1)] as number) >> (4 * (index & 1))) & 15;
        const scale = fround(scaleOfAll * ((low | (((high >> (2 * index)) & 3) << 4)) - 32));
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
      bytes.fill(0, at + 2, at + 8);
      writeHalf(bytes, at, scaleOfAll);
      let high = 0;
      for (let index = 0; index < parts; index++) {
        const code = max(-32, min(31, nearest(fround(inverse * (own[index] as number)))));
        const scale = fround(scaleOfAll * code);
        const from = 256 * block + part * index;
        packPart(weights, from, scale === 0 ? 0 : fround(1 / scale), bytes, at + 8 + 16 * index);
        const place = at + 4 + (index >> 1);
        bytes[place] = (bytes[place] as number) | (((code + 32) & 15) << (4 * (index & 1)));
        high |= ((code + 32) >> 4) << (2 * index);
      }
      bytes[at + 2] = high & 255;
      bytes[at + 3] = high >> 8;
    }
  },
};

/** Every type of this kind. */
export const tables: readonly BlockType[] = [small, large];
