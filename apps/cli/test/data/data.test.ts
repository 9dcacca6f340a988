import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runHere } from '../helpers/run-here.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'flats.csv');
writeFileSync(
  file,
  `rooms,town,price\n${Array.from({ length: 20 }, (_, row) => `${row % 5},${row % 2 === 0 ? 'Bonn' : 'Ulm'},${row * 1.5}`).join('\n')}\n`,
);

describe('espalier data', () => {
  test('shows columns, classes and the split of a table', async () => {
    const { code, stdout } = await runHere('data', file, '--target', 'town');
    expect(code).toBe(0);
    expect(stdout).toMatch(/rooms +number +0 to 4 +standard +0, 1, 2/);
    expect(stdout).toMatch(/Bonn +10 +7 /);
    expect(stdout).toMatch(
      /20 rows: 14 to learn from, 3 to choose by, 3 to judge by; 2 numbers a row; the task is binary/,
    );
  });

  test('tells the same to scripts', async () => {
    const { code, stdout } = await runHere('data', file, '--target', 'price', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rows: 20, task: 'regression', split: [14, 3, 3] });
  });

  test.each([
    [
      'a column that is not there',
      ['data', file, '--target', 'colour'],
      /has no column "colour"; it has 'rooms', 'town', 'price'/,
    ],
    ['a file that is not there', ['data', join(folder, 'no.csv')], /there is no such file or folder/],
    ['a file of another ending', ['data', import.meta.filename], /its ending is none of a table/],
    ['a folder without pictures', ['data', folder], /has no pictures/],
  ])('refuses %s', async (_, line, problem) => {
    const { code, stderr } = await runHere(...line);
    expect(code).toBe(2);
    expect(stderr).toMatch(problem);
  });
});
