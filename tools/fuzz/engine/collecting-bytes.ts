/** Bytes as readers are given them, where garbage is collected when there is much: what is counted as taken is then what is held. */
import { getHeapStatistics } from 'node:v8';
import { bytesOf, type ByteSource } from '@espalier/nn/format';

const much = 1 << 20;

/** Bytes in memory; before more of them are given, garbage is collected where a mebibyte was taken since it was last. */
export function collectingBytes(bytes: Uint8Array, name?: string): ByteSource {
  const source = name === undefined ? bytesOf(bytes) : bytesOf(bytes, name);
  const taken = (): number => {
    const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
    return heap + buffers;
  };
  let before = taken();
  return {
    ...source,
    read: (start, length, reuse) => {
      if (taken() > before + much) {
        globalThis.gc?.();
        before = taken();
      }
      return source.read(start, length, reuse);
    },
  };
}
