/** Reads IDX files, the format of MNIST. */
import { parseIdx } from '@espalier/nn';
import { mutateBytes } from '../engine/mutate-bytes.ts';
import { mutateRange } from '../engine/mutate-range.ts';
import type { Reader } from '../engine/reader.ts';

const idx = (...shape: readonly number[]): Uint8Array => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([
    header,
    Buffer.alloc(
      shape.reduce((product, size) => product * size, 1),
      7,
    ),
  ]);
};

/** The format of MNIST. */
export const idxReader: Reader = {
  name: 'idx',
  seeds: async () => [idx(5), idx(2, 3, 4), idx(0, 28, 28), idx(40, 28, 28)],
  mutate: (input, random) => {
    if (random.chance(0.6)) return mutateBytes(input, random);
    // Sizes in another order, or other values.
    const bytes = Buffer.from(input);
    const rank = bytes[3] ?? 0;
    if (rank < 2 || random.chance(0.5)) return mutateRange(bytes, random, 4 + 4 * rank);
    const size = bytes.readUInt32BE(4);
    bytes.copyWithin(4, 8, 12);
    bytes.writeUInt32BE(size, 8);
    return bytes;
  },
  read: (input, _, passed) => {
    parseIdx(input);
    passed();
  },
};
