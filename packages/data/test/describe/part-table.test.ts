// One way to part and prepare a table: what is shown is what is learnt.
import { DataError, describeTable, partTable, Preparation, tableOf, type PartOptions } from '@espalier/data';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const rows = 60;
const each = <Value>(make: (row: number) => Value): Value[] => Array.from({ length: rows }, (_, row) => make(row));

const table = tableOf({
  count: each((row) => row + 5),
  name: each((row) => `n${row}`),
  day: each((row) => `2024-02-${String(1 + (row % 28)).padStart(2, '0')}`),
  size: each((row) => (row * 37) % 41),
  digits: each((row) => String((row * 7) % 30)),
  town: each((row) => ['Bonn', 'Ulm', 'Trier'][row % 3]),
  kind: each((row) => (row % 4 === 0 ? 'rare' : 'usual')),
  price: each((row) => row * 1.5),
});

test('parts are all rows once, a function of the seed, and shown as they are', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.constantFrom('kind', 'price', 'town'), (seed, target) => {
      const options = { target, seed };
      const { parts } = partTable(table, options);
      expect(parts.flatMap((part) => [...part]).toSorted((a, b) => a - b)).toEqual(each((row) => row));
      expect(partTable(table, options).parts).toEqual(parts);
      const told = describeTable(table, options);
      expect(told.split).toEqual(parts.map(({ length }) => length));
      const column = table.column(target);
      for (const { value, parts: counts } of told.classes ?? [])
        expect(counts).toEqual(parts.map((part) => [...part].filter((row) => column.values[row] === value).length));
    }),
  );
});

test('what a column is follows from all rows, what it comes to from the training part', () => {
  const { config, parts } = partTable(table, { target: 'price', kinds: { digits: 'number' } });
  expect(config.ignored.map(({ column }) => column)).toEqual(['count', 'name', 'day']);
  const size = config.inputs.find(({ column }) => column === 'size');
  const train = [...(parts[0] as Int32Array)].map((row) => (row * 37) % 41);
  expect(size?.['shift']).toBeCloseTo(train.reduce((sum, value) => sum + value, 0) / train.length, 9);
  expect(config.inputs.find(({ column }) => column === 'digits')?.as).toBe('standard');
});

test('a value that the training part lacks is one that it has not seen, and a column without values there is left out', () => {
  const { parts } = partTable(table, { target: 'price' });
  const unseen = (parts[2] as Int32Array)[0] as number;
  const odd = tableOf({
    town: each((row) => (row === unseen ? 'Rome' : ['Bonn', 'Ulm'][row % 2])),
    late: each((row) => (row === unseen ? 3 : null)),
    price: each((row) => row * 1.5),
  });
  const { config } = partTable(odd, { target: 'price' });
  expect(new Preparation(config).features).toEqual(['town = Bonn', 'town = Ulm']);
  expect(config.ignored).toEqual([{ column: 'late', why: 'has no value' }]);
});

describe('told otherwise', () => {
  test.each<[PartOptions, readonly string[]]>([
    [{ kinds: { count: 'number' } }, ['count', 'size', 'town', 'kind']],
    [{ kinds: { size: 'category', day: 'category' } }, ['day', 'size', 'town', 'kind']],
    [{ columns: { town: false } }, ['size', 'kind']],
  ])('by %j', (told, used) => {
    const { config } = partTable(table, { target: 'price', ...told, columns: { digits: false, ...told.columns } });
    expect(config.inputs.map(({ column }) => column)).toEqual(used);
  });

  test('a target is classes or numbers by its kind', () => {
    expect(partTable(table, { target: 'digits', kinds: { digits: 'number' } }).config.target?.as).toBe('numbers');
    expect(partTable(table, { target: 'size', kinds: { size: 'category' } }).config.target?.as).toBe('classes');
  });

  test('several targets are labels where all are 1 and 0, else numbers', () => {
    const several = tableOf({
      x: each((row) => row % 7),
      a: each((row) => row % 2),
      b: each((row) => row % 3 === 0),
      c: each((row) => row / 2),
    });
    const target = (...names: string[]): string | undefined => partTable(several, { target: names }).config.target?.as;
    expect(target('a', 'b')).toBe('labels');
    expect(target('a', 'c')).toBe('numbers');
    expect(() => target('a', 'a')).toThrow(/column 'a': is named twice as a target/);
    expect(() => partTable(table, { target: ['kind', 'price'] })).toThrow(/row 1, column 'kind': "rare" is no number/);
  });
});

test('groups stay together, and times follow each other; neither is learnt from', () => {
  const { parts, config } = partTable(table, { target: 'kind', group: 'digits' });
  const { values } = table.column('digits');
  const groups = parts.map((part) => new Set([...part].map((row) => values[row])));
  for (const [index, own] of groups.entries())
    for (const other of groups.slice(index + 1)) expect([...own].some((value) => other.has(value))).toBe(false);
  expect(config.inputs.map(({ column }) => column)).not.toContain('digits');
  const { parts: inTime } = partTable(table, { target: 'kind', time: 'day' });
  const days = inTime.map((part) => [...part].map((row) => String(table.column('day').values[row])).toSorted());
  for (const [index, own] of days.slice(1).entries()) expect(String(days[index]?.at(-1)) < String(own[0])).toBe(true);
  expect(() => partTable(table, { target: 'price', group: 'kind' })).toThrow(
    /has 2 different values, which cannot fill/,
  );
  expect(() => partTable(table, { target: 'price', time: 'town' })).toThrow(/row 1, column 'town': 'Bonn' is no time/);
  expect(() => partTable(table, { target: 'price', time: 'day', group: 'town' })).toThrow(DataError);
});

test('what nothing can be learnt from is described with the reason', () => {
  const few = describeTable(table.take([0, 1, 2, 3]), { target: 'price' });
  expect(few.split).toEqual([]);
  expect(few.problem).toMatch(/4 rows are too few: give at least 20/);
  const nothing = describeTable(table.select(['count', 'name', 'price']), { target: 'price' });
  expect(nothing.problem).toMatch(
    /no column is left to learn from: 'count' numbers or names rows, 'name' numbers or names rows; .*--column NAME=number/,
  );
});

test('a text that is no number is named by its row where numbers are told', () => {
  const wrong = tableOf({ size: each((row) => (row === 40 ? 'large' : `${row}.5`)), price: each((row) => row) });
  expect(() => partTable(wrong, { target: 'price', kinds: { size: 'number' } })).toThrow(
    /row 41, column 'size': "large" is no number/,
  );
});
