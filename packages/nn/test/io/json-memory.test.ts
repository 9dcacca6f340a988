// JSON that becomes much more than its text is refused before it is parsed, whatever file it is in.
import { FormatError, decodeSafetensors } from '@espalier/nn';
import { checkJsonMemory, encodeUtf8 } from '@espalier/nn/format';
import { describe, expect, test } from 'vitest';

const many = 200_000;
const keys = `{${Array.from({ length: many }, (_, key) => `"k${key}":1`).join()}}`;

describe('JSON of many small values', () => {
  test.each([
    ['keys', keys],
    ['objects', `[${'{},'.repeat(many)}0]`],
    ['lists', `[${'[],'.repeat(many)}0]`],
    ['texts', `[${'"ab",'.repeat(2 * many)}0]`],
  ])('is refused: %s', (_, text) => {
    expect(() => checkJsonMemory(text, 'a file', 8)).toThrow(FormatError);
    expect(() => checkJsonMemory(text, 'a file', 8)).toThrow(/^a file.*has more small values than \d+ characters may/u);
  });

  test('is taken where it describes a file that is much larger', () => {
    expect(() => checkJsonMemory(keys, 'a file', 0, 2 ** 30)).not.toThrow();
  });

  test('is refused as the header of a file of tensors, at its place', () => {
    const header = encodeUtf8(keys);
    const file = new Uint8Array(8 + header.length);
    new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
    file.set(header, 8);
    expect(() => decodeSafetensors(file)).toThrow(/has more small values/u);
  });
});

test.each([
  ['a few values', '{"a":[1,2,{}],"b":"x"}'],
  [
    'long texts, with quotes and signs within',
    JSON.stringify(Array.from({ length: 4000 }, () => `{",[:\\"`.repeat(200))),
  ],
  ['many numbers', `[${'10,'.repeat(500_000)}0]`],
])('%s are taken', (_, text) => {
  expect(() => checkJsonMemory(text, 'a file')).not.toThrow();
});
