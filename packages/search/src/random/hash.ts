const offsetBasis = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;

/** The UTF-8 bytes of a text. */
function* utf8(text: string): Generator<number> {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) yield code;
    else {
      const continuations = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      yield ((0xff00 >> (continuations + 1)) & 0xff) | (code >> (6 * continuations));
      for (let left = continuations - 1; left >= 0; left -= 1) yield 0x80 | ((code >> (6 * left)) & 0x3f);
    }
  }
}

/**
 * FNV-1a of a text's UTF-8 bytes, 64 bits, as [low, high] 32-bit words. It names random streams; it is not
 * meant to resist anyone.
 *
 * Source: Fowler, Noll, Vo, RFC 9923.
 */
export function hashText(text: string): readonly [number, number] {
  let hash = offsetBasis;
  for (const byte of utf8(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}
