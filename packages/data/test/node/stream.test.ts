// Files that are streamed: an index that is kept is used only for the file that it is of, and a file that changes is an error.
import { appendFile, mkdtemp, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexCsv, readCsvPart } from '@espalier/data';
import { keptIndex, steadyFile } from '@espalier/data/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const rows = (count: number, of = 'a') =>
  Array.from({ length: count }, (_, row) => `${row},${of}${row % 3}\n`).join('');
const options = { partBytes: 500, pieceBytes: 200 };

let folder = '';
let table = '';
let kept = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-streams-'));
  table = join(folder, 'table.csv');
  kept = join(folder, 'index.json');
  await writeFile(table, `number,town\n${rows(400)}`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function opened() {
  const source = await steadyFile(table);
  try {
    const { index, isNew } = await keptIndex(source, kept, options);
    // What is kept is what would be made.
    expect(index).toEqual({ ...(await indexCsv(source, options)), digest: source.digest });
    return { index, isNew };
  } finally {
    await source.close();
  }
}

describe('an index that is kept', () => {
  test('is made once', async () => {
    const first = await opened();
    expect([first.isNew, first.index.parts.length > 3]).toEqual([true, true]);
    expect(await opened()).toEqual({ ...first, isNew: false });
    const source = await steadyFile(table);
    expect((await keptIndex(source, kept, { ...options, partBytes: 900 })).isNew).toBe(true);
    await source.close();
  });

  test.each([
    ['grew', () => appendFile(table, '7,a1\n')],
    ['was replaced by one of the same size', () => writeFile(table, `number,town\n${rows(400, 'b')}`)],
    ['was written to at another time', () => utimes(table, 1, 1)],
  ])('is made anew for a table that %s', async (_, change) => {
    await opened();
    await change();
    expect((await opened()).isNew).toBe(true);
    expect((await opened()).isNew).toBe(false);
  });

  test('is made anew where it is damaged, wherever that is', async () => {
    await opened();
    const good = await readFile(kept);
    for (let at = 0; at < good.length; at += 37) {
      await writeFile(kept, good.with(at, (good[at] as number) ^ 1));
      expect((await opened()).isNew).toBe(true);
      await writeFile(kept, good.subarray(0, at));
      expect((await opened()).isNew).toBe(true);
    }
  });
});

describe('a file that changes while it is read', () => {
  test.each([
    ['grows', () => appendFile(table, '7,a1\n'), /table\.csv.*has \d+ bytes, and had \d+/],
    ['shrinks', () => truncate(table, 100), /table\.csv.*has 100 bytes, and had/],
    ['is written to', () => writeFile(table, `number,town\n${rows(400, 'b')}`), /table\.csv.*was written to/],
    ['is removed', () => rm(table), /table\.csv.*was removed/],
    [
      'is replaced',
      async () => {
        await writeFile(`${table}.new`, `number,town\n${rows(400, 'b')}`);
        await rename(`${table}.new`, table);
      },
      /table\.csv.*was replaced/,
    ],
  ])('and %s is an error that names it', async (_, change, problem) => {
    const source = await steadyFile(table);
    const { index } = await keptIndex(source, kept, options);
    await readCsvPart(source, index, 0);
    await change();
    await expect(readCsvPart(source, index, 1)).rejects.toThrow(problem);
    await source.close();
  });
});
