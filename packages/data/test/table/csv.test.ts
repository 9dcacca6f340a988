import { FormatError } from '@espalier/nn';
import { bytesOf, DataError, indexCsv, readCsv, readCsvPart, type CsvOptions } from '@espalier/data';
import { describe, expect, test } from 'vitest';

const sourceOf = (text: string) => bytesOf(new TextEncoder().encode(text), 'a.csv');
const read = (text: string, options: CsvOptions = {}) => readCsv(sourceOf(text), options);

describe('what is found out', () => {
  test.each([
    ['a,b\n1,2\n', ',', true],
    ['a;b\n1,5;2,5\n', ';', true],
    ['a\tb\n1,5\t2\n', '\t', true],
    ['a|b\n"x|,,"|2\n', '|', true],
    ['1,2\n3,4\n', ',', false],
    ['a,b\n', ',', true],
    ['a\n1\n', ',', true],
    ['"a, b";c\n"1, 2";3\n', ';', true],
  ])('the dialect of %j', async (text, delimiter, header) => {
    expect((await indexCsv(sourceOf(text))).settings).toMatchObject({ delimiter, header });
  });

  test.each([
    ['1,-2,+3', 'number', Int32Array.of(1, -2, 3)],
    ['1,2.5,1e3', 'number', Float64Array.of(1, 2.5, 1000)],
    ['1,2147483648,0', 'number', Float64Array.of(1, 2147483648, 0)],
    ['1,inf,-Infinity', 'number', Float64Array.of(1, Infinity, -Infinity)],
    ['true,FALSE,True', 'boolean', Uint8Array.of(1, 0, 1)],
    ['true,no,1', 'text', ['true', 'no', '1']],
    ['7,007,7', 'text', ['7', '007', '7']],
    ['1,2,12345678901234567890', 'text', ['1', '2', '12345678901234567890']],
    ['1.5,2,12345678901234567890', 'number', Float64Array.of(1.5, 2, Number('12345678901234567890'))],
    ['12345678901234567890,1e3', 'number', Float64Array.of(Number('12345678901234567890'), 1000)],
    ['1,tRUE,0', 'text', ['1', 'tRUE', '0']],
    ['0,0.5,-0.25', 'number', Float64Array.of(0, 0.5, -0.25)],
    ['1e5,0x10,1', 'text', ['1e5', '0x10', '1']],
    ['1.5.2,1,1', 'text', ['1.5.2', '1', '1']],
  ])('the type of %s', async (values, type, expected) => {
    const column = (await read(`x\n${values.replaceAll(',', '\n')}\n`, { header: true })).column('x');
    expect(column).toEqual({ type, values: expected, missing: undefined });
  });

  test('what is missing, and columns without a name', async () => {
    const table = await read('a,,c\n1,NA,x\n,2.5,\nnull,"",z\n');
    expect(table.names).toEqual(['a', 'column 2', 'c']);
    expect([0, 1, 2].map((row) => Object.values(table.row(row)))).toEqual([
      [1, null, 'x'],
      [null, 2.5, null],
      [null, null, 'z'],
    ]);
    expect(Number.isNaN(table.column('column 2').values[0])).toBe(true);
  });
});

test('columns may be called like what objects have', async () => {
  const table = await read('constructor,__proto__,toString\n1,x,true\n');
  expect(Object.values(table.row(0))).toEqual([1, 'x', true]);
  expect(table.names).toEqual(['constructor', '__proto__', 'toString']);
});

test('rows of a part are numbered as in the file', async () => {
  const source = sourceOf('a,b\n1,2\n3,4\n5,6\n');
  const index = await indexCsv(source, { partBytes: 4, pieceBytes: 4 });
  expect((await readCsvPart(source, index, index.parts.length - 1)).rowNumber(0)).toBe(3);
});

describe('what is told', () => {
  test('types, columns, and words for what is missing', async () => {
    const table = await read('a,b,c\n007,1,-999\n8,0,4\n', {
      types: { a: 'number', b: 'boolean', c: 'text' },
      columns: ['c', 'b', 'a'],
      missing: ['-999'],
    });
    expect(table.names).toEqual(['c', 'b', 'a']);
    expect(table.row(0)).toEqual({ a: 7, b: true, c: null });
  });

  test.each([
    [{ delimiter: '"' }, /delimiter/],
    [{ delimiter: ',,' }, /delimiter/],
    [{ types: { a: 'date' } }, /types/],
    [{ separator: ';' }, /has no option "separator"/],
  ])('%j is refused', async (options, problem) => {
    await expect(read('a\n1\n', options as CsvOptions)).rejects.toThrow(problem);
  });

  test.each([{ types: { b: 'text' } }, { columns: ['b'] }] as const)(
    'a column that is not there: %j',
    async (options) => {
      await expect(read('a\n1\n', options)).rejects.toThrow(DataError);
    },
  );
});

describe('what is refused, by place', () => {
  test.each([
    ['', 0, /has no record/],
    ['\n\n', 0, /has no record/],
    ['a,b\n1,2\n3\n', 8, /row 2 has 1 field; the others have 2/],
    ['a,b\n1,2\n3,4,5\n', 8, /row 2 has 3 fields/],
    ['a,b\n1,"2\n3,4\n', 6, /row 1 begins a quote here that is not closed/],
    ['a,b\n1,"2"x\n', 9, /row 1 goes on behind the quote/],
    ['a,a\n1,2\n', 0, /names 'a' twice/],
  ])('%j', async (text, offset, problem) => {
    const error = await read(text, { delimiter: ',' }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ offset, source: 'a.csv' });
    expect(String(error)).toMatch(problem);
  });

  test('a value that is not of the type that was asked for', async () => {
    const error = await read('a,b\n1,2\n3,x4\n', { types: { b: 'number' } }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ offset: 10, message: expect.stringMatching(/row 2, column 'b': 'x4' is no number/) });
  });

  test.each([
    ['in a text', [0x61, 0x0a, 0x62, 0xff, 0x0a], 3],
    ['behind numbers', [0x61, 0x0a, 0x31, 0x0a, 0xc3, 0x28], 4],
    ['in the header', [0xc3, 0x0a, 0x61], 0],
    ['cut in a character', [0x61, 0x0a, 0xe2, 0x82], 2],
    ['a surrogate', [0x61, 0x0a, 0xed, 0xa0, 0x80], 2],
    ['written too long', [0x61, 0x0a, 0xc0, 0xaf], 2],
  ])('bytes that are not UTF-8: %s', async (_, bytes, offset) => {
    for (const attempt of [readCsv, indexCsv]) {
      const error = await attempt(bytesOf(Uint8Array.from(bytes))).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(FormatError);
      expect(error).toMatchObject({ offset, message: expect.stringMatching(/not UTF-8/) });
    }
  });

  test('UTF-16, by its byte order mark', async () => {
    await expect(readCsv(bytesOf(Uint8Array.of(0xff, 0xfe, 0x61, 0)))).rejects.toThrow(/begins as UTF-16 does/);
  });

  test('a part of a file that is another one now', async () => {
    const index = await indexCsv(sourceOf('a\n1\n2\n'));
    await expect(readCsvPart(sourceOf('a\n1\n'), index, 0)).rejects.toThrow(/had 6 when it was indexed/);
    await expect(readCsvPart(sourceOf('a\n111\n'), index, 0)).rejects.toThrow(/has 1 rows from here on, and had 2/);
  });
});
