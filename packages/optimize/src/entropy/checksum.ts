/** The checksum that tells bytes that were changed. */
import { crc32 } from '@espalier/nn/format';

/** The CRC-32 of bytes: 4 of them, the lowest first. */
export function checksum(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const found = crc32(bytes);
  return Uint8Array.of(found, found >>> 8, found >>> 16, found >>> 24);
}
