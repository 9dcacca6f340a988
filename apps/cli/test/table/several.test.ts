// Several columns of a table learnt together, and several models judged by other rows of it.
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { espalier } from '../helpers/cli.ts';
import { runHere } from '../helpers/run-here.ts';
import { scratch } from '../helpers/scratch.ts';

interface Assessed {
  readonly judgement: { readonly metrics: Readonly<Record<string, number>>; readonly intervals: Intervals };
  readonly baselines: readonly { readonly name: string; readonly metrics: Readonly<Record<string, number>> }[];
  readonly examples: number;
}

type Intervals = Readonly<Record<string, { readonly low: number; readonly high: number }>>;

const at = scratch('file');

/** Houses: prices and rents follow from size and age; whether one is warm, or near, too. */
const houses = Array.from({ length: 150 }, (_, row) => {
  const [size, age] = [20 + ((row * 37) % 90), (row * 53) % 71];
  return {
    size,
    age,
    'price, net': 3 * size - age + (row % 5),
    rent: size / 4 + age / 10,
    warm: age < 30 ? 1 : 0,
    near: size > 70 ? 'true' : 'false',
  };
});
const names = Object.keys(houses[0] as object) as (keyof (typeof houses)[number])[];

function write(
  name: string,
  columns: readonly (typeof names)[number][] = names,
  rows: readonly object[] = houses,
): string {
  const head = columns.map((column) => (column.includes(',') ? `"${column}"` : column)).join(',');
  const lines = rows.map((row) => columns.map((column) => String(Reflect.get(row, column))).join(','));
  writeFileSync(at(name), `${[head, ...lines].join('\n')}\n`);
  return at(name);
}

async function made(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await espalier([...args, '--device', 'cpu']);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const learn = (output: string, ...targets: readonly string[]): Promise<string> =>
  made('run', '--data', write('houses.csv'), '--trials', '2', '--seed', '3', '-q', '-o', at(output), ...targets);

/** The numbers of a CSV file without quotes in its lines, by row. */
const numbersOf = (csv: string): number[][] =>
  csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('numbers', () => {
  beforeAll(() =>
    learn('numbers', '--target', 'price, net,rent', '--column', 'warm=ignore', '--column', 'near=ignore'),
  );

  test('are predicted under the names of their columns, and judged as what was predicted is', async () => {
    const file = write('new.csv', ['age', 'size', 'price, net', 'rent'], houses.slice(0, 40));
    const csv = await made('predict', at('numbers', 'small'), '--data', file);
    expect(csv.split('\n')[0]).toBe('"price, net",rent');
    const said = numbersOf(csv);
    const right = houses.slice(0, 40).map((house) => [house['price, net'], house.rent]);
    const errors = [0, 1].map((column) =>
      right.map((row, index) => (row[column] as number) - (said[index]?.[column] as number)),
    );
    const { judgement, baselines, examples } = JSON.parse(
      await made('eval', at('numbers', 'small'), '--data', file, '--json'),
    ) as Assessed;
    expect(examples).toBe(40);
    expect(judgement.metrics['rmse']).toBeCloseTo(
      meanOf(errors.map((own) => Math.sqrt(meanOf(own.map((error) => error ** 2))))),
      4,
    );
    expect(judgement.metrics['mae']).toBeCloseTo(meanOf(errors.map((own) => meanOf(own.map(Math.abs)))), 4);
    for (const [metric, value] of Object.entries(judgement.metrics)) {
      expect(judgement.intervals[metric]?.low).toBeLessThanOrEqual(value);
      expect(judgement.intervals[metric]?.high).toBeGreaterThanOrEqual(value);
    }
    expect(baselines.map(({ name }) => name)).toEqual(['mean']);
    expect(judgement.metrics['r2']).toBeGreaterThan(Math.max(0.8, Number(baselines[0]?.metrics['r2'])));
  });

  test('are judged for several models at once, which say how sure they are', async () => {
    const told = await made('eval', at('numbers', 'model'), at('numbers', 'small'), '--data', at('houses.csv'));
    expect(told).toMatch(/numbers\/model +[\d.]+ \([\d.]+ to [\d.]+\).*\n.*numbers\/small .*\nmean /u);
    expect(told).toMatch(/judged by 150 examples; intervals: 95 %, of accuracy Wilson's, .*bootstrap/u);
  });

  test.each<readonly [string, () => Promise<readonly string[]>, RegExp]>([
    [
      'rows without a target',
      async () => ['eval', at('numbers', 'small'), '--data', write('bare.csv', ['age', 'size'])],
      /bare\.csv: has no column "price, net"; it has 'age', 'size'/u,
    ],
    [
      'a text as a target',
      async () => {
        const wrong = houses.map((house, row) => ({ ...house, rent: row === 4 ? 'free' : house.rent }));
        return ['eval', at('numbers', 'small'), '--data', write('wrong.csv', names, wrong)];
      },
      /row 5, column 'rent': "free" is no number/u,
    ],
    [
      'a model of something else among several',
      async () => {
        const { writeTinyModel } = await import('../helpers/tiny-model.ts');
        await writeTinyModel(at('tiny'));
        return ['eval', at('tiny'), at('numbers', 'small'), '--data', at('houses.csv')];
      },
      /tiny: several models are judged by data of the kind that all were made of/u,
    ],
  ])('%s is refused', async (_, line, problem) => {
    const { code, stderr } = await espalier([...(await line()), '--device', 'cpu']);
    expect(code).toBe(2);
    expect(stderr).toMatch(problem);
  });
});

test('labels are learnt, predicted as 1 and 0 with probabilities, and judged', async () => {
  await learn('labels', '--target', 'warm', '--target', 'near', '--column', 'rent=ignore');
  const csv = await made('predict', at('labels', 'small'), '--data', at('houses.csv'));
  expect(csv.split('\n')[0]).toBe('warm,near,probability_warm,probability_near');
  const said = numbersOf(csv);
  const exact = said.filter(
    ([warm, near], row) => warm === houses[row]?.warm && (near === 1) === (houses[row]?.near === 'true'),
  ).length;
  for (const [warm, , share] of said) expect(warm).toBe(Number(share) > 0.5 ? 1 : 0);
  const { judgement } = JSON.parse(
    await made('eval', at('labels', 'small'), '--data', at('houses.csv'), '--json'),
  ) as Assessed;
  expect(judgement.metrics['exact']).toBeCloseTo(exact / houses.length, 9);
  expect(exact / houses.length).toBeGreaterThan(0.8);
});

test('targets of different kinds are refused', async () => {
  const mixed = houses.map((house, row) => ({ ...house, near: ['here', 'there'][row % 2] }));
  const { code, stderr } = await runHere('run', '--data', write('mixed.csv', names, mixed), '--target', 'near,rent');
  expect(code).toBe(2);
  expect(stderr).toMatch(/row 1, column 'near': "here" is no number, and the column is one of numbers/u);
});
