/** Places in a row of zeros by the gaps between them: the fewer there are, the more a bit for each place would waste. */
import { BitReader, BitWriter, type ByteReader, type ByteWriter } from './bytes.ts';
import { SymbolReader, symbolBytes, writeSymbols } from './symbols.ts';

/** Gaps up to this many bits are symbols; a longer one is told by several. */
const widest = 8;
/** Rice codes are told by a number above those of symbols. */
const riceBase = 16;
const mostRice = 15;

/**
 * Ascending places from 0 to below `total`. Gaps are symbols of some bits in Huffman codes, where the largest symbol stands for
 * as many zeros without an entry behind them (the filler of S. Han et al., "Deep Compression", 2016), or Rice codes (R. Rice,
 * 1979): the way that takes the fewest bytes.
 */
export function writePlaces(to: ByteWriter, places: ArrayLike<number>): void {
  const gaps = gapsOf(places);
  const ways = [
    ...Array.from({ length: widest }, (_, at) => ({ way: at + 1, bytes: symbolBytes(filledCounts(gaps, at + 1)) })),
    ...Array.from({ length: mostRice + 1 }, (_, shift) => ({ way: riceBase + shift, bytes: riceBytes(gaps, shift) })),
  ];
  const { way } = ways.reduce((best, other) => (other.bytes < best.bytes ? other : best));
  to.byte(way);
  if (way < riceBase) writeSymbols(to, filled(gaps, way));
  else to.block(rice(gaps, way - riceBase));
}

/**
 * The places that were written, which are all that a reader has left: `told` is called with each of `count`.
 * @throws {FormatError} for places that do not lie below `total`.
 */
export function readPlaces(
  reader: ByteReader,
  { count, total }: { readonly count: number; readonly total: number },
  told: (place: number) => void,
): void {
  const way = reader.byte();
  if (!((way >= 1 && way <= widest) || (way >= riceBase && way <= riceBase + mostRice)))
    reader.refuse(`${way} is no way to tell gaps`);
  const gaps = way < riceBase ? filledReader(reader, way, total) : riceReader(reader, way - riceBase);
  let place = -1;
  for (let index = 0; index < count; index++) {
    place += 1 + gaps.next(place);
    if (place >= total) reader.refuse(`entry ${index} is at ${place} of ${total} places`);
    told(place);
  }
  gaps.end();
}

/** Reads gaps one by one. */
interface GapReader {
  readonly next: (place: number) => number;
  readonly end: () => void;
}

function gapsOf(places: ArrayLike<number>): Float64Array {
  return Float64Array.from(places, (place, index) => place - (index === 0 ? -1 : (places[index - 1] as number)) - 1);
}

const fillerOf = (bits: number): number => 2 ** bits - 1;

function filledCounts(gaps: Float64Array, bits: number): Float64Array {
  const filler = fillerOf(bits);
  const counts = new Float64Array(filler + 1);
  for (const gap of gaps) {
    counts[filler] = (counts[filler] as number) + Math.floor(gap / filler);
    counts[gap % filler] = (counts[gap % filler] as number) + 1;
  }
  return counts;
}

function filled(gaps: Float64Array, bits: number): number[] {
  const filler = fillerOf(bits);
  const symbols: number[] = [];
  for (const gap of gaps) {
    for (let left = gap; left >= filler; left -= filler) symbols.push(filler);
    symbols.push(gap % filler);
  }
  return symbols;
}

function filledReader(reader: ByteReader, bits: number, total: number): GapReader {
  const filler = fillerOf(bits);
  const symbols = new SymbolReader(reader);
  const next = (place: number): number => {
    let gap = 0;
    for (;;) {
      const symbol = symbols.next();
      if (symbol > filler) reader.refuse(`${symbol} is no gap of ${bits} bits`);
      gap += symbol;
      if (symbol < filler) return gap;
      // A code without bits could go on for ever.
      if (place + gap >= total) reader.refuse(`a gap of more than ${gap} leaves the ${total} places`);
    }
  };
  return { next, end: () => symbols.end() };
}

function riceBytes(gaps: Float64Array, shift: number): number {
  return Math.ceil(gaps.reduce((bits, gap) => bits + Math.floor(gap / 2 ** shift) + 1 + shift, 0) / 8);
}

function rice(gaps: Float64Array, shift: number): Uint8Array {
  const bits = new BitWriter();
  for (const gap of gaps) {
    for (let left = Math.floor(gap / 2 ** shift); left > 0; left--) bits.write(1, 1);
    bits.write(0, 1).write(gap % 2 ** shift, shift);
  }
  return bits.whole();
}

function riceReader(reader: ByteReader, shift: number): GapReader {
  const bits = new BitReader(reader);
  const next = (): number => {
    let whole = 0;
    while (bits.read(1) === 1) whole++;
    return whole * 2 ** shift + bits.read(shift);
  };
  return { next, end: () => bits.end() };
}
