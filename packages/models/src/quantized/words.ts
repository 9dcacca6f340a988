/** Codes in words of 32 bits, the first in the lowest bits, as GPTQ, AWQ and compressed-tensors pack them. */

/** How many codes a word has. */
export function codesPerWord(bits: number): number {
  return Math.floor(32 / bits);
}

/** Code `index` of a word. */
export function codeIn(word: number, index: number, bits: number): number {
  return (word >>> (bits * index)) & (2 ** bits - 1);
}

/** Puts codes into words: `place` says for each which word it is in, and where. */
export function packWords(
  count: number,
  words: number,
  bits: number,
  place: (index: number) => readonly [code: number, word: number, position: number],
): Int32Array<ArrayBuffer> {
  const packed = new Int32Array(words);
  for (let index = 0; index < count; index++) {
    const [code, word, position] = place(index);
    packed[word] = (packed[word] as number) | (code << (bits * position));
  }
  return packed;
}
