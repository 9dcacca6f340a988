// Rows that are written a batch at a time are read as they were, and rows of a file come some at a time as they stand in it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellOf, tableOf, type Table } from '@espalier/data';
import { readTable, readTableParts, writeTable, type WrittenColumn } from '@espalier/data/node';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'espalier-write-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Texts that no reader takes for numbers, truth values or missing ones; with all that has to be quoted. */
const word = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => `x${text.replaceAll('\r', '')}"`);
const rows = fc.array(fc.record({ word, size: fc.double({ noNaN: true, noDefaultInfinity: true }), count: fc.nat() }), {
  minLength: 1,
  maxLength: 30,
});

const cells = (table: Table, name: string): unknown[] =>
  Array.from({ length: table.rows }, (_, row) => cellOf(table.column(name), row));

async function writeAll(path: string, columns: readonly WrittenColumn[]): Promise<void> {
  const file = await writeTable(path);
  await file.write(columns);
  await file.finish();
  await file.close();
}

describe.each(['csv', 'jsonl', 'parquet'])('%s', (ending) => {
  test('gives back what was written, however it was cut into batches', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 12 }), async (written, size) => {
        const path = at(`rows.${ending}`);
        {
          const file = await writeTable(path);
          for (let start = 0; start < written.length; start += size) {
            const batch = written.slice(start, start + size);
            await file.write([
              { name: 'the "word", quoted', values: batch.map((each) => each.word) },
              { name: 'size', values: Float64Array.from(batch, (each) => each.size) },
              { name: 'count', values: batch.map(({ count }) => count) },
            ]);
          }
          await file.finish();
          await file.close();
        }
        const table = await readTable(path);
        expect(table.names).toEqual(['the "word", quoted', 'size', 'count']);
        expect(cells(table, 'the "word", quoted')).toEqual(written.map((each) => each.word));
        // A zero has no sign where all values of its column are integers.
        expect(cells(table, 'size').map((each) => Number(each) + 0)).toEqual(written.map((each) => each.size + 0));
        expect(cells(table, 'count')).toEqual(written.map(({ count }) => count));
      }),
      { numRuns: 40 },
    );
  });

  test('comes some rows at a time, each with its number', async () => {
    const path = at(`parts.${ending}`);
    const values = Array.from({ length: 1000 }, (_, row) => row / 3);
    await writeAll(path, [{ name: 'value', values }]);
    const found: number[] = [];
    for await (const part of readTableParts(path, 64)) {
      expect(part.rows).toBeLessThanOrEqual(64);
      for (let row = 0; row < part.rows; row++) {
        expect(part.rowNumber(row)).toBe(found.length + 1);
        found.push(cellOf(part.column('value'), row) as number);
      }
    }
    expect(found).toEqual(values);
  });
});

test('a name with another ending is refused with those that there are', async () => {
  await expect(writeTable(at('rows.xls'))).rejects.toThrow(/there are csv, jsonl, ndjson, parquet/);
  writeFileSync(at('rows.xls'), '');
  await expect(readTableParts(at('rows.xls'), 10).next()).rejects.toThrow(/its ending is none of a table/);
});

test('numbers that JSON has no word for are null', async () => {
  await writeAll(at('odd.jsonl'), [{ name: 'x', values: [NaN, Infinity, 1e21] }]);
  expect(readFileSync(at('odd.jsonl'), 'utf8')).toBe('{"x":null}\n{"x":null}\n{"x":1e+21}\n');
  expect(tableOf({ x: [null, null, 1e21] }).rows).toBe((await readTable(at('odd.jsonl'))).rows);
});
