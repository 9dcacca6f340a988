import { ConfigError } from '@espalier/nn';
import {
  byteTokens,
  DataError,
  decodeNumbers,
  encodingTypes,
  fitPreparation,
  Preparation,
  registerEncoding,
  schemaOf,
  tableOf,
  type Encoding,
  type EncodingChoice,
  type Table,
} from '@espalier/data';
import { describe, expect, test } from 'vitest';
import { golden } from '../helpers/golden.ts';
import { tableNamed } from '../helpers/tables.ts';

const rowsOf = (preparation: Preparation, table: Table): number[][] => {
  const { data, shape } = preparation.inputs(table);
  const width = shape[1] as number;
  return Array.from({ length: table.rows }, (_, row) => Array.from(data.subarray(row * width, (row + 1) * width)));
};
const againFrom = (preparation: Preparation): Preparation =>
  new Preparation(JSON.parse(JSON.stringify(preparation.config())));
const expectClose = (found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void => {
  for (const [row, values] of wanted.entries())
    for (const [index, value] of values.entries()) expect(found[row]?.[index]).toBeCloseTo(value, 5);
};

describe('encodings are those of scikit-learn', () => {
  const { columns, standard, minmax, holes, mean, median } = golden.scaled;

  test.each([
    ['standard', standard],
    ['min-max', minmax],
  ] as const)('%s', async (as, wanted) => {
    const table = (await tableNamed('wine')).select(columns);
    const preparation = fitPreparation(table, { columns: Object.fromEntries(columns.map((name) => [name, as])) });
    expectClose(rowsOf(preparation, table), wanted);
    expect(rowsOf(againFrom(preparation), table)).toEqual(rowsOf(preparation, table));
  });

  test.each([
    ['mean', mean],
    ['median', median],
  ] as const)('what is missing is the %s', async (fill, wanted) => {
    const whole = (await tableNamed('wine')).select(columns);
    const holed = tableOf(
      Object.fromEntries(
        columns.map((name, index) => [
          name,
          Array.from({ length: whole.rows }, (_, row) =>
            holes.some(([hole, column]) => hole === row && column === index) ? null : whole.row(row)[name],
          ),
        ]),
      ),
    );
    const preparation = fitPreparation(holed, {
      columns: Object.fromEntries(columns.map((name) => [name, { as: 'number', fill }])),
    });
    const [names, rows] = [preparation.features, rowsOf(preparation, holed)];
    for (const [row, column] of holes) {
      const at = names.indexOf(columns[column] as string);
      expect(rows[row]?.[at]).toBeCloseTo(wanted[column] as number, 4);
      expect(rows[row]?.[at + 1]).toBe(1);
      expect(rows[row + 1]?.[at + 1]).toBe(0);
    }
  });

  test('one-hot and ordinal, with a category that training has not seen', () => {
    const { towns, categories, oneHot, ordinal } = golden.encoded;
    const train = tableOf({ town: towns });
    const hot = fitPreparation(train, { columns: { town: 'one-hot' } });
    expect(hot.features).toEqual(categories.map((each) => `town = ${each}`));
    expect(rowsOf(hot, tableOf({ town: ['Bonn', 'Ulm', 'Rom'] }))).toEqual(oneHot);
    const index = fitPreparation(train, { columns: { town: 'ordinal' } });
    expect(rowsOf(index, train).flat()).toEqual(ordinal.map((each) => each + 1));
    expect(rowsOf(index, tableOf({ town: ['Rom', null] })).flat()).toEqual([0, 0]);
  });
});

describe('what is not seen in training', () => {
  const train = tableOf({ n: [1, 2, 3], town: ['a', 'b', null], flag: [true, false, true] });
  const preparation = fitPreparation(train);

  test('is filled in, or told apart', () => {
    expect(preparation.features).toEqual(['n', 'town = a', 'town = b', 'town is missing', 'flag']);
    const [row] = rowsOf(preparation, tableOf({ n: [null], town: ['c'], flag: [null] }));
    expect(row?.map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0, 0, 0, 0, 0]);
    expect(rowsOf(preparation, tableOf({ n: [2], town: [null], flag: [true] }))[0]?.slice(1, 4)).toEqual([0, 0, 1]);
  });

  test('is refused by its row where that is wanted', () => {
    const strict = fitPreparation(train, { columns: { town: { as: 'one-hot', unknown: 'refuse' } } });
    expect(() => strict.inputs(tableOf({ n: [1, 1], town: ['a', 'c'], flag: [true, true] }))).toThrow(
      /row 2, column 'town': 'c' was not among the 2 values/,
    );
  });

  test('a column that is not there, or of another type', () => {
    expect(() => preparation.inputs(tableOf({ n: [1], flag: [true] }))).toThrow(/has no column "town"/);
    expect(() => preparation.inputs(tableOf({ n: ['x'], town: ['a'], flag: [true] }))).toThrow(DataError);
    expect(() => preparation.inputs(tableOf({ n: [1, Infinity], town: ['a', 'a'], flag: [true, true] }))).toThrow(
      /row 2, column 'n': is Infinity/,
    );
  });
});

describe('targets', () => {
  const table = tableOf({
    x: [1, 2, 3, 4],
    kind: ['dog', 'cat', 'cat', 'ant'],
    digit: [10, 9, 9, 2],
    price: [1.5, 2.5, 3.5, 4.5],
    rent: [10, 20, 30, 40],
    a: [1, 0, 1, 0],
    b: [true, false, null, true],
  });
  const x = { columns: { kind: false, digit: false, price: false, rent: false, a: false, b: false } } as const;

  test('classes are in order, or in the order that is told', () => {
    const sorted = fitPreparation(table, { ...x, target: 'kind' });
    expect(sorted.target).toEqual({ as: 'classes', column: 'kind', classes: ['ant', 'cat', 'dog'] });
    expect([...sorted.targets(table).data]).toEqual([2, 1, 1, 0]);
    const told = fitPreparation(table, { ...x, target: 'kind', classes: ['dog', 'cat', 'ant'] });
    expect([...againFrom(told).targets(table).data]).toEqual([0, 1, 1, 2]);
    const truths = tableOf({ kind: ['a', 'b'], y: [1, 0] }).with(
      new Map([['y', { type: 'number', values: Float64Array.of(1, 0), missing: undefined }]]),
    );
    expect(fitPreparation(truths, { target: 'y' }).target).toMatchObject({ as: 'classes', classes: ['0', '1'] });
    expect(fitPreparation(table, { ...x, target: 'digit' }).target).toMatchObject({ classes: ['2', '9', '10'] });
  });

  test('numbers are standardized, and come back', () => {
    const preparation = fitPreparation(table, { ...x, target: ['price', 'rent'] });
    const { data, shape } = preparation.targets(table);
    expect(shape).toEqual([4, 2]);
    if (preparation.target?.as !== 'numbers') throw new Error('no numbers');
    expect(Array.from(decodeNumbers(preparation.target, data), (value) => Math.round(value * 1e4) / 1e4)).toEqual([
      1.5, 10, 2.5, 20, 3.5, 30, 4.5, 40,
    ]);
    expect(preparation.outputs).toBe(2);
  });

  test('labels are 1 and 0', () => {
    const preparation = fitPreparation(table, { ...x, target: ['a', 'b'], learn: 'labels' });
    expect([...preparation.targets(table.take([0, 1, 3])).data]).toEqual([1, 1, 0, 0, 0, 1]);
    expect(() => preparation.targets(table)).toThrow(/row 3, column 'b': the target is missing/);
  });

  test('one that cannot be is named by its row', () => {
    const preparation = fitPreparation(table, { ...x, target: 'kind' });
    const other = tableOf({ x: [1, 2], kind: ['cat', 'cow'] });
    const error = (() => {
      try {
        return preparation.targets(other);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toMatchObject({
      row: 2,
      column: 'kind',
      message: expect.stringMatching(/'cow' is none of the 3 classes ant, cat, dog/),
    });
    expect(() => fitPreparation(table, { ...x, target: 'kind', learn: 'numbers' })).toThrow(
      /row 1, column 'kind': "dog" is no number, and the column is one of numbers; correct it/,
    );
    expect(() => fitPreparation(table, { ...x, target: 'kind', learn: 'labels' }).targets(table)).toThrow(
      /row 1, column 'kind': the label is "dog"/,
    );
    expect(() => fitPreparation(table.take([1, 2]), { ...x, target: 'kind' })).toThrow(/only the class 'cat'/);
  });
});

describe('errors name rows', () => {
  const table = tableOf({ x: [1, 2, 3, 4], kind: ['a', 'b', 'a', null], big: [1, 2, 3, 1e300] });

  test('as they are numbered where they came from, also in a part of it', () => {
    const preparation = fitPreparation(table.take([0, 1, 2]), { target: 'kind', columns: { big: 'number' } });
    expect(() => preparation.targets(table.take([2, 3]))).toThrow(/row 4, column 'kind': the target is missing/);
    expect(() => preparation.targets(table.take([1, 3]).take([1]))).toThrow(/row 4/);
    expect(() => preparation.inputs(table.take([3]))).toThrow(
      /row 4, column 'big': is 1e\+300, which is 1e\+300 scaled and no f32/,
    );
  });

  test('and columns may be called like what objects have', () => {
    const named = tableOf({ constructor: [1, 2, 3], toString: ['a', 'b', 'a'] });
    expect(fitPreparation(named, { target: 'toString' }).features).toEqual(['constructor']);
  });
});

describe('what is left out', () => {
  const count = 30;
  const table = tableOf({
    id: Array.from({ length: count }, (_, row) => row + 1),
    day: Array.from({ length: count }, (_, row) => `2020-01-${String(1 + (row % 28)).padStart(2, '0')}`),
    one: new Array(count).fill('same'),
    none: new Array(count).fill(null),
    name: Array.from({ length: count }, (_, row) => `n${row}`),
    text: Array.from({ length: count }, (_, row) => `word ${row} and more`),
    size: Array.from({ length: count }, (_, row) => row ** 2),
    town: Array.from({ length: count }, (_, row) => ['a', 'b', 'c'][row % 3]),
    yes: Array.from({ length: count }, (_, row) => row % 2 === 0),
  });

  test('is told with its reason', () => {
    expect(schemaOf(table).columns.map(({ name, kind }) => [name, kind])).toEqual([
      ['id', 'identifier'],
      ['day', 'date'],
      ['one', 'constant'],
      ['none', 'empty'],
      ['name', 'identifier'],
      ['text', 'text'],
      ['size', 'number'],
      ['town', 'category'],
      ['yes', 'boolean'],
    ]);
    const { ignored, inputs } = fitPreparation(table).config();
    expect(ignored.map(({ column }) => column)).toEqual(['id', 'day', 'one', 'none', 'name', 'text']);
    expect(inputs.map(({ column, as }) => [column, as])).toEqual([
      ['size', 'standard'],
      ['town', 'one-hot'],
      ['yes', 'standard'],
    ]);
  });

  test('can be told otherwise', () => {
    const preparation = fitPreparation(table, {
      kinds: { day: 'category' },
      columns: { id: 'number', text: { as: 'bytes', length: 6 }, size: false },
    });
    expect(preparation.features.filter((name) => name.startsWith('day')).length).toBe(28);
    expect(preparation.features.filter((name) => name.startsWith('text'))).toEqual(
      Array.from({ length: 6 }, (_, index) => `text ${index}`),
    );
    expect(preparation.features.includes('size')).toBe(false);
  });

  test.each([
    [{ columns: { size: 'bytes' } }, DataError],
    [{ columns: { text: 'standard' } }, DataError],
    [{ columns: { size: 'quantile' } }, ConfigError],
    [{ columns: { nothing: 'standard' } }, DataError],
    [{ columns: { size: { as: 'standard', fill: 'mode' } } }, ConfigError],
    [{ columns: { size: false, town: false, yes: false } }, DataError],
    [{ target: 'price' }, DataError],
  ] satisfies [{ columns?: Record<string, EncodingChoice>; target?: string }, unknown][])(
    '%j is refused',
    (options, error) => {
      expect(() => fitPreparation(table, options)).toThrow(error);
    },
  );
});

test('text is bytes plus 1, padded and cut', () => {
  expect([...byteTokens('aé', 5)]).toEqual([98, 196, 170, 0, 0]);
  expect([...byteTokens('aé', 2)]).toEqual([98, 196]);
});

test('a number that JSON names wrongly is refused with its place', () => {
  const config = fitPreparation(tableOf({ x: [1, 2] })).config();
  const wrong = (change: object): unknown => ({ ...config, inputs: [{ ...config.inputs[0], ...change }] });
  expect(() => new Preparation(wrong({ scale: 0 }))).toThrow(/inputs\[0\].scale: is 0; it must be above 0/);
  expect(() => new Preparation(wrong({ as: 'x' }))).toThrow(
    /inputs\[0\].as: "x" is no known encoding; known are standard/,
  );
  expect(() => new Preparation({ ...config, version: 2 })).toThrow(/version: is 2/);
});

test('an encoding of your own takes part', () => {
  interface Length extends Encoding {
    readonly as: 'length';
  }
  registerEncoding({
    type: 'length',
    fit: ({ name }): Length => ({ column: name, as: 'length' }),
    parse: (config): Length => ({ column: config['column'] as string, as: 'length' }),
    features: ({ column }) => [`length of ${column}`],
    write: (_, { column, rows }, { values, offset, stride }) => {
      for (let row = 0; row < rows; row++) values[row * stride + offset] = String(column.values[row]).length;
    },
  });
  expect(encodingTypes).toContain('length');
  const table = tableOf({ word: ['a', 'bcd'] });
  expect(rowsOf(againFrom(fitPreparation(table, { columns: { word: 'length' } })), table)).toEqual([[1], [3]]);
});
