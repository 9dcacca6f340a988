/** Streams of symbols from 0 to 255, in canonical Huffman codes, with the lengths of the codes before them. */
import { aByteArray } from '@espalier/nn/arguments';
import { aCount, aText, check } from '@espalier/tensor/arguments';
import { BitReader, BitWriter, ByteReader, ByteWriter } from './bytes.ts';
import { checksum } from './checksum.ts';
import { canonicalCodes, codedBits, codeLengths, decodingTable, longestCode, usedSymbols } from './prefix-code.ts';

/** How often each symbol occurs. */
export function symbolCounts(symbols: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(256);
  for (let index = 0; index < symbols.length; index++) {
    const symbol = symbols[index] as number;
    counts[symbol] = (counts[symbol] as number) + 1;
  }
  return counts;
}

/** About how many bytes symbols take that occur so often. */
export function symbolBytes(counts: ArrayLike<number>): number {
  const lengths = codeLengths(counts);
  return 2 + Math.ceil(alphabetOf(lengths) / 2) + Math.ceil(codedBits(counts, lengths) / 8);
}

/** Symbols up to the last that has a code. */
const alphabetOf = (lengths: Uint8Array): number => lengths.findLastIndex((length) => length > 0) + 1;

/** Writes the lengths of the codes, and then the symbols. How many there are, whoever reads them has to know. */
export function writeSymbols(to: ByteWriter, symbols: ArrayLike<number>): void {
  const lengths = codeLengths(symbolCounts(symbols));
  const size = alphabetOf(lengths);
  to.count(size);
  for (let symbol = 0; symbol < size; symbol += 2)
    to.byte(((lengths[symbol] as number) << 4) | (lengths[symbol + 1] ?? 0));
  if (usedSymbols(lengths) <= 1) return;
  const codes = canonicalCodes(lengths);
  const bits = new BitWriter();
  for (let index = 0; index < symbols.length; index++) {
    const symbol = symbols[index] as number;
    bits.write(codes[symbol] as number, lengths[symbol] as number);
  }
  to.block(bits.whole());
}

/** Reads symbols one by one from all that a reader has left: what was read is not kept. */
export class SymbolReader {
  readonly #reader: ByteReader;
  readonly #bits: BitReader;
  readonly #table: Uint16Array | undefined;
  /** The only one there is. */
  readonly #single: number;

  /** @throws {FormatError} for lengths that are none of a code. */
  constructor(reader: ByteReader) {
    const size = reader.count('symbols', 256);
    const lengths = new Uint8Array(256);
    for (let symbol = 0; symbol < size; symbol += 2) {
      const two = reader.byte();
      lengths[symbol] = two >> 4;
      lengths[symbol + 1] = two & 15;
    }
    const long = lengths.findIndex((length) => length > longestCode);
    if (long >= 0)
      reader.refuse(`the code of symbol ${long} has ${lengths[long]} bits; there are at most ${longestCode}`);
    if (alphabetOf(lengths) !== size) reader.refuse(`the last of ${size} symbols has no code`);
    const used = usedSymbols(lengths);
    this.#single = used === 1 ? size - 1 : -1;
    this.#table = used > 1 ? decodingTable(lengths) : undefined;
    if (used > 1 && !this.#table) reader.refuse('its codes are not those of a whole prefix code');
    if (used === 1 && lengths[size - 1] !== 1) reader.refuse('the code of a symbol that is alone has 1 bit');
    this.#reader = reader;
    this.#bits = new BitReader(reader);
  }

  /** @throws {FormatError} where there is none. */
  next(): number {
    if (!this.#table) {
      if (this.#single < 0) this.#reader.refuse('it has no symbol');
      return this.#single;
    }
    const entry = this.#table[this.#bits.peek(longestCode)] as number;
    this.#bits.skip(entry & 15);
    return entry >> 4;
  }

  /** @throws {FormatError} unless nothing is left. */
  end(): void {
    this.#bits.end();
  }
}

/**
 * Symbols from 0 to 255 in Huffman codes of their own: the count, the code, the symbols, and a checksum. `decodeSymbols` reads
 * it. Source: D. Huffman, "A method for the construction of minimum-redundancy codes", 1952; canonical as in RFC 1951.
 */
export function encodeSymbols(symbols: Uint8Array): Uint8Array<ArrayBuffer> {
  check('encodeSymbols', 'symbols', symbols, aByteArray);
  const to = new ByteWriter().count(symbols.length);
  writeSymbols(to, symbols);
  const stream = to.whole();
  return new ByteWriter().block(stream).block(checksum(stream)).whole();
}

/**
 * The symbols that `encodeSymbols` was given.
 * @throws {FormatError} naming `source` and the place, for bytes that are cut or changed, and for more symbols than `most`.
 */
export function decodeSymbols(source: string, bytes: Uint8Array, most: number): Uint8Array<ArrayBuffer> {
  check('decodeSymbols', 'source', source, aText);
  check('decodeSymbols', 'bytes', bytes, aByteArray);
  check('decodeSymbols', 'most', most, aCount);
  const reader = checkedReader(source, bytes);
  const symbols = new Uint8Array(reader.count('symbols', most));
  const coded = new SymbolReader(reader);
  for (let index = 0; index < symbols.length; index++) symbols[index] = coded.next();
  coded.end();
  return symbols;
}

/**
 * Reads bytes that end with their checksum.
 * @throws {FormatError} where it is not theirs.
 */
export function checkedReader(source: string, bytes: Uint8Array): ByteReader {
  const whole = new ByteReader(source, bytes);
  if (bytes.length < 4) whole.refuse(`it has ${bytes.length} bytes; its checksum alone takes 4`);
  const inner = whole.inner(bytes.length - 4);
  const own = checksum(bytes.subarray(0, -4));
  if (bytes.subarray(-4).join() !== own.join())
    whole.refuse('its checksum is not that of its bytes, which were cut or changed; take it from its source again');
  return inner;
}
