// From a table to a small model of one of its columns, and from that to predictions.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readTable } from '@espalier/data/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

interface Judged {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, { readonly low: number; readonly high: number }>>;
  readonly weightBytes?: number;
}

const at = scratch('file');
const towns = ['Bonn', 'Ulm', '"Trier, old"'];

/** Flats: dear ones have many rooms, or lie in Bonn; every seventh size is missing. */
const flats = Array.from({ length: 120 }, (_, row) => {
  const [rooms, size] = [1 + (row % 5), 20 + ((row * 37) % 90)];
  const town = row % 3;
  const price = 100 * rooms + 3 * size + (town === 0 ? 150 : 0);
  return { rooms, size: row % 7 === 3 ? '' : size, town: towns[town], price, dear: price > 560 ? 'yes' : 'no' };
});

/** A table of some of its columns. */
function write(
  name: string,
  columns: readonly (keyof (typeof flats)[number])[],
  rows: readonly Readonly<Record<string, unknown>>[] = flats,
): string {
  const lines = rows.map((row) => columns.map((column) => row[column]).join(','));
  writeFileSync(at(name), `${[columns.join(','), ...lines].join('\n')}\n`);
  return at(name);
}

const run = (...args: readonly string[]): ReturnType<typeof espalier> =>
  espalier(['run', '--device', 'cpu', '--trials', '2', '--json', '--seed', '3', ...args]);

const predict = (...args: readonly string[]): ReturnType<typeof espalier> =>
  espalier(['predict', '--device', 'cpu', ...args]);

const judgedOf = (stdout: string): readonly Judged[] =>
  (JSON.parse(stdout) as { readonly judged: readonly Judged[] }).judged;

describe('classes', () => {
  let judged: readonly Judged[] = [];

  beforeAll(async () => {
    const file = write('flats.csv', ['rooms', 'size', 'town', 'dear']);
    const { code, stdout, stderr } = await run('--data', file, '--target', 'dear', '-o', at('flats'));
    if (code !== 0) throw new Error(stderr);
    judged = judgedOf(stdout);
  });

  test('are learnt, judged beside baselines with intervals, and reported', () => {
    expect(judged.map(({ name }) => name)).toEqual(['model', 'small', 'majority', 'linear']);
    const [model, small, majority] = judged as [Judged, Judged, Judged];
    expect(model.metrics['accuracy']).toBeGreaterThan(Number(majority.metrics['accuracy']) + 0.2);
    for (const [name, value] of Object.entries(model.metrics)) {
      expect(model.intervals[name]?.low).toBeLessThanOrEqual(value);
      expect(model.intervals[name]?.high).toBeGreaterThanOrEqual(value);
    }
    expect(small.weightBytes).toBeLessThanOrEqual(Number(model.weightBytes) / 4);
    const report = JSON.parse(readFileSync(at('flats', 'report.json'), 'utf8')) as {
      readonly judged: unknown;
      readonly examples: unknown;
    };
    expect(report.judged).toEqual(judged);
    const page = readFileSync(at('flats', 'report.html'), 'utf8');
    expect(page).toMatch(/Confusion matrix[^]*>yes</u);
    expect(report.examples).toEqual({ train: 78, validation: 18, test: 24 });
    expect(existsSync(at('flats', 'run.json'))).toBe(false);
  });

  test('are parted as espalier data shows', async () => {
    const { stdout } = await runHere('data', at('flats.csv'), '--target', 'dear', '--json', '--seed', '3');
    expect(JSON.parse(stdout)).toMatchObject({ split: [78, 18, 24], seed: 3 });
  });

  test('are the same models and figures by the same seed', async () => {
    const { code, stdout } = await run('--data', at('flats.csv'), '--target', 'dear', '-o', at('again'));
    expect(code).toBe(0);
    expect(judgedOf(stdout)).toEqual(judged);
    for (const name of ['model', 'small'])
      expect(readFileSync(at('again', name, 'model.safetensors'))).toEqual(
        readFileSync(at('flats', name, 'model.safetensors')),
      );
  });

  test('are predicted as CSV, in the order of rows, with what is missing or unknown', async () => {
    const file = write(
      'new.csv',
      ['town', 'size', 'rooms'],
      [
        { ...(flats[0] as (typeof flats)[number]), rooms: 5, town: 'Bonn', size: '' },
        { ...(flats[1] as (typeof flats)[number]), rooms: 1, town: 'Rome', size: 25 },
      ],
    );
    const { code, stdout } = await predict(at('flats', 'small'), '--data', file);
    expect(code).toBe(0);
    const [head, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    expect(head).toEqual(['dear', 'probability_no', 'probability_yes']);
    expect(rows.map(([dear]) => dear)).toEqual(['yes', 'no']);
    for (const [, no, yes] of rows) expect(Number(no) + Number(yes)).toBeCloseTo(1, 6);
  });

  test('are predicted as JSON lines into a new file only', async () => {
    const line = [at('flats', 'model'), '--data', at('flats.csv'), '-o', at('out.jsonl')];
    expect((await predict(...line)).code).toBe(0);
    const said = readFileSync(at('out.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((each) => (JSON.parse(each) as { readonly dear: string }).dear);
    const right = said.filter((dear, row) => dear === flats[row]?.dear).length;
    expect(right / flats.length).toBeGreaterThan(0.85);
    const { code, stderr } = await predict(...line);
    expect(code).toBe(2);
    expect(stderr).toContain('--overwrite');
  });

  test('are predicted from and as Parquet, the same as CSV', async () => {
    const { stdout } = await predict(at('flats', 'small'), '--data', at('flats.csv'));
    expect((await predict(at('flats', 'small'), '--data', at('flats.csv'), '-o', at('out.parquet'))).code).toBe(0);
    const table = await readTable(at('out.parquet'));
    const lines = Array.from({ length: table.rows }, (_, row) => Object.values(table.row(row)).join(','));
    expect(`${[table.names.join(','), ...lines].join('\n')}\n`).toBe(stdout);
  });

  test('name row and column of a text among numbers', async () => {
    const wrong = flats.map((flat, row) => ({ ...flat, size: row === 7 ? 'large' : flat.size }));
    const { code, stderr } = await predict(
      at('flats', 'small'),
      '--data',
      write('wrong.csv', ['rooms', 'size', 'town'], wrong),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /wrong\.csv: row 8, column 'size': "large" is no number, .*; correct it, or leave the cell empty/u,
    );
    expect(existsSync(at('wrong'))).toBe(false);
  });

  test('are not predicted without a column that the model learnt from', async () => {
    const file = write('without.csv', ['rooms', 'town']);
    const { code, stderr } = await predict(at('flats', 'small'), '--data', file);
    expect(code).toBe(2);
    expect(stderr).toMatch(/has no column "size"; it has 'rooms', 'town'/u);
  });
});

test('numbers are learnt and predicted in the unit of the data', async () => {
  const file = write('prices.csv', ['rooms', 'size', 'town', 'price']);
  const { code, stdout, stderr } = await run('--data', file, '--target', 'price', '-o', at('prices'));
  expect(code, stderr).toBe(0);
  const [model, , mean] = judgedOf(stdout) as [Judged, Judged, Judged];
  expect(mean.name).toBe('mean');
  expect(model.metrics['r2']).toBeGreaterThan(0.8);
  expect(readFileSync(at('prices', 'report.html'), 'utf8')).toContain('<h2>Predicted price</h2>');
  const { stdout: csv } = await predict(at('prices', 'small'), '--data', file);
  const prices = csv.trimEnd().split('\n').slice(1).map(Number);
  const error =
    prices.reduce((sum, price, row) => sum + Math.abs(price - Number(flats[row]?.price)), 0) / prices.length;
  expect(error).toBeLessThan(60);
});

describe('before anything is begun', () => {
  test.each<readonly [string, () => readonly string[], RegExp]>([
    ['a target without a table', () => ['run', '--target', 'dear'], /name its file by --data/u],
    ['a table without a target', () => ['run', '--data', write('plain.csv', ['rooms'])], /name it by --target/u],
    ['a recipe beside a target', () => ['run', 'x.yaml', '--target', 'dear'], /leave one of the two out/u],
    [
      'a strategy for a table',
      () => ['run', '--data', write('x.csv', ['rooms']), '--target', 'dear', '--strategy', 'greedy'],
      /leave it out/u,
    ],
    [
      'a table that is not there',
      () => ['run', '--data', at('no.csv'), '--target', 'dear'],
      /no\.csv: there is no such file/u,
    ],
    [
      'a column that is not there',
      () => ['run', '--data', write('one.csv', ['rooms', 'dear']), '--target', 'colour'],
      /has no column "colour"; it has 'rooms', 'dear'/u,
    ],
    [
      'a target that is missing in a row',
      () => ['run', '--data', write('gaps.csv', ['rooms', 'size']), '--target', 'size'],
      /row 4, column 'size': the target is missing; fill it in, or leave the row out/u,
    ],
    [
      'a table of few rows',
      () => ['run', '--data', write('few.csv', ['rooms', 'dear'], flats.slice(0, 12)), '--target', 'dear'],
      /12 rows are too few: give at least 20/u,
    ],
    [
      'a table of which no column is left',
      () => ['run', '--data', write('left.csv', ['rooms', 'dear']), '--target', 'dear', '--column', 'rooms=ignore'],
      /no column is left to learn from: 'rooms' is left out; .*--column NAME=number/u,
    ],
    [
      'a column without a target',
      () => ['run', '--data', write('bare.csv', ['rooms']), '--column', 'rooms=number'],
      /name it by --target/u,
    ],
    [
      'a column without a table',
      () => ['run', '--column', 'rooms=number'],
      /it is of a table: name its file by --data/u,
    ],
    [
      'predictions in an unknown form',
      () => ['predict', writeModel(), '--data', write('rows.csv', ['rooms']), '-o', at('out.xls')],
      /end in \.csv, \.jsonl or \.parquet/u,
    ],
    [
      'predictions of a file that is not there',
      () => ['predict', writeModel(), '--data', at('no.csv')],
      /no\.csv: there is no such file/u,
    ],
  ])('%s is refused', async (_, line, problem) => {
    const { code, stderr } = await runHere(...line());
    expect(code).toBe(2);
    expect(stderr).toMatch(problem);
  });

  /** A folder that looks like a model. */
  function writeModel(): string {
    for (const file of ['config.json', 'model.safetensors']) writeFileSync(at(file), '{}');
    return at('.');
  }
});

test('a model of something else predicts no table', async () => {
  const { writeTinyModel } = await import('../helpers/tiny-model.ts');
  await writeTinyModel(at('digits'));
  const { code, stderr } = await predict(at('digits'), '--data', write('rows.csv', ['rooms']));
  expect(code).toBe(2);
  expect(stderr).toContain('1 columns are inputs');
});
