// Laws of the CSV reader: a plain reading of the same text is the same table or the same refusal, wherever pieces are cut.
import { FormatError } from '@espalier/nn';
import { bytesOf, cellOf, indexCsv, readCsv, readCsvPart, type CsvOptions, type Table } from '@espalier/data';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePlain, type Parsed } from '../helpers/plain-csv.ts';

const sourceOf = (text: string) => bytesOf(new TextEncoder().encode(text), 'drawn.csv');
const delimiters = [',', ';', '\t', '|'] as const;

/** All fields as texts, whatever they look like. */
function textOptions(delimiter: string, width: number, pieceBytes: number): CsvOptions {
  const names = Array.from({ length: width }, (_, index) => `column ${index + 1}`);
  return {
    delimiter,
    header: false,
    missing: [],
    types: Object.fromEntries(names.map((name) => [name, 'text'])),
    pieceBytes,
  };
}

const rowsOf = (table: Table): string[][] =>
  Array.from({ length: table.rows }, (_, row) =>
    [...table.columns.values()].map((column) => String(cellOf(column, row))),
  );

const problems: Readonly<Record<string, RegExp>> = {
  unclosed: /that is not closed/,
  'behind a quote': /goes on behind the quote/,
  ragged: /fields?; the others have/,
  empty: /has no record/,
};

async function outcome(text: string, options: CsvOptions): Promise<string[][] | string> {
  try {
    return rowsOf(await readCsv(sourceOf(text), options));
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
}

describe('CSV', () => {
  test('of any text is what a plain reading gives, or refused for the same reason', async () => {
    const character = fc.constantFrom('"', '"', ',', ';', '\n', '\r', 'a', '1', ' ', 'é', '𝄞');
    const drawn = fc.array(character, { maxLength: 40 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        drawn,
        fc.constantFrom(',', ';'),
        fc.integer({ min: 1, max: 50 }),
        async (text, delimiter, piece) => {
          const plain: Parsed = parsePlain(text, delimiter);
          const width = typeof plain === 'string' ? 0 : (plain[0]?.length ?? 0);
          const found = await outcome(text, textOptions(delimiter, width, piece));
          // Of two flaws of one text either may be named.
          if (typeof plain === 'string')
            expect(Object.values(problems).some((problem) => problem.test(String(found)))).toBe(true);
          else expect(found).toEqual(plain);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('is read back as it was written, quoted wherever that is needed or wanted', async () => {
    const cell = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('', '"', '\r\n', 'a,b', ' x '),
    );
    const table = fc
      .integer({ min: 1, max: 5 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
      );
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom(...delimiters),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 64 }),
        async (rows, delimiter, lineEnd, quotesAll, endsOpen, piece) => {
          const written = (value: string): string =>
            quotesAll || value === '' || /["\r\n,;\t|]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
          const text = rows.map((row) => row.map(written).join(delimiter)).join(lineEnd) + (endsOpen ? '' : lineEnd);
          const options = textOptions(delimiter, rows[0]?.length ?? 0, piece);
          expect(await outcome(`\uFEFF${text}`, options)).toEqual(rows);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('read by parts is the table that is read whole', async () => {
    const cell = fc.oneof(
      fc.integer().map(String),
      fc.double().map(String),
      fc.constantFrom('', 'NA', 'true', 'x', '007', '"a\nb"'),
    );
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        async (drawn, pieceBytes, partBytes) => {
          const source = sourceOf(`a,b\n${drawn.map((row) => row.join(',')).join('\n')}\n`);
          const index = await indexCsv(source, { pieceBytes, partBytes });
          const parts = await Promise.all(index.parts.map((_, part) => readCsvPart(source, index, part)));
          const whole = await readCsv(source);
          expect(index.rows).toBe(whole.rows);
          const cells = (table: Table) => Array.from({ length: table.rows }, (_, row) => table.row(row));
          expect(parts.flatMap(cells)).toEqual(cells(whole));
          expect(Object.values(index.types)).toEqual([...whole.columns.values()].map(({ type }) => type));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('has the numbers that JavaScript reads from the same text', async () => {
    const sign = fc.constantFrom('', '-', '+');
    const digits = (least: number, most: number) =>
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most }).map((all) => all.join(''));
    const exponent = fc.oneof(
      fc.constant(''),
      fc.integer({ min: -330, max: 310 }).map((value) => `e${value}`),
      fc.integer({ min: 0, max: 30 }).map((value) => `E+${value}`),
    );
    const decimal = fc
      .tuple(
        sign,
        digits(1, 20),
        fc.oneof(
          fc.constant(''),
          digits(0, 25).map((all) => `.${all}`),
        ),
        exponent,
      )
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(decimal, fc.double({ noNaN: true }).map(String), fc.float({ noNaN: true }).map(String)),
        async (text) => {
          const table = await readCsv(sourceOf(`x\n ${text}\t\n`), { header: true, types: { x: 'number' } });
          // Added to 0, since an integer has no -0.
          expect((table.row(0)['x'] as number) + 0).toBe(Number(text) + 0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
