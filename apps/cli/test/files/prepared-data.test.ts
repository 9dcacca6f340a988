// Models of a table, of pictures and of texts, worked on with data of their own: prepared, parted and judged as in their run.
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { refused, runBuilt } from '../helpers/commands.ts';
import { writePictureFolder } from '../helpers/picture-folder.ts';
import { scratch } from '../helpers/scratch.ts';

const at = scratch('file');

interface Judged {
  readonly metrics: Readonly<Record<string, number>>;
}

interface Transformed {
  readonly before: Judged & { readonly images: number; readonly trainImages: number };
  readonly after: Judged & { readonly nonZeros: number; readonly parameters: number };
  readonly baselines: readonly Judged[];
}

/** The model of a run, and what that said of it and of its baselines. */
async function madeOf(data: string, into: string, ...told: readonly string[]): Promise<readonly Judged[]> {
  const report = await runBuilt('run', '--data', data, '--trials', '1', '--seed', '3', '-o', at(into), ...told);
  const [model, , ...baselines] = (report as { readonly judged: readonly Judged[] }).judged;
  return [model as Judged, ...baselines];
}

async function work(command: string, model: string, ...args: readonly string[]): Promise<Transformed> {
  return (await runBuilt(command, at(model, 'model'), ...args)) as unknown as Transformed;
}

const lossOf = (folder: string): unknown =>
  (JSON.parse(readFileSync(at(folder, 'config.json'), 'utf8')) as { readonly loss?: unknown }).loss;

describe('a table', () => {
  const data = ['--data', '', '--epochs', '1'];
  let judged: readonly Judged[] = [];

  beforeAll(async () => {
    const rows = Array.from({ length: 120 }, (_, row) => {
      const [rooms, size] = [1 + (row % 5), 20 + ((row * 37) % 90)];
      const price = 100 * rooms + 3 * size;
      return [rooms, size, ['Bonn', 'Ulm', 'Trier'][row % 3], `street ${row % 30}`, price, price > 560 ? 'yes' : 'no'];
    });
    writeFileSync(
      at('flats.csv'),
      `${['rooms,size,town,street,price,dear', ...rows.map((row) => row.join(','))].join('\n')}\n`,
    );
    data[1] = at('flats.csv');
    judged = await madeOf(
      at('flats.csv'),
      'flats',
      '--target',
      'price',
      '--column',
      'dear=ignore',
      '--group',
      'street',
    );
  });

  test('is judged in its unit by the rows that the run judged by, whatever the seed is now', async () => {
    const { before, after, baselines } = await work('prune', 'flats', ...data, '--sparsity', '0.5', '-o', at('half'));
    expect([before.metrics, ...baselines.map(({ metrics }) => metrics)]).toEqual(judged.map(({ metrics }) => metrics));
    expect(before).toMatchObject({ images: 24, trainImages: 80 });
    expect(Object.keys(after.metrics)).toEqual(['rmse', 'mae', 'r2']);
    expect(after.nonZeros).toBeLessThan(0.52 * after.parameters);
    const again = await work('quantize', 'flats', '--data', at('flats.csv'), '--weights', 'int4', '--group', '32', '-o', at('small.onnx')); // prettier-ignore
    expect(again.before.metrics).toEqual(before.metrics);
    const { judgement } = (await runBuilt('eval', at('half'), '--data', at('flats.csv'))) as unknown as { readonly judgement: Judged }; // prettier-ignore
    expect(judgement.metrics['rmse']).toBeGreaterThan(0);
  });

  test('teaches a student, and is made smaller by goals', async () => {
    writeFileSync(at('student.yaml'), 'architecture: { type: mlp, layers: 1, width: 8, activation: relu, dropout: 0 }\ninitialiser: kaiming-normal\ntraining: { optimizer: { type: adam, lr: 0.003 }, schedule: cosine, batch: 32 }\n'); // prettier-ignore
    const { before, after } = await work('distill', 'flats', ...data, '--student', at('student.yaml'), '-o', at('taught')); // prettier-ignore
    expect(before.metrics).toEqual(judged[0]?.metrics);
    expect(after.metrics['r2']).toBeLessThan(1);
    const found = await runBuilt('optimize', at('flats', 'model'), ...data, '--goal', 'loss<=base+5', '--trials', '1', '-o', at('found')).catch(String); // prettier-ignore
    expect((found as { readonly judged: readonly Judged[] }).judged[0]?.metrics).toEqual(judged[0]?.metrics);
  });

  test('of classes goes on with the weights of these', async () => {
    await madeOf(
      at('flats.csv'),
      'dear',
      '--target',
      'dear',
      '--column',
      'price=ignore',
      '--class-weights',
      'balanced',
    );
    const { before } = await work('prune', 'dear', ...data, '--sparsity', '0.5', '-o', at('dear-half'));
    expect(Object.keys(before.metrics)).toContain('logLoss');
    expect(lossOf('dear/model')).toBeDefined();
    expect(lossOf('dear-half')).toEqual(lossOf('dear/model'));
  });

  test.each([
    ['this model is of a table: name rows by --data', []],
    ['--mean: of * nothing is told', ['--data', 'flats.csv', '--mean', '0.5']],
    ['there is no such file', ['--data', 'none.csv']],
  ])('is refused: %s', async (problem, told) => {
    const args = told.map((each) => (each.endsWith('.csv') ? at(each) : each));
    for (const each of problem.split(' * '))
      await refused(each, 'prune', at('flats', 'model'), ...args, '--sparsity', '0.5', '-o', at('none'));
  });

  test('of few rows is refused, and one that was streamed', async () => {
    const lines = readFileSync(at('flats.csv'), 'utf8').split('\n');
    writeFileSync(at('few.csv'), `${lines.slice(0, 9).join('\n')}\n`);
    const { stderr } = await espalier(['prune', at('flats', 'model'), '--data', at('few.csv'), '-o', at('none')]);
    expect(stderr).toContain('8 rows are too few: give at least 20');
    await refused('name rows by --data', 'eval', at('flats', 'model'));
    const config = readFileSync(at('half', 'config.json'), 'utf8');
    writeFileSync(at('half', 'config.json'), config.replace(/("parted": *\{)/u, '$1"streamed":true,'));
    await refused('was streamed', 'quantize', at('half'), '--data', at('flats.csv'), '-o', at('none'));
  });
});

test('pictures are worked on with pictures by class', async () => {
  await writePictureFolder(at('shapes'), { count: 12, sides: [16, 20], noise: 5 });
  const judged = await madeOf(at('shapes'), 'pictures', '--size', '12');
  const { before, baselines } = await work('prune', 'pictures', '--data', at('shapes'), '--epochs', '1', '-o', at('shapes-half')); // prettier-ignore
  expect([before, ...baselines].map(({ metrics }) => metrics)).toEqual(judged.map(({ metrics }) => metrics));
});

test('texts are worked on with texts', async () => {
  writeFileSync(at('book.txt'), Array.from({ length: 90 }, (_, line) => `Line ${line} is followed by line ${line + 1}.\n`).join('')); // prettier-ignore
  const judged = await madeOf(at('book.txt'), 'book');
  const { before, after } = await work('quantize', 'book', '--data', at('book.txt'), '-o', at('book-8'));
  expect(before.metrics).toEqual(judged[0]?.metrics);
  expect(Object.keys(after.metrics)).toContain('perplexity');
});
