/** An FNV-1a hash as [low, high] 32-bit words: of all that was hashed so far, so that it can go on. */
export type Hash = readonly [number, number];

const offsetBasis: Hash = [0x84222325, 0xcbf29ce4];
/** The prime is 2^40 and this. */
const primeLow = 0x1b3;
const twoTo32 = 2 ** 32;

/**
 * FNV-1a of a text's UTF-8 bytes, 64 bits. It names random streams; it is not meant to resist anyone. With `from`, the
 * hash of what that was of, and then the text.
 *
 * Source: Fowler, Noll, Vo, RFC 9923.
 */
export function hashText(text: string, from: Hash = offsetBasis): Hash {
  let [low, high] = from;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.codePointAt(index) ?? 0;
    // The second half of a pair belongs to the code point before.
    if (code > 0xffff) index += 1;
    const continuations = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (let left = continuations; left >= 0; left -= 1) {
      const lead = left === continuations && left > 0 ? (0xff00 >> (left + 1)) & 0xff : 0;
      const bits = left === continuations ? code >> (6 * left) : 0x80 | ((code >> (6 * left)) & 0x3f);
      const mixed = (low ^ lead ^ bits) >>> 0;
      // Doubles hold 53 bits: a word times the small part of the prime needs 41.
      const product = mixed * primeLow;
      low = product >>> 0;
      high = (high * primeLow + Math.floor(product / twoTo32) + ((mixed << 8) >>> 0)) >>> 0;
    }
  }
  return [low, high];
}
