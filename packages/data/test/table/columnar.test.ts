// One table in every format, as pyarrow writes them: the same values whatever it is read from.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FormatError } from '@espalier/nn';
import { bytesOf, DataError, readArrow, readJsonLines, readParquet } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import { describe, expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../tables/formats/', import.meta.url));
const files = readdirSync(folder).filter((name) => !name.startsWith('nested') && !name.endsWith('jsonl'));

test.each(files)('%s has the values of the table it was made from', async (name) => {
  const [table, same] = [await readTable(folder + name), await readTable(`${folder}same.jsonl`)];
  expect(table.names).toEqual(same.names);
  for (const column of same.names) expect(table.column(column)).toEqual(same.column(column));
});

test('a list is none of a table, and its row is named', async () => {
  const error = await readTable(`${folder}nested.parquet`).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DataError);
  expect(error).toMatchObject({ row: 1, column: 'list' });
});

test('a file that ends too soon, and one that is something else', async () => {
  for (const [read, name] of [
    [readParquet, 'snappy.parquet'],
    [readArrow, 'lz4.feather'],
  ] as const) {
    const bytes = readFileSync(folder + name);
    await expect(read(bytesOf(new Uint8Array(bytes.subarray(0, bytes.length >> 1)), name))).rejects.toThrow(
      FormatError,
    );
    await expect(read(bytesOf(new TextEncoder().encode('a,b\n1,2\n'), name))).rejects.toThrow(FormatError);
  }
});

test('an ending that is none of a table', async () => {
  await expect(readTable('a.pdf')).rejects.toThrow(DataError);
});

describe('JSON lines', () => {
  const read = (text: string) => readJsonLines(bytesOf(new TextEncoder().encode(text), 'a.jsonl'));

  test('keys are columns, in the order in which they come; what is not there is missing', async () => {
    const table = await read('\uFEFF{"a":1,"b":"x"}\r\n\n{"b":null,"c":true}\n{"a":2.5}');
    expect(table.names).toEqual(['a', 'b', 'c']);
    expect([0, 1, 2].map((row) => Object.values(table.row(row)))).toEqual([
      [1, 'x', null],
      [null, null, true],
      [2.5, null, null],
    ]);
  });

  test.each([
    ['{"a":1}\n{"a"\n', 8, /row 2 is no JSON/],
    ['{"a":1}\n[1]\n', 8, /row 2 is no object/],
    ['\n', 0, /has no line/],
  ])('%j is refused', async (text, offset, problem) => {
    const error = await read(text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ offset, message: expect.stringMatching(problem) });
  });

  test.each([
    ['{"a":1}\n{"a":"x"}\n', { row: 2, column: 'a' }],
    ['{"a":[1]}\n', { row: 1, column: 'a' }],
  ])('%j is refused by its place', async (text, place) => {
    const error = await read(text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject(place);
  });

  test('keys that are never the same do not take all memory', async () => {
    const lines = Array.from({ length: 4000 }, (_, row) => `{"k${row}":1}`);
    await expect(read(lines.join('\n'))).rejects.toThrow(/keys differ from line to line/);
  });
});
