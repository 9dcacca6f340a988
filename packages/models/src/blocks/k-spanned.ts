/**
 * Blocks of 256 weights in parts with a scale and a minimum each, which are codes themselves: Q2_K, Q4_K, Q5_K. A weight is
 * scale · code - minimum.
 * Source: I. Kawrakow, "k-quants", ggml.
 */
import type { BlockType } from './block.ts';
import { nearest, readHalf, writeHalf } from './half.ts';
import { negated, readPattern, writePattern, type BlockParts } from './parts.ts';
import { searchSpan, type Span, type SpanSearch } from './search.ts';

const { fround, abs, max, min, sqrt } = Math;
const size = 256;

/** What is particular to a type. */
interface Layout {
  readonly name: string;
  readonly bytes: number;
  /** Where the two scales of the block are: of scales, and of minimums behind it. */
  readonly halves: number;
  /** The largest code of a scale or minimum. */
  readonly mostScale: number;
  readonly search: SpanSearch;
  /** What errors of weights count, in a part. */
  readonly importance: (weights: Float32Array, from: number, importance: Float32Array) => void;
  /** The codes of scales and minimums of the parts. */
  readonly unpackScales: (bytes: Uint8Array, at: number, scales: Uint8Array, minimums: Uint8Array) => void;
  readonly packScales: (scales: Uint8Array, minimums: Uint8Array, bytes: Uint8Array, at: number) => void;
  readonly unpackCodes: (bytes: Uint8Array, at: number, codes: Uint8Array) => void;
  readonly packCodes: (codes: Uint8Array, bytes: Uint8Array, at: number) => void;
}

function partsOf({ halves, mostScale, search, ...layout }: Layout): BlockParts {
  const parts = size / search.size;
  const [scales, minimums] = [new Uint8Array(parts), new Uint8Array(parts)];
  return {
    bits: Math.log2(search.most + 1),
    group: search.size,
    scales: 'i8',
    minima: true,
    range: [0, mostScale],
    unpack: (bytes, at, block) => {
      layout.unpackScales(bytes, at, scales, minimums);
      layout.unpackCodes(bytes, at, block.codes);
      block.scales.set(scales);
      block.minima.set(minimums);
      block.step = readPattern(bytes, at + halves);
      // Minima are taken off in the file, and added here.
      block.minimumStep = negated(readPattern(bytes, at + halves + 2));
    },
    pack: (block, bytes, at) => {
      scales.set(block.scales.subarray(0, parts));
      minimums.set(block.minima.subarray(0, parts));
      layout.packScales(scales, minimums, bytes, at);
      layout.packCodes(block.codes, bytes, at);
      writePattern(bytes, at + halves, block.step);
      writePattern(bytes, at + halves + 2, negated(block.minimumStep));
    },
  };
}

function typeOf(layout: Layout): BlockType {
  const { name, bytes: step, halves, mostScale, search } = layout;
  const parts = size / search.size;
  const [scales, minimums, codes] = [new Uint8Array(parts), new Uint8Array(parts), new Uint8Array(size)];
  const [ownScales, ownMinimums] = [new Float32Array(parts), new Float32Array(parts)];
  const importance = new Float32Array(search.size);
  const span: Span = { scale: 0, minimum: 0 };

  const encodeBlock = (weights: Float32Array, from: number, bytes: Uint8Array, at: number): void => {
    let [largestScale, largestMinimum] = [0, 0];
    for (let part = 0; part < parts; part++) {
      const begin = from + part * search.size;
      layout.importance(weights, begin, importance);
      searchSpan(search, weights, begin, importance, codes, part * search.size, span);
      ownScales[part] = span.scale;
      ownMinimums[part] = span.minimum;
      if (span.scale > largestScale) largestScale = span.scale;
      if (span.minimum > largestMinimum) largestMinimum = span.minimum;
    }
    const [inverseScale, inverseMinimum] = [largestScale, largestMinimum].map((largest) =>
      largest > 0 ? fround(mostScale / largest) : 0,
    ) as [number, number];
    for (let part = 0; part < parts; part++) {
      scales[part] = min(mostScale, nearest(fround(inverseScale * (ownScales[part] as number))) & 255);
      minimums[part] = min(mostScale, nearest(fround(inverseMinimum * (ownMinimums[part] as number))) & 255);
    }
    layout.packScales(scales, minimums, bytes, at);
    const scaleOfAll = writeHalf(bytes, at + halves, fround(largestScale / mostScale));
    const minimumOfAll = writeHalf(bytes, at + halves + 2, fround(largestMinimum / mostScale));
    for (let part = 0; part < parts; part++) {
      const scale = fround(scaleOfAll * (scales[part] as number));
      const minimum = fround(minimumOfAll * (minimums[part] as number));
      if (scale === 0) continue;
      for (let i = part * search.size; i < (part + 1) * search.size; i++) {
        const code = nearest(fround(fround((weights[from + i] as number) + minimum) / scale));
        codes[i] = max(0, min(search.most, code));
      }
    }
    layout.packCodes(codes, bytes, at);
  };

  return {
    name,
    scales: [halves, halves + 2],
    parts: partsOf(layout),
    decode: (bytes, count, weights) => {
      for (let block = 0; block < count; block++) {
        const at = block * step;
        const [scaleOfAll, minimumOfAll] = [readHalf(bytes, at + halves), readHalf(bytes, at + halves + 2)];
        layout.unpackScales(bytes, at, scales, minimums);
        layout.unpackCodes(bytes, at, codes);
        for (let part = 0; part < parts; part++) {
          const scale = fround(scaleOfAll * (scales[part] as number));
          const minimum = fround(minimumOfAll * (minimums[part] as number));
          for (let i = part * search.size; i < (part + 1) * search.size; i++)
            weights[block * size + i] = fround(scale * (codes[i] as number)) - minimum;
        }
      }
    },
    encode: (weights, count, bytes) => {
      for (let block = 0; block < count; block++) encodeBlock(weights, block * size, bytes, block * step);
    },
  };
}

/** The magnitude of a weight. */
const byMagnitude: Layout['importance'] = (weights, from, importance) => {
  for (let i = 0; i < importance.length; i++) importance[i] = abs(weights[from + i] as number);
};

/** The magnitude, and the root of the mean square of all. */
const byMagnitudeAndMean: Layout['importance'] = (weights, from, importance) => {
  let squares = 0;
  for (let i = 0; i < importance.length; i++) {
    const x = weights[from + i] as number;
    squares = fround(squares + fround(x * x));
  }
  const mean = fround(sqrt(fround(squares / importance.length)));
  for (let i = 0; i < importance.length; i++) importance[i] = mean + abs(weights[from + i] as number);
};

/** Eight scales and minimums of 6 bits in 12 bytes: the upper two bits of the last four are those of the first eight bytes. */
const sixBits = (place: number): Pick<Layout, 'unpackScales' | 'packScales'> => ({
  unpackScales: (bytes, at, scales, minimums) => {
    const byte = (index: number): number => bytes[at + place + index] as number;
    for (let part = 0; part < 4; part++) {
      scales[part] = byte(part) & 63;
      minimums[part] = byte(part + 4) & 63;
      scales[part + 4] = (byte(part + 8) & 15) | ((byte(part) >> 6) << 4);
      minimums[part + 4] = (byte(part + 8) >> 4) | ((byte(part + 4) >> 6) << 4);
    }
  },
  packScales: (scales, minimums, bytes, at) => {
    for (let part = 0; part < 4; part++) {
      const [scale, minimum] = [scales[part + 4] as number, minimums[part + 4] as number];
      bytes[at + place + part] = (scales[part] as number) | ((scale >> 4) << 6);
      bytes[at + place + part + 4] = (minimums[part] as number) | ((minimum >> 4) << 6);
      bytes[at + place + part + 8] = (scale & 15) | ((minimum & 15) << 4);
    }
  },
});

/** Low four bits: of 64 weights the first 32 in the low halves of 32 bytes, the others in the high ones. */
function unpackLow(bytes: Uint8Array, at: number, codes: Uint8Array): void {
  for (let i = 0; i < size; i++) {
    const byte = bytes[at + (i >> 6) * 32 + (i & 31)] as number;
    codes[i] = (i & 32) === 0 ? byte & 15 : byte >> 4;
  }
}

function packLow(codes: Uint8Array, bytes: Uint8Array, at: number): void {
  for (let chunk = 0; chunk < 4; chunk++)
    for (let i = 0; i < 32; i++) {
      const [low, high] = [codes[64 * chunk + i] as number, codes[64 * chunk + 32 + i] as number];
      bytes[at + 32 * chunk + i] = (low & 15) | ((high & 15) << 4);
    }
}

/** Codes of 2 bits in 64 bytes: of each 128 weights four times 32, in the bits 0, 2, 4 and 6 of 32 bytes. */
export function unpackPairs(bytes: Uint8Array, at: number, codes: Uint8Array): void {
  for (let i = 0; i < size; i++)
    codes[i] = ((bytes[at + (i >> 7) * 32 + (i & 31)] as number) >> (2 * ((i >> 5) & 3))) & 3;
}

/** The lowest 2 bits of codes, as `unpackPairs` reads them. */
export function packPairs(codes: Uint8Array, bytes: Uint8Array, at: number): void {
  bytes.fill(0, at, at + 64);
  for (let i = 0; i < size; i++) {
    const place = at + (i >> 7) * 32 + (i & 31);
    bytes[place] = (bytes[place] as number) | (((codes[i] as number) & 3) << (2 * ((i >> 5) & 3)));
  }
}

const two: Layout = {
  name: 'Q2_K',
  bytes: 84,
  halves: 80,
  mostScale: 15,
  search: { size: 16, most: 3, first: -0.5, steps: 15, isAbsolute: true },
  importance: byMagnitude,
  unpackScales: (bytes, at, scales, minimums) => {
    for (let part = 0; part < 16; part++) {
      scales[part] = (bytes[at + part] as number) & 15;
      minimums[part] = (bytes[at + part] as number) >> 4;
    }
  },
  packScales: (scales, minimums, bytes, at) => {
    for (let part = 0; part < 16; part++)
      bytes[at + part] = (scales[part] as number) | ((minimums[part] as number) << 4);
  },
  unpackCodes: (bytes, at, codes) => unpackPairs(bytes, at + 16, codes),
  packCodes: (codes, bytes, at) => packPairs(codes, bytes, at + 16),
};

const four: Layout = {
  name: 'Q4_K',
  bytes: 144,
  halves: 0,
  mostScale: 63,
  search: { size: 32, most: 15, first: -1, steps: 20, isAbsolute: false },
  importance: byMagnitudeAndMean,
  ...sixBits(4),
  unpackCodes: (bytes, at, codes) => unpackLow(bytes, at + 16, codes),
  packCodes: (codes, bytes, at) => packLow(codes, bytes, at + 16),
};

const five: Layout = {
  name: 'Q5_K',
  bytes: 176,
  halves: 0,
  mostScale: 63,
  search: { size: 32, most: 31, first: -0.5, steps: 15, isAbsolute: false },
  importance: byMagnitudeAndMean,
  ...sixBits(4),
  unpackCodes: (bytes, at, codes) => {
    unpackLow(bytes, at + 48, codes);
    for (let i = 0; i < size; i++)
      codes[i] = (codes[i] as number) | ((((bytes[at + 16 + (i & 31)] as number) >> (i >> 5)) & 1) << 4);
  },
  packCodes: (codes, bytes, at) => {
    packLow(codes, bytes, at + 48);
    bytes.fill(0, at + 16, at + 48);
    for (let i = 0; i < size; i++) {
      const place = at + 16 + (i & 31);
      bytes[place] = (bytes[place] as number) | (((codes[i] as number) >> 4) << (i >> 5));
    }
  },
};

/** Every type of this kind. */
export const spanned: readonly BlockType[] = [two, four, five].map(typeOf);
