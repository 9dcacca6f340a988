/** safetensors as containers: a file, and the index of several. */
import type { Container } from '../container.ts';
import { openSafetensors } from './open.ts';
import { openSharded } from './sharded.ts';
import { safetensorsLosses, writeSafetensorsTo } from './write.ts';

/** One file: a header in JSON behind its length, and the values. */
export const safetensors: Container = {
  type: 'safetensors',
  extensions: ['safetensors'],
  detects: (head, size) => {
    if (head.length < 9 || head[8] !== 0x7b) return false;
    const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
    return length >= 2n && length <= BigInt(size - 8) && length <= 100_000_000n;
  },
  open: (source) => openSafetensors(source),
  losses: safetensorsLosses,
  write: writeSafetensorsTo,
};

/** The index of a model of several files. */
export const safetensorsIndex: Container = {
  type: 'safetensors-index',
  extensions: ['safetensors.index.json', 'bin.index.json'],
  detects: (head) => /^\s*\{\s*"(?:metadata|weight_map)"/u.test(String.fromCharCode(...head)),
  open: openSharded,
};
