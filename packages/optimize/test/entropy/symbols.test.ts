/** Streams in Huffman codes are what they were, or are refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '@espalier/nn';
import { decodeSymbols, encodeSymbols } from '../../src/index.ts';
import { canonicalCodes, codedBits, codeLengths, decodingTable, longestCode } from '../../src/entropy/prefix-code.ts';

/** Streams of one symbol or none, of few, of all, and of frequencies that plain Huffman codes give very long codes. */
const streams: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.nat(255), fc.nat(400)).map(([symbol, count]) => new Uint8Array(count).fill(symbol)),
  fc
    .array(fc.nat(255), { minLength: 1, maxLength: 5 })
    .chain((alphabet) => fc.array(fc.constantFrom(...alphabet), { maxLength: 300 }))
    .map((symbols) => Uint8Array.from(symbols)),
  fc.integer({ min: 1, max: 18 }).map((most) => {
    const symbols: number[] = [];
    for (let [symbol, own, next] = [0, 1, 1]; symbol < most; symbol++, [own, next] = [next, own + next])
      for (let count = 0; count < own; count++) symbols.push(symbol);
    return Uint8Array.from(symbols);
  }),
);

describe('a stream of symbols', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(streams, (symbols) => {
        expect(decodeSymbols('stream', encodeSymbols(symbols), symbols.length)).toEqual(symbols);
      }),
    );
  });

  test('takes next to nothing where it has one symbol', () => {
    expect(encodeSymbols(new Uint8Array(100_000).fill(200)).length).toBeLessThan(120);
    expect(encodeSymbols(new Uint8Array(0)).length).toBeLessThan(8);
  });

  test('is refused where it is cut, wherever that is', () => {
    fc.assert(
      fc.property(streams, fc.double({ min: 0, max: 1, noNaN: true }), (symbols, share) => {
        const whole = encodeSymbols(symbols);
        const cut = whole.subarray(0, Math.min(whole.length - 1, Math.floor(share * whole.length)));
        expect(() => decodeSymbols('stream', cut, symbols.length)).toThrow(FormatError);
      }),
    );
  });

  test('is refused where a byte of it was changed', () => {
    fc.assert(
      fc.property(streams, fc.nat(), fc.integer({ min: 1, max: 255 }), (symbols, place, change) => {
        const bytes = encodeSymbols(symbols);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ change;
        expect(() => decodeSymbols('stream', bytes, symbols.length)).toThrow(/checksum/);
      }),
    );
  });

  test('is refused where it has more symbols than there is room for', () => {
    expect(() => decodeSymbols('stream', encodeSymbols(new Uint8Array(10)), 9)).toThrow(
      'stream: at byte 1: symbols are 10; there is room for 9',
    );
  });
});

describe('the lengths of codes', () => {
  const someCounts = fc.array(fc.oneof(fc.nat(3), fc.nat(1000), fc.nat(1e6)), { minLength: 1, maxLength: 256 });

  test('are those of a whole prefix code within the longest', () => {
    fc.assert(
      fc.property(someCounts, (counts) => {
        const lengths = codeLengths(counts);
        const used = counts.filter((count) => count > 0).length;
        for (const [symbol, count] of counts.entries()) expect(lengths[symbol] === 0).toBe(count === 0);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(longestCode);
        if (used > 1) expect(decodingTable(lengths)).toBeDefined();
      }),
    );
  });

  test('cost what Huffman trees do where those are short, and no more than a bit a symbol over the entropy', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 40 }), (counts) => {
        const trees = [...counts];
        let cost = 0;
        while (trees.length > 1) {
          trees.sort((a, b) => a - b);
          const joined = (trees.shift() as number) + (trees.shift() as number);
          cost += joined;
          trees.push(joined);
        }
        expect(codedBits(counts, codeLengths(counts))).toBe(cost);
      }),
    );
  });

  test('give codes in the order of symbols', () => {
    expect([...canonicalCodes(Uint8Array.of(2, 1, 3, 3))]).toEqual([0b10, 0b0, 0b110, 0b111]);
  });
});
