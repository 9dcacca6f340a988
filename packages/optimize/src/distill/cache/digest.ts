/** What tells rows of a cache apart. */

/** A number that tells rows apart which are not the same by accident. Source: Fowler, Noll and Vo, FNV-1a of 32 bits. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  return hash >>> 0;
}
