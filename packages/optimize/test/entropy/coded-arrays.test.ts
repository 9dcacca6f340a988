/** Arrays of weights in streams are what they were, or are refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, type RawTensor } from '@espalier/nn';
import { bitmask, codebook, csr, int4, encodeMatrix, fromTyped } from '@espalier/tensor';
import { fileFormOf } from '../../src/layout/file-form.ts';
import { packEncoded } from '../../src/layout/encoded-weight.ts';
import { decodeArrays, encodeArrays } from '../../src/entropy/coded-arrays.ts';
import { ByteReader, ByteWriter } from '../../src/entropy/bytes.ts';
import { readPlaces, writePlaces } from '../../src/entropy/gaps.ts';

const roomFor = (elements: number, bytes = 1 << 24): { bytes: number; elements: number } => ({ bytes, elements });

function sparse(rows: number, columns: number, share: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length: rows * columns }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 < share ? Math.sin(state) : 0;
  });
}

describe('places', () => {
  test('come back as they were, however far apart', () => {
    const some = fc
      .record({
        total: fc.integer({ min: 1, max: 100_000 }),
        seed: fc.nat(),
        share: fc.constantFrom(0, 0.0005, 0.03, 0.5, 1),
      })
      .map(({ total, seed, share }) => ({
        total,
        places: [...sparse(1, total, share, seed).entries()].filter(([, value]) => value !== 0).map(([at]) => at),
      }));
    fc.assert(
      fc.property(some, ({ total, places }) => {
        const to = new ByteWriter();
        writePlaces(to, places);
        const found: number[] = [];
        readPlaces(new ByteReader('places', to.whole()), { count: places.length, total }, (place) => found.push(place));
        expect(found).toEqual(places);
      }),
      { numRuns: 40 },
    );
  });

  test('take about as many bits as their entropy says', () => {
    const [total, share] = [200_000, 0.05];
    const places = [...sparse(1, total, share, 1).entries()].filter(([, value]) => value !== 0).map(([at]) => at);
    const to = new ByteWriter();
    writePlaces(to, places);
    const entropy = -total * (share * Math.log2(share) + (1 - share) * Math.log2(1 - share));
    expect(8 * to.whole().length).toBeLessThan(1.05 * entropy);
  });
});

describe('the arrays of a matrix', () => {
  const formats = fc.constantFrom(
    { format: csr, options: {}, bits: 0 },
    { format: bitmask, options: {}, bits: 0 },
    { format: codebook, options: { bits: 4 as const }, bits: 4 },
    { format: int4, options: { group: 16 }, bits: 4 },
  );
  const drawn = fc.record({
    rows: fc.integer({ min: 1, max: 20 }),
    columns: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(256, 257, 300)),
    share: fc.constantFrom(0, 0.02, 0.5, 1),
    seed: fc.nat(),
    of: formats,
  });

  interface Drawn {
    readonly rows: number;
    readonly columns: number;
    readonly share: number;
    readonly seed: number;
    readonly of: { readonly format: object; readonly options: object; readonly bits: number };
  }

  async function arraysOf({ rows, columns, share, seed, of }: Drawn): Promise<Map<string, RawTensor>> {
    const dense = fromTyped(sparse(rows, columns, share, seed), [rows, columns]);
    const matrix = await encodeMatrix(dense, of.format as typeof csr, of.options);
    return packEncoded(await fileFormOf({ matrix }));
  }

  test('come back to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async (each) => {
        const arrays = await arraysOf(each);
        const codes = new Map(
          each.of.bits ? [['_codes', { bits: each.of.bits, rows: each.rows, count: each.columns }]] : [],
        );
        const found = decodeArrays(
          'stream',
          encodeArrays(arrays, { columns: each.columns, codes }),
          roomFor(each.rows * each.columns),
        );
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(arrays));
      }),
      { numRuns: 60 },
    );
  });

  test('are refused where a byte was changed or cut, and where they are larger than there is room for', async () => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.nat(), fc.integer({ min: 1, max: 255 }), async (each, place, change) => {
        const arrays = await arraysOf(each);
        const stream = encodeArrays(arrays, { columns: each.columns, codes: new Map() });
        const at = place % stream.length;
        expect(() => decodeArrays('stream', stream.slice(0, at), roomFor(each.rows * each.columns))).toThrow(
          FormatError,
        );
        const bytes = [...arrays.values()].reduce((sum, array) => sum + array.bytes.length, 0);
        if (bytes > 0)
          expect(() => decodeArrays('stream', stream, roomFor(each.rows * each.columns, bytes - 1))).toThrow(
            /room|more than/,
          );
        stream[at] = (stream[at] as number) ^ change;
        expect(() => decodeArrays('stream', stream, roomFor(each.rows * each.columns))).toThrow(/checksum/);
      }),
      { numRuns: 60 },
    );
  });
});
