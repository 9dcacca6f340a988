// What is learnt of a table part by part is what is learnt of it as a whole: the same columns, encodings, categories and classes, and
// the same numbers but for rounding.
import {
  bytesOf,
  csvTables,
  fitPreparation,
  indexCsv,
  PreparationFitter,
  readCsv,
  type PreparationOptions,
} from '@espalier/data';
import { encodeUtf8 } from '@espalier/nn/format';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const missing = fc.constantFrom('', 'NA');
const often = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: missing });
const decimal = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => String(Math.round(value * 100) / 100));

/** Columns that a table may have: what they hold is drawn row by row. */
const cells: Readonly<Record<string, fc.Arbitrary<string>>> = {
  whole: often(fc.integer({ min: -9, max: 9 }).map(String)),
  decimal: often(decimal),
  far: decimal.map((value) => String(1e9 + Number(value))),
  town: often(fc.constantFrom('Bonn', 'Ulm', 'Köln', '"a, b"')),
  truth: often(fc.constantFrom('true', 'false')),
  day: fc.constantFrom('2020-01-02', '2021-12-31', '1.2.2020'),
  note: fc.nat(10_000).map((value) => `some words ${value}`),
  name: fc.nat(100_000).map((value) => `n${value}`),
  constant: fc.constant('7'),
  empty: fc.constant(''),
  key_id: fc.nat(100_000).map(String),
};

const drawnTable = fc
  .record({
    names: fc.shuffledSubarray(Object.keys(cells), { minLength: 2 }),
    target: fc.constantFrom('classes', 'few', 'numbers'),
    rows: fc.integer({ min: 3, max: 120 }),
  })
  .chain(({ names, target, rows }) => {
    const goals = {
      classes: fc.constantFrom('yes', 'no', 'perhaps'),
      few: fc.integer({ min: 0, max: 3 }).map(String),
      numbers: decimal,
    };
    const row = fc.tuple(...names.map((name) => cells[name] as fc.Arbitrary<string>), goals[target as 'few']);
    return fc.array(row, { minLength: rows, maxLength: rows }).map((drawn) => ({
      text: [[...names, 'goal'], ...drawn.map((each, index) => withCounter(names, each, index))]
        .map((fields) => fields.join(','))
        .join('\n'),
    }));
  });

/** Names of rows are sometimes numbers that count them. */
const withCounter = (names: readonly string[], fields: readonly string[], index: number): readonly string[] =>
  fields.map((field, column) => (names[column] === 'key_id' && fields.length % 2 === 0 ? String(index) : field));

/** What is the same to the last bit, and numbers apart. */
function parted(value: unknown): { readonly exact: string; readonly numbers: readonly number[] } {
  const numbers: number[] = [];
  const exact = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'number' ? `#${numbers.push(each)}` : each,
  );
  return { exact, numbers };
}

const outcome = async (make: () => unknown): Promise<unknown> => {
  try {
    return await make();
  } catch (error) {
    return { refused: String(error) };
  }
};

describe('a preparation that is learnt part by part', () => {
  test('is that of the whole table', async () => {
    await fc.assert(
      fc.asyncProperty(drawnTable, fc.integer({ min: 30, max: 600 }), async ({ text }, partBytes) => {
        const source = bytesOf(encodeUtf8(`${text}\n`), 'table.csv');
        const options: PreparationOptions = { target: 'goal' };
        const index = await indexCsv(source, { header: true, partBytes, pieceBytes: partBytes });
        const table = await readCsv(source, { header: true });
        const whole = await outcome(() => fitPreparation(table, options).config());
        const streamed = await outcome(async () => {
          const fitter = new PreparationFitter(options);
          for await (const part of csvTables(source, index)) fitter.take(part);
          return fitter.finish().config();
        });
        const [one, other] = [parted(whole), parted(streamed)];
        expect(other.exact).toBe(one.exact);
        for (const [at, value] of one.numbers.entries())
          expect(Math.abs((other.numbers[at] as number) - value)).toBeLessThanOrEqual(
            1e-9 * Math.max(1, Math.abs(value)),
          );
      }),
      { numRuns: 60 },
    );
  });

  test('refuses what needs all values at once', async () => {
    const source = bytesOf(encodeUtf8('a,b\n1,2.5\n2,3.5\n,4.5\n'), 'table.csv');
    const table = await readCsv(source);
    const fitter = new PreparationFitter({ target: 'b', columns: { a: { as: 'standard', fill: 'median' } } });
    fitter.take(table);
    expect(() => fitter.finish()).toThrow(/table\.csv.*column 'a': the median needs all values at once/);
    expect(fitter.config(table).inputs[0]).toMatchObject({ fill: 1.5 });
    expect(() => new PreparationFitter({ target: 'c' }).take(table)).toThrow(/has no column "c"/);
    expect(() => new PreparationFitter({ target: 'b' }).finish()).toThrow(/has no rows/);
  });
});
