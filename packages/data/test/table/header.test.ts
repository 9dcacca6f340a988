import { bytesOf, readCsv, type CsvOptions } from '@espalier/data';
import { expect, test } from 'vitest';

const namesOf = async (text: string, known: CsvOptions['known'] = {}): Promise<readonly string[]> =>
  (await readCsv(bytesOf(new TextEncoder().encode(text), 'rows.csv'), { known })).names;

/** Rows under a first record. */
const table = (first: string, row: (at: number) => string): string =>
  [first, ...Array.from({ length: 12 }, (_, at) => row(at))].join('\n');
const classOf = (at: number): string => ['p', 'q', 'r'][at % 3] ?? '';

test.each([
  ['texts above numbers', table('town,price', (at) => `t${at},${at}.5`), ['town', 'price']],
  [
    'years among its names',
    table('town,2019,2020,price', (at) => `t${at},${at},${at},7`),
    ['town', '2019', '2020', 'price'],
  ],
  ['numbers, and a name above classes', table('0,1,y', (at) => `${at}.25,-${at},${classOf(at)}`), ['0', '1', 'y']],
  ['a number above texts', table('1,price', (at) => `${classOf(at)},${at}`), ['1', 'price']],
])('a header is told by what lies below it: %s', async (_, text, names) => {
  expect(await namesOf(text)).toEqual(names);
});

test.each([
  ['numbers alone', table('1,2', (at) => `${at},${at}`), 2],
  ['numbers and a class that comes again', table('5.1,3.5,p', (at) => `${at},${at},${classOf(at)}`), 3],
  ['classes alone', table('p,q', (at) => `${classOf(at)},${classOf(at + 1)}`), 2],
  ['one row', '1,2,setosa', 3],
])('rows without a header are all read: %s', async (_, text, width) => {
  expect(await namesOf(text)).toEqual(Array.from({ length: width }, (__, at) => `column ${at + 1}`));
});

test('what columns are known to be called decides', async () => {
  const text = table('1,2,3,y', (at) => `${at},${at},${at},text ${at}`);
  expect(await namesOf(text)).toEqual(['column 1', 'column 2', 'column 3', 'column 4']);
  expect(await namesOf(text, { y: 'any' })).toEqual(['1', '2', '3', 'y']);
  const words = table('a,b', (at) => `x${at},y${at}`);
  expect(await namesOf(words)).toEqual(['a', 'b']);
  expect(await namesOf(words, { 'column 2': 'any' })).toEqual(['column 1', 'column 2']);
});

test('of records that are damaged the reader tells, by their number', async () => {
  await expect(namesOf('1,2\n3,4\n5')).rejects.toThrow('row 3');
});
