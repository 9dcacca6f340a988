// Rows by lot: every row in one part, about as many as the share says, whatever range they are asked in.
import { bytesOf, csvStream, csvTables, fitPreparation, indexCsv, lotsOf, readCsv, rowsByLot } from '@espalier/data';
import { encodeUtf8 } from '@espalier/nn/format';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('rows by lot', () => {
  test('are parted, and the same in every range', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(),
          first: fc.maxSafeNat().map((n) => n % 2 ** 40),
          rows: fc.integer({ min: 1, max: 300 }),
        }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        ({ seed, first, rows }, weights, cut) => {
          const sum = weights.reduce((total, each) => total + each, 0);
          const lots = lotsOf(
            weights.map((each) => each / sum),
            seed,
          );
          const parts = lots.map((each) => [...rowsByLot(first, rows, each)]);
          expect(parts.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
          const at = cut % rows;
          for (const [index, each] of lots.entries())
            expect([
              ...rowsByLot(first, at, each),
              ...rowsByLot(first + at, rows - at, each).map((row) => row + at),
            ]).toEqual(parts[index]);
        },
      ),
    );
  });

  test('are as many as the share says, and others of another seed', () => {
    const [some, others] = [lotsOf([0.2], 1), lotsOf([0.2], 2)].map(([lots]) => rowsByLot(0, 1e6, lots as never));
    // Six standard deviations of the binomial distribution are 2400.
    for (const rows of [some, others]) expect(Math.abs((rows?.length ?? 0) - 2e5)).toBeLessThan(2400);
    const both = new Set(some);
    const common = others?.filter((row) => both.has(row)).length ?? 0;
    expect(Math.abs(common - 4e4)).toBeLessThan(1200);
  });

  test.each([[[0.5, 0.6]], [[0, 1]], [[-0.1]]])('of shares %j are refused', (shares) => {
    expect(() => lotsOf(shares, 1)).toThrow(/must be above 0, and 1 together/);
  });

  test('part a CSV file without a list of rows', async () => {
    const text = Array.from({ length: 500 }, (_, row) => `${row},${row % 3}`).join('\n');
    const source = bytesOf(encodeUtf8(`a,b\n${text}\n`), 'table.csv');
    const index = await indexCsv(source, { partBytes: 300, pieceBytes: 100 });
    const preparation = fitPreparation(await readCsv(source), { target: 'b', columns: { a: 'number' } });
    const seen: number[] = [];
    for (const lots of lotsOf([0.7, 0.3], 5)) {
      const data = csvStream(source, index, preparation, { lots, shuffle: false, memory: 1 << 16 });
      const rows: number[] = [];
      for (let row = 0; row < data.size; row++) rows.push(...(await (await data.batch([row])).x.data()));
      const read: number[] = [];
      for await (const table of csvTables(source, index, { lots, columns: ['a'] })) {
        expect(table.names).toEqual(['a']);
        for (let row = 0; row < table.rows; row++) {
          expect(table.rowNumber(row)).toBe((table.row(row)['a'] as number) + 1);
          read.push(table.row(row)['a'] as number);
        }
      }
      expect(rows).toEqual(read);
      seen.push(...rows);
    }
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, row) => row));
  });
});
