/** Codes of fewer than 8 bits in a row of bytes: one behind the other, the lowest bit first, in two's complement. */

/** Bytes of so many values of some bits each. */
export function packedBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/** The byte in which a bit lies, and where in it; beyond 2^32 bits too. */
const placeOf = (bit: number): readonly [number, number] => [Math.floor(bit / 8), bit % 8];

/** The codes in as many bits each; 1 to 8. */
export function packCodes(codes: Int8Array, bits: number): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(packedBytes(codes.length, bits));
  const mask = 2 ** bits - 1;
  for (const [index, code] of codes.entries()) {
    const [byte, shift] = placeOf(index * bits);
    const placed = (code & mask) << shift;
    packed[byte] = (packed[byte] as number) | placed;
    if (shift + bits > 8) packed[byte + 1] = (packed[byte + 1] as number) | (placed >> 8);
  }
  return packed;
}

/** The first codes of packed ones. */
export function unpackCodes(packed: Uint8Array, count: number, bits: number): Int8Array<ArrayBuffer> {
  return Int8Array.from({ length: count }, (_, index) => {
    const [byte, shift] = placeOf(index * bits);
    const two = (packed[byte] as number) | ((packed[byte + 1] ?? 0) << 8);
    return ((two >> shift) << (32 - bits)) >> (32 - bits);
  });
}

/** How many bits are set. */
export function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) for (let bits = byte; bits !== 0; bits &= bits - 1) count++;
  return count;
}
