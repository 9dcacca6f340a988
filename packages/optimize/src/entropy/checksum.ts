/** The checksum that tells bytes that were changed. */

const polynomial = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
  return rest;
});

/** The CRC-32 of IEEE 802.3, as in gzip and PNG: 4 bytes, the lowest first. */
export function checksum(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = (table[(rest ^ byte) & 255] as number) ^ (rest >>> 8);
  const found = ~rest;
  return Uint8Array.of(found, found >>> 8, found >>> 16, found >>> 24);
}
