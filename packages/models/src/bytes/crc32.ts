/** The checksum of zip files, eight bytes a step. Source: PKWARE, "APPNOTE.TXT", polynomial 0xEDB88320. */

/** Eight tables of 256: what a byte, followed by as many zero bytes as the number of its table, does to the checksum. */
const tables = ((): Uint32Array => {
  const all = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    all[byte] = value;
  }
  for (let at = 256; at < all.length; at++) {
    const before = all[at - 256] as number;
    all[at] = (before >>> 8) ^ (all[before & 255] as number);
  }
  return all;
})();

/** The checksum of bytes that follow those with the checksum `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const table = (of: number, byte: number): number => tables[of * 256 + byte] as number;
  let crc = ~before;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const [a, b] = [word(bytes, at) ^ crc, word(bytes, at + 4)];
    crc =
      table(7, a & 255) ^
      table(6, (a >>> 8) & 255) ^
      table(5, (a >>> 16) & 255) ^
      table(4, a >>> 24) ^
      table(3, b & 255) ^
      table(2, (b >>> 8) & 255) ^
      table(1, (b >>> 16) & 255) ^
      table(0, b >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ table(0, (crc ^ (bytes[at] as number)) & 255);
  return ~crc >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
