/** Reads IDX files, the format of MNIST. */
import { parseIdx } from '@espalier/nn';
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
  seeds: async () => [idx(5), idx(2, 3, 4), idx(0, 28, 28)],
  mutate: 'bytes',
  read: (input) => void parseIdx(input),
};
