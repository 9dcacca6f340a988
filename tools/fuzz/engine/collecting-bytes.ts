/** Bytes as readers are given them, where garbage is collected when there is much: what is counted as taken is then what is held. */
import { getHeapStatistics } from 'node:v8';
import { bytesOf, type ByteSource } from '@espalier/nn/format';

/**
 * Bytes in memory; before more of them are given, garbage is collected where more than `much` was taken since it was last. Collecting
 * takes 40 ms, whatever was read: where a mutant may take mebibytes, as many may be garbage.
 */
export function collectingBytes(bytes: Uint8Array, name?: string, much = 1 << 20): ByteSource {
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
