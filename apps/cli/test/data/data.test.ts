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
      /20 rows: 13 to learn from, 3 to choose by, 4 to judge by \(seed 7\); 2 numbers a row; the task is binary/,
    );
  });

  test('tells the same to scripts', async () => {
    const { code, stdout } = await runHere('data', file, '--target', 'price', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rows: 20, task: 'regression', split: [13, 3, 4], seed: 7 });
  });

  test('says what is left out and why nothing can be learnt, and takes a column as what it is said to be', async () => {
    const named = join(folder, 'named.csv');
    const lines = Array.from({ length: 30 }, (_, row) => `${row},k${row},${row % 2},${(row * 7) % 30}`);
    writeFileSync(named, `id,key,"big, or not",size\n${lines.join('\n')}\n`);
    const line = ['data', named, '--target', 'size'] as const;
    const ignoring = await runHere(...line, '--column', 'big, or not=ignore');
    expect(ignoring.code).toBe(0);
    expect(ignoring.stdout).toMatch(
      /nothing can be learnt: no column is left to learn from: 'id' numbers or names rows, 'key' numbers or names rows, 'big, or not' is left out; .*--column NAME=number/,
    );
    const kept = await runHere(...line, '--column', 'id=number', '--column', 'key=category', '--json');
    expect(JSON.parse(kept.stdout)).toMatchObject({
      features: 22,
      columns: [{ use: 'standard' }, { use: 'one-hot' }, {}, {}],
    });
    const both = await runHere('data', named, '--target', 'big, or not,size', '--json');
    expect(JSON.parse(both.stdout)).toMatchObject({
      task: 'regression',
      columns: [{}, {}, { use: 'target' }, { use: 'target' }],
    });
    const few = await runHere('data', write('few.csv', lines.slice(0, 9)), '--target', 'size');
    expect(few.stdout).toContain('nothing can be learnt: 9 rows are too few: give at least 20');
  });

  function write(name: string, lines: readonly string[]): string {
    writeFileSync(join(folder, name), `id,key,big,size\n${lines.join('\n')}\n`);
    return join(folder, name);
  }

  test.each([
    [
      'a kind that there is not',
      ['data', file, '--column', 'rooms=nubmer'],
      /There is no kind 'nubmer': did you mean 'number'/,
    ],
    ['a kind without a column', ['data', file, '--column', 'number'], /Give NAME=KIND, where KIND is one of number, /],
    [
      'a kind of a column that is not there',
      ['data', file, '--column', 'room=number'],
      /has no column "room"; it has 'rooms'/,
    ],
    [
      'two kinds of a column',
      ['data', file, '--column', 'rooms=number', '--column', 'rooms=category'],
      /'rooms' is said to be number and category/,
    ],
    [
      'a target that is ignored',
      ['data', file, '--target', 'town', '--column', 'town=ignore'],
      /is the target and cannot be ignored/,
    ],
    [
      'texts as numbers',
      ['data', file, '--column', 'town=number'],
      /row 1, column 'town': "Bonn" is no number, .*; or leave the column out by --column town=ignore/,
    ],
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

test('groups stay in one part, and times follow each other', async () => {
  const lines = Array.from(
    { length: 60 },
    (_, row) => `p${row % 12},2024-01-${String(1 + (row % 28)).padStart(2, '0')},${row % 7},${row % 2}`,
  );
  const path = join(folder, 'visits.csv');
  writeFileSync(path, `patient,day,size,well\n${lines.join('\n')}\n`);
  const line = ['data', path, '--target', 'well', '--json'];
  const grouped = JSON.parse((await runHere(...line, '--group', 'patient')).stdout) as {
    readonly split: readonly number[];
  };
  for (const rows of grouped.split) expect(rows % 5).toBe(0);
  const inTime = await runHere('data', path, '--target', 'well', '--time', 'day');
  expect(inTime.stdout).toMatch(/day +date .* left out: left out/);
  for (const [options, problem] of [
    [['--group', 'well'], /rows are parted by 'well': learn another column/],
    [['--group', 'size', '--time', 'day'], /--time <column>' cannot be used with option '--group <column>'/],
    [['--group', 'who'], /has no column "who"/],
  ] as const) {
    const { code, stderr } = await runHere(...line, ...options);
    expect(code).toBe(2);
    expect(stderr).toMatch(problem);
  }
});
