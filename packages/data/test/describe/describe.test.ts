import { DataError, describeTable, tableOf } from '@espalier/data';
import { expect, test } from 'vitest';
import { tableNamed } from '../helpers/tables.ts';

test('a table with classes: counts by part, uses and samples', async () => {
  const told = describeTable(await tableNamed('wine'), { target: 'class', seed: 3, samples: 2 });
  expect(JSON.parse(JSON.stringify(told))).toMatchObject({
    rows: 178,
    task: 'classification',
    features: 13,
    split: [116, 27, 35],
  });
  expect(told.classes?.map(({ value, count }) => [value, count])).toEqual([
    ['class_0', 59],
    ['class_1', 71],
    ['class_2', 48],
  ]);
  for (const { count, parts } of told.classes ?? []) expect(parts.reduce((sum, part) => sum + part, 0)).toBe(count);
  expect(told.columns.find(({ name }) => name === 'class')?.use).toBe('target');
  expect(told.columns.find(({ name }) => name === 'alcohol')).toMatchObject({
    use: 'standard',
    kind: 'number',
    samples: [14.23, 13.2],
  });
  expect(told.samples.length).toBe(2);
});

test('a table without a target, and one that is not there', () => {
  const table = tableOf({ a: [1, 2, null], b: ['x', 'y', 'x'], one: [1, 1, 1] });
  const told = describeTable(table);
  expect(told.task).toBeUndefined();
  expect(told.columns.map(({ use, missing }) => [use, missing])).toEqual([
    ['standard', 1],
    ['one-hot', 0],
    ['left out: has one value', 0],
  ]);
  expect(() => describeTable(table, { target: 'c' })).toThrow(DataError);
  expect(() => describeTable(table, { target: 'a', learn: 'numbers' })).toThrow(
    /row 3, column 'a': the target is missing/,
  );
});
