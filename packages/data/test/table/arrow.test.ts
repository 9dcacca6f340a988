// Arrow as pyarrow writes it: every type that a table can hold, and files whose counts are not true.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FormatError } from '@espalier/nn';
import { bytesOf, DataError, readArrow, type Table } from '@espalier/data';
import { readTable } from '@espalier/data/node';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../tables/arrow/', import.meta.url));
const bytesFrom = (name: string): Uint8Array => new Uint8Array(readFileSync(folder + name));

test('every type has the values that pyarrow gave it', async () => {
  const [table, same] = [await readTable(`${folder}types.arrow`), await readTable(`${folder}types.jsonl`)];
  expect(table.names).toEqual(same.names);
  for (const column of same.names) expect(table.column(column), column).toEqual(same.column(column));
});

test.each(['deltas.arrow', 'replaced.arrow'])(
  '%s: a batch has the dictionary that was there before it',
  async (name) => {
    const { values, missing } = (await readTable(folder + name)).column('grows');
    expect(values).toEqual(['a', 'b', '', 'a', 'b', 'c', '', 'a', 'b', 'c', 'd', '']);
    expect(Array.from(missing ?? [])).toEqual([0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  },
);

test('a list is refused by the name of its column and of its type', async () => {
  const error = await readTable(`${folder}nested.arrow`).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DataError);
  expect(error).toMatchObject({ column: 'list', message: expect.stringMatching(/type list/) });
});

test.each([
  ['nulls', /1000000000 values/],
  ['overlapping', /texts that overlap/],
  ['index', /names value 2 of a dictionary of 2/],
  ['offsets', /ends at 2 and begins at 3/],
  ['time', /a time that no calendar has/],
  ['utf8', /not UTF-8/],
])('what is wrong in lie-%s is refused', async (name, problem) => {
  const error = await readTable(`${folder}lie-${name}.arrow`).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(FormatError);
  expect(error).toMatchObject({ message: expect.stringMatching(problem) });
});

/** What becomes of a file: a table, or how it was refused. */
async function outcome(bytes: Uint8Array): Promise<Table | FormatError | DataError> {
  try {
    return await readArrow(bytesOf(bytes, 'a.arrow'));
  } catch (error) {
    if (error instanceof FormatError || error instanceof DataError) return error;
    throw error;
  }
}

test.each([
  ['types.arrow', [2n ** 40n]],
  ['deltas.arrow', [2n ** 40n, 2n ** 31n - 1n, 2n ** 63n - 1n, -1n]],
] as const)('%s: no number in it is believed before it is checked', async (name, numbers) => {
  const bytes = bytesFrom(name);
  for (const value of numbers) {
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const changed = bytes.slice();
      new DataView(changed.buffer).setBigInt64(at, value, true);
      const read = await outcome(changed);
      if (read instanceof Error) continue;
      expect(read.rows).toBeLessThanOrEqual(12);
    }
  }
});

test('a file that ends anywhere is refused, and a stream has the batches that are whole', async () => {
  const [file, stream] = [bytesFrom('types.arrow'), bytesFrom('deltas.arrow')];
  for (let length = 0; length < file.length; length += 61)
    expect(await outcome(file.subarray(0, length))).toBeInstanceOf(FormatError);
  for (let length = 0; length < stream.length - 8; length++) {
    const read = await outcome(stream.subarray(0, length));
    if (!(read instanceof Error)) expect([0, 3, 7, 12]).toContain(read.rows);
  }
});

test('Feather of version 1 is refused by its name', async () => {
  expect(await outcome(new TextEncoder().encode('FEA1 and more'))).toMatchObject({
    message: expect.stringMatching(/Feather of version 1/),
  });
});
