/** Codes of which none begins another, the more frequent the shorter: canonical Huffman codes of bounded length. */

/** The longest code. Of 256 symbols it costs next to nothing against longer ones, and one look-up decodes a symbol. */
export const longestCode = 12;

interface Package {
  readonly count: number;
  readonly symbols: readonly number[];
}

/**
 * The length of the code of each symbol, 0 for one that does not occur, so that Σ count · length is least among all prefix codes
 * of at most `longestCode` bits. A symbol that is alone has the length 1, and is told without any bit.
 * Source: L. Larmore and D. Hirschberg, "A fast algorithm for optimal length-limited Huffman codes", 1990 (package-merge).
 */
export function codeLengths(counts: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const lengths = new Uint8Array(counts.length);
  const leaves: Package[] = Array.from(counts, (count, symbol) => ({ count, symbols: [symbol] }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => a.count - b.count);
  if (leaves.length === 1) lengths[(leaves[0] as Package).symbols[0] as number] = 1;
  if (leaves.length <= 1) return lengths;
  let level = leaves;
  for (let bits = 1; bits < longestCode; bits++) {
    const pairs: Package[] = [];
    for (let at = 0; at + 1 < level.length; at += 2) {
      const [one, other] = [level[at] as Package, level[at + 1] as Package];
      pairs.push({ count: one.count + other.count, symbols: [...one.symbols, ...other.symbols] });
    }
    level = [...leaves, ...pairs].toSorted((a, b) => a.count - b.count);
  }
  for (const { symbols } of level.slice(0, 2 * leaves.length - 2))
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] as number) + 1;
  return lengths;
}

/** How many bits the symbols take by codes of these lengths. */
export function codedBits(counts: ArrayLike<number>, lengths: Uint8Array): number {
  if (usedSymbols(lengths) <= 1) return 0;
  return lengths.reduce((sum, length, symbol) => sum + length * (counts[symbol] as number), 0);
}

/** How many symbols have a code. */
export function usedSymbols(lengths: Uint8Array): number {
  return lengths.reduce((count, length) => count + Number(length > 0), 0);
}

/** The canonical codes of these lengths: shorter ones first, and of equal length in the order of symbols. */
export function canonicalCodes(lengths: Uint8Array): Uint16Array<ArrayBuffer> {
  const codes = new Uint16Array(lengths.length);
  let next = 0;
  for (let length = 1; length <= longestCode; length++) {
    for (const [symbol, own] of lengths.entries()) if (own === length) codes[symbol] = next++;
    next <<= 1;
  }
  return codes;
}

/**
 * Of each `longestCode` bits that may come next the symbol that they begin with, and the length of its code: 16 · symbol +
 * length. Undefined for lengths that leave bits without a meaning, or give them two.
 */
export function decodingTable(lengths: Uint8Array): Uint16Array<ArrayBuffer> | undefined {
  const size = 2 ** longestCode;
  const room = lengths.reduce((sum, length) => sum + (length > 0 ? size >> length : 0), 0);
  if (room !== size) return undefined;
  const table = new Uint16Array(size);
  for (const [symbol, code] of canonicalCodes(lengths).entries()) {
    const length = lengths[symbol] as number;
    if (length === 0) continue;
    const begin = code << (longestCode - length);
    table.fill(16 * symbol + length, begin, begin + (size >> length));
  }
  return table;
}
