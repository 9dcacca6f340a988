// Folds of a table: parts that are disjoint, and preparations that have seen nothing of what they are judged by.
import { describe, expect, test } from 'vitest';
import { DataError, foldTable, partTable, tableOf, type Table } from '@espalier/data';

const count = 120;
const rows = Array.from({ length: count }, (_, row) => ({
  id: row,
  size: ((row * 37) % 101) / 3,
  // Each value is in few rows, so that a fold lacks some.
  town: `town ${row % 40}`,
  patient: `p${row % 13}`,
  day: (row * 7) % count,
  ill: row % 5 === 0 ? 'yes' : 'no',
}));
const names = ['id', 'size', 'town', 'patient', 'day', 'ill'] as const;
const table = tableOf(Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])])));

const numbersOf = (of: Table): number[] => Array.from({ length: of.rows }, (_, row) => Number(of.row(row)['id']));
const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
const columns = { id: false } as const;

describe('foldTable', () => {
  test.each([2, 5, 10])(
    '%i folds judge each row that is not for the test once, each with its share of classes',
    (folds) => {
      const options = { target: 'ill', columns, seed: 3 };
      const { parts } = partTable(table, options);
      const rest = sorted([...(parts[0] ?? []), ...(parts[1] ?? [])]);
      const made = foldTable(table, folds, options).map((open) => open());
      expect(made).toHaveLength(folds);
      expect(sorted(made.flatMap(({ validate }) => numbersOf(validate)))).toEqual(rest);
      for (const { train, validate } of made) {
        expect(sorted([...numbersOf(train), ...numbersOf(validate)])).toEqual(rest);
        const ill = numbersOf(validate).filter((row) => row % 5 === 0).length;
        expect(Math.abs(ill - rest.filter((row) => row % 5 === 0).length / folds)).toBeLessThan(1);
      }
    },
  );

  test('each learns its preparation from its own training rows alone', () => {
    for (const open of foldTable(table, 4, { target: 'ill', columns: { ...columns, patient: false, day: false } })) {
      const { train, config } = open();
      const seen = numbersOf(train);
      const inputs = config.inputs as readonly { readonly column: string; readonly shift?: number; readonly values?: readonly string[] }[]; // prettier-ignore
      const mean = seen.reduce((sum, row) => sum + (rows[row]?.size ?? 0), 0) / seen.length;
      expect(inputs.find(({ column }) => column === 'size')?.shift).toBeCloseTo(mean, 12);
      const towns = new Set(seen.map((row) => rows[row]?.town));
      expect(new Set(inputs.find(({ column }) => column === 'town')?.values)).toEqual(towns);
      expect(config.target).toMatchObject({ classes: ['no', 'yes'] });
    }
  });

  test('numbers are standardized by the training rows of the fold', () => {
    for (const open of foldTable(table, 3, { target: 'size', columns })) {
      const { train, config } = open();
      const sizes = numbersOf(train).map((row) => rows[row]?.size ?? 0);
      const [mean = NaN] = (config.target as { readonly mean: readonly number[] }).mean;
      expect(mean).toBeCloseTo(sizes.reduce((sum, size) => sum + size, 0) / sizes.length, 12);
    }
  });

  test('groups are never split, and by time each is learnt from what came before it', () => {
    for (const open of foldTable(table, 3, { target: 'ill', columns, group: 'patient' })) {
      const { train, validate, config } = open();
      const [learnt, judged] = [train, validate].map((of) => new Set(numbersOf(of).map((row) => row % 13)));
      expect([...(judged ?? [])].filter((group) => learnt?.has(group))).toEqual([]);
      expect(JSON.stringify(config.inputs)).not.toContain('patient');
    }
    let before = 0;
    for (const open of foldTable(table, 4, { target: 'ill', columns, time: 'day' })) {
      const { train, validate } = open();
      const [learnt, judged] = [train, validate].map((of) => numbersOf(of).map((row) => (row * 7) % count));
      expect(Math.max(...(learnt ?? []))).toBeLessThan(Math.min(...(judged ?? [])));
      expect(train.rows).toBeGreaterThan(before);
      before = train.rows;
    }
  });

  test('more folds than rows, groups or times are refused with how many there are', () => {
    expect(() => foldTable(table, 97, { target: 'ill', columns })).toThrow(
      /97 folds need 97 rows .* there are 96; use/,
    );
    expect(() => foldTable(table, 12, { target: 'ill', columns, group: 'patient' })).toThrow(DataError);
    expect(() => foldTable(table, 96, { target: 'ill', columns, time: 'day' })).toThrow(/97 different times/);
    expect(() => foldTable(table, 1, { target: 'ill' })).toThrow(/folds is 1/);
  });
});
