import { bytesOf, fitPreparation, Preparation, readCsv, tableOf, type Table } from '@espalier/data';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const read = (rows: readonly (readonly string[])[], known?: Preparation['known']): Promise<Table> =>
  readCsv(bytesOf(new TextEncoder().encode(['k,b,n', ...rows.map((row) => row.join(','))].join('\n')), 'rows.csv'), {
    ...(known && { known }),
  });

const spelling = fc.constantFrom(
  'True',
  'TRUE',
  'true',
  'False',
  '1.50',
  '1.0',
  '1',
  '1e3',
  '+5',
  '-0',
  '007',
  'maybe',
  '',
  ' 3',
);
const truth = fc.constantFrom('true', 'false', 'True', '');
const number = fc.constantFrom('1', '2', '2.5', '-3', '');

test('a row is the same example in whatever file it comes, alone too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(spelling, truth, number), { minLength: 2, maxLength: 12 }), async (rows) => {
      const training = [...rows, ['maybe', 'true', '4'] as const, ['beta', 'false', '0.5'] as const];
      const table = await read(training);
      const fitted = fitPreparation(table, { columns: { k: 'one-hot', b: 'one-hot', n: 'one-hot' } });
      const preparation = new Preparation(JSON.parse(JSON.stringify(fitted.config())));
      const stride = preparation.features.length;
      const { data } = preparation.inputs(table);
      for (const [index, row] of training.entries()) {
        const alone = preparation.inputs(await read([row], preparation.known));
        expect([...alone.data]).toEqual([...data.subarray(index * stride, (index + 1) * stride)]);
      }
    }),
    { numRuns: 40 },
  );
});

test('values of other formats are those of the training, whatever type their column has there', () => {
  const table = tableOf({ t: ['1', 'x', '2'], b: [true, false, true], n: [1, 2.5, 3] });
  const preparation = fitPreparation(table, { columns: { t: 'one-hot', b: 'number', n: 'one-hot' } });
  const { data } = preparation.inputs(table);
  const other = tableOf({ t: [1, 2, 2], b: ['true', 'False', '1'], n: ['1.0', ' 2.5', '3'] });
  const expected = [...data];
  // The second text is another one there.
  const { features } = preparation;
  expected[features.length + features.indexOf('t = x')] = 0;
  expected[features.length + features.indexOf('t = 2')] = 1;
  expect([...preparation.inputs(other).data]).toEqual(expected);
  expect(() => preparation.inputs(tableOf({ t: ['1'], b: ['maybe'], n: [1] }))).toThrow('row 1, column \'b\': "maybe"');
});

test('a day is the same category however a file writes it, where one alone is it', () => {
  const days = ['2020-01-01', '2020-01-02T00:00:00.000Z', '2020-01-03 12:30:00', '2020-01-03T12:30Z', 'never'];
  const preparation = fitPreparation(tableOf({ d: days, n: [1, 2, 3, 4, 5] }), { columns: { d: 'ordinal', n: false } });
  const of = (...texts: readonly string[]): number[] => [...preparation.inputs(tableOf({ d: texts })).data];
  expect(of(...days)).toEqual([1, 2, 3, 4, 5]);
  expect(of('2020-01-01T00:00:00.000Z', '2020-01-02', '2020-01-01 00:00', '2020-01-01 00:01')).toEqual([1, 2, 1, 0]);
  // Two values of the training are this moment.
  expect(of('2020-01-03T12:30:00.000Z', 'Never')).toEqual([0, 0]);
});

test('classes of the training are found in a file that has one of them', async () => {
  const rows = ['1.0', '3.10', 'True', 'maybe'].map((label, at) => [label, 'true', String(at)]);
  const preparation = fitPreparation(await read(rows), { target: 'k', columns: { b: 'one-hot', n: 'number' } });
  for (const [index, row] of rows.entries()) {
    const { data } = preparation.targets(await read([row], preparation.known));
    expect([...data]).toEqual([
      (preparation.target as { readonly classes: readonly string[] }).classes.indexOf(rows[index]?.[0] ?? ''),
    ]);
  }
});
