// A file of commas has a column a byte, each of which takes hundreds: it is refused, and soon.
import { FormatError } from '@espalier/nn';
import { bytesOf, readCsv, readJsonLines } from '@espalier/data';
import { expect, test } from 'vitest';

const bytes = (text: string) => bytesOf(new TextEncoder().encode(text), 'a file');

test('more columns than a file of its size has are refused', async () => {
  const commas = bytes(','.repeat(100_000));
  await expect(readCsv(commas)).rejects.toThrow(FormatError);
  await expect(readCsv(commas)).rejects.toThrow(/has 100001 fields, of 100000 bytes in all/u);
});

test('many columns of a few rows are read', async () => {
  const names = Array.from({ length: 20_000 }, (_, column) => `gene${column}`);
  const row = names.map((_, column) => (column % 10) / 4).join();
  const table = await readCsv(bytes(`${names.join()}\n${`${row}\n`.repeat(3)}`));
  expect([table.rows, table.names.length]).toEqual([3, 20_000]);
  expect(table.row(2)['gene7']).toBe(1.75);
});

test('a line of JSON with more small values than it may have is refused', async () => {
  const line = `{"a":[${'{},'.repeat(200_000)}{}]}`;
  await expect(readJsonLines(bytes(line))).rejects.toThrow(/has more small values/u);
});
