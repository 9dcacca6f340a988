// A row that cannot be read is named by its row and by its line, which differ where fields have lines within.
import { bytesOf, indexCsv, readCsv, readCsvPart } from '@espalier/data';
import { encodeUtf8 } from '@espalier/nn/format';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('the line of what is wrong', () => {
  test.each([
    ['a field too many', 'a,b\n1,"x\ny"\n\n2,z,3\n', 'line 5, row 2 has 3 fields'],
    ['a quote that is not closed', 'a,b\r\n1,"x\r\ny"\r\n2,"z\r\n', 'line 4, row 2 begins a quote'],
    ['text after a quote', 'a,b\r"1\r\r1","x"\r"2"2,z\r', 'line 5, row 2 goes on behind the quote'],
    ['no number', 'a,b\n1,"x\ny"\n2,"z\n\n"\nx,w\n', "line 7, row 3, column 'a': 'x' is no number"],
  ])('is told of %s', async (_, text, problem) => {
    const source = bytesOf(encodeUtf8(text), 'wrong.csv');
    const options = { header: true, types: { a: 'number' } } as const;
    for (const attempt of [() => readCsv(source, options), () => indexCsv(source, { ...options, pieceBytes: 4 })]) {
      const error: unknown = await attempt().catch((found: unknown) => found);
      expect(String(error)).toContain(problem);
      expect(error).toMatchObject({ code: 'file-format', source: 'wrong.csv' });
    }
  });

  test('is counted from the beginning of the file, whatever part is read', async () => {
    const row: fc.Arbitrary<string> = fc.constantFrom('1,x', '2,"two\nlines"', '3,"a\r\nb\n\nc"', '4,""');
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 3, maxLength: 40 }), fc.nat(), async (rows, place) => {
        const at = place % rows.length;
        const text = (of: readonly string[]): string => ['a,b', ...of, ''].join('\n');
        const good = text(rows);
        const index = await indexCsv(bytesOf(encodeUtf8(good), 't.csv'), {
          header: true,
          partBytes: 30,
          pieceBytes: 20,
        });
        // A digit of the same file became a letter behind the index.
        const bad = text(rows.with(at, `x${rows[at]?.slice(1)}`));
        const part = index.parts.findIndex((_, each) => {
          const before = index.parts.slice(0, each + 1).reduce((sum, { rows: count }) => sum + count, 0);
          return at < before;
        });
        const line = text(rows.slice(0, at)).split('\n').length;
        await expect(readCsvPart(bytesOf(encodeUtf8(bad), 't.csv'), index, part)).rejects.toThrow(
          `line ${line}, row ${at + 1}, column 'a': 'x' is no number`,
        );
      }),
      { numRuns: 40 },
    );
  });
});
