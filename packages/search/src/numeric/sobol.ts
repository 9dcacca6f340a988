/**
 * The Sobol sequence and its scrambling: points that leave no part of a cube empty, each computed from its index alone.
 */
import { degreeCounts, directionBits } from './sobol-directions.ts';

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** How many dimensions there are direction numbers for. */
export const sobolDimensions: number = degreeCounts.reduce((sum, count) => sum + count, 1);

/** By dimension, the 32 direction numbers as words. */
let table: readonly Uint32Array[] | undefined;

function makeTable(): readonly Uint32Array[] {
  let position = 0;
  const read = (count: number): number => {
    let value = 0;
    for (const end = position + count; position < end; position += 1) {
      const digit = digits.indexOf(directionBits.charAt(Math.floor(position / 6)));
      value = value * 2 + ((digit >> (5 - (position % 6))) & 1);
    }
    return value;
  };
  const made = [Uint32Array.from({ length: 32 }, (_, bit) => 2 ** (31 - bit))];
  for (const [index, count] of degreeCounts.entries()) {
    const degree = index + 1;
    for (let nth = 0; nth < count; nth += 1) {
      const inner = read(degree - 1);
      const numbers = new Uint32Array(32);
      for (let bit = 0; bit < 32; bit += 1) {
        if (bit < degree) numbers[bit] = (read(bit) * 2 + 1) * 2 ** (31 - bit);
        else {
          const first = numbers[bit - degree] ?? 0;
          let word = first ^ (first >>> degree);
          for (let k = 1; k < degree; k += 1) {
            if ((inner >> (degree - 1 - k)) & 1) word ^= numbers[bit - k] ?? 0;
          }
          numbers[bit] = word;
        }
      }
      made.push(numbers);
    }
  }
  return made;
}

/**
 * A coordinate of a point of the Sobol sequence, as a 32-bit word: divided by 2³², a number in [0, 1). Points come in
 * Gray code order, so that the first 2ᵏ are a net for every k.
 *
 * Source: Sobol 1967; Antonov and Saleev 1979; direction numbers of Joe and Kuo 2008.
 * @param index of the point, in [0, 2³²)
 * @param dimension in [0, {@link sobolDimensions})
 */
export function sobolWord(index: number, dimension: number): number {
  table ??= makeTable();
  const numbers = table[dimension];
  let gray = (index ^ (index >>> 1)) >>> 0;
  let word = 0;
  for (let bit = 0; gray !== 0; bit += 1, gray >>>= 1) if (gray & 1) word ^= numbers?.[bit] ?? 0;
  return word >>> 0;
}

function reverseBits(word: number): number {
  let x = ((word >>> 1) & 0x55555555) | ((word & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}

/**
 * Scrambles a coordinate: each bit is flipped or not by a hash of the bits above it, which keeps every net a net.
 *
 * Source: Owen 1995; the hash is that of Laine and Karras 2011 as improved by Burley, "Practical hash-based Owen
 * scrambling", JCGT 2020.
 */
export function owenScramble(word: number, seed: number): number {
  let x = reverseBits(word);
  x = (x + seed) >>> 0;
  x = (x ^ Math.imul(x, 0x6c50b47c)) >>> 0;
  x = (x ^ Math.imul(x, 0xb82f1e52)) >>> 0;
  x = (x ^ Math.imul(x, 0xc7afe638)) >>> 0;
  x = (x ^ Math.imul(x, 0x8d22f6e6)) >>> 0;
  return reverseBits(x);
}
