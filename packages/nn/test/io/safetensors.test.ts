import fc from 'fast-check';
import {
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  readSafetensors,
  writeSafetensors,
  type RawTensor,
} from '@espalier/nn';
import { dtypes, tensor, type DType } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const allTypes: readonly DType[] = ['f32', 'f64', 'f16', 'bf16', 'i32', 'u32', 'i8', 'u8', 'bool'];

const anyRaw: fc.Arbitrary<RawTensor> = fc
  .tuple(fc.constantFrom(...allTypes), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = shape.reduce((product, size) => product * size, dtypes[dtype].bytes);
    return fc
      .uint8Array({ minLength: length, maxLength: length, ...(dtype === 'bool' && { max: 1 }) })
      .map((bytes) => ({ dtype, shape, bytes }));
  });

const anyName = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((name) => name !== '__metadata__');
const anyFile = fc.array(fc.tuple(anyName, anyRaw), { maxLength: 5 }).map((list) => new Map(list));
const anyNotes = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.string({ unit: 'grapheme' }));

const plain = (tensors: ReadonlyMap<string, RawTensor>): unknown =>
  Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, bytes }]) => [`_${name}`, { dtype, shape, bytes: [...bytes] }]),
  );

/** A file with any header text. */
function fileOf(header: string, values = 0, claimed?: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + values);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

describe('safetensors', () => {
  test('come back, with their metadata', () => {
    fc.assert(
      fc.property(anyFile, anyNotes, (tensors, notes) => {
        const back = decodeSafetensors(encodeSafetensors(tensors, notes));
        expect(plain(back.tensors)).toEqual(plain(tensors));
        expect(new Map(Object.entries(back.metadata))).toEqual(new Map(Object.entries(notes)));
      }),
    );
  });

  test('are the same bytes whatever the order, aligned for every dtype', () => {
    fc.assert(
      fc.property(anyFile, (tensors) => {
        const file = encodeSafetensors(tensors);
        expect(encodeSafetensors(new Map([...tensors].toReversed()))).toEqual(file);
        for (const { bytes, dtype } of decodeSafetensors(file).tensors.values())
          expect(bytes.byteOffset % dtypes[dtype].bytes).toBe(0);
      }),
    );
  });

  test('damaged in one byte or cut short: a FormatError, or a file that is sound', () => {
    fc.assert(
      fc.property(anyFile, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (tensors, place, value, cut) => {
        const file = encodeSafetensors(tensors, { a: 'b' });
        const damaged = cut ? file.subarray(0, place % file.length) : file.with(place % file.length, value);
        try {
          const { tensors: found } = decodeSafetensors(damaged);
          expect(cut).toBe(false);
          encodeSafetensors(found);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes at all: a FormatError at worst', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.json(), (bytes, header) => {
        for (const file of [bytes, fileOf(header), fileOf(`{"a":${header}}`, 8)])
          try {
            decodeSafetensors(file);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
      }),
    );
  });

  const entry = (start: number, end: number, shape = [end - start], dtype = 'U8'): string =>
    JSON.stringify({ dtype, shape, data_offsets: [start, end] });

  test.each([
    ['too short for a length', new Uint8Array(5), 5, 'ends after'],
    ['a header longer than the file', fileOf('{}', 0, 1000), 0, 'claims 1000'],
    ['a header beyond all reason', fileOf('{}', 0, 2 ** 53), 0, 'claims'],
    ['no JSON', fileOf('{"a":}'), 8, 'no JSON'],
    ['a header that is no object', fileOf('[1]'), 8, "'{'"],
    ['bad UTF-8', fileOf('{"a":1}').with(10, 0xff), 8, 'UTF-8'],
    ['a repeated key', fileOf(`{"é":${entry(0, 1)}, "é":${entry(0, 1)}}`, 1), 63, 'twice'],
    ['what is no dtype', fileOf(`{"a":${entry(0, 8, [1], 'int 64')}}`, 8), 8, 'int 64'],
    ['a name of thousands of letters', fileOf(`{"${'a'.repeat(5000)}":1}`), 8, `'${'a'.repeat(200)}…': is no object`],
    [
      'a shape of thousands of sizes',
      fileOf(`{"a":${entry(0, 4, Array(5000).fill(1))}}`, 4),
      8,
      'U8 [1,1,1,1,1,1,1,1,…] takes 1',
    ],
    ['a shape that does not fit', fileOf(`{"a":${entry(0, 4, [3])}}`, 4), 8, 'takes 3 bytes'],
    ['a size that overflows', fileOf(`{"a":${entry(0, 4, [2 ** 52, 2 ** 52])}}`, 4), 8, 'takes'],
    ['offsets beyond the end', fileOf(`{"a":${entry(0, 9)}}`, 4), 8, 'within'],
    ['offsets the wrong way round', fileOf(`{"a":${entry(3, 1, [2])}}`, 4), 8, 'within'],
    ['an overlap', fileOf(`{"a":${entry(0, 3)},"b":${entry(2, 4)}}`, 4), 115, 'overlap'],
    ['a gap', fileOf(`{"a":${entry(0, 1)},"b":${entry(2, 4)}}`, 4), 114, 'gap'],
    ['bytes left over', fileOf(`{"a":${entry(0, 1)}}`, 4), 62, '3 bytes follow'],
    ['metadata that is no text', fileOf('{"__metadata__":{"a":1}}'), 8, 'texts'],
    [
      'fields nobody knows',
      fileOf('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}'),
      8,
      'unknown fields ["x"]',
    ],
    [
      'thousands of fields nobody knows',
      fileOf(`{"a":{${Array.from({ length: 5000 }, (_, at) => `"x${at}":1`).join()}}}`),
      8,
      '"x7",…]',
    ],
    [
      'a bool of 2',
      fileOf(`{"a":${entry(0, 1, [1], 'BOOL')}}`, 1).map((byte, index, all) => (index === all.length - 1 ? 2 : byte)),
      63,
      'BOOL',
    ],
  ])('%s is named with its offset', (_, bytes, offset, words) => {
    let found: unknown;
    try {
      decodeSafetensors(bytes, 'model.safetensors');
    } catch (error) {
      found = error;
    }
    expect(String(found)).toContain(words);
    expect(found).toMatchObject({ name: 'FormatError', source: 'model.safetensors', offset });
  });

  test('are what the format says', () => {
    const file = encodeSafetensors(
      new Map([
        ['b', { dtype: 'u8', shape: [1], bytes: Uint8Array.of(7) }],
        ['a', { dtype: 'f32', shape: [], bytes: Uint8Array.of(0, 0, 128, 63) }],
      ]),
    );
    const header =
      '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(new TextDecoder().decode(file.subarray(8, 8 + padded.length))).toBe(padded);
    expect([...file.subarray(8 + padded.length)]).toEqual([0, 0, 128, 63, 7]);
  });

  test('refuse what would not come back', () => {
    expect(() => encodeSafetensors(new Map([['a', { dtype: 'f32', shape: [2], bytes: new Uint8Array(4) }]]))).toThrow(
      FormatError,
    );
    expect(() =>
      encodeSafetensors(new Map([['__metadata__', { dtype: 'u8', shape: [0], bytes: new Uint8Array(0) }]])),
    ).toThrow(FormatError);
  });

  test.each(allTypes)('hold tensors of %s', async (dtype) => {
    const value = tensor(
      [
        [0, 1],
        [1, 0],
      ],
      { dtype },
    );
    const { tensors } = readSafetensors(await writeSafetensors(new Map([['x', value]])));
    const back = tensors.get('x');
    expect(back?.dtype).toBe(dtype);
    expect(back?.arraySync()).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });
});

test('an error is short, however long the names and lists in a header are', () => {
  const long = 'k'.repeat(10_000);
  const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`k${index}`, index]));
  const sound = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const headers: object[] = [
    { [long]: { ...sound, dtype: 'no dtype' } },
    { [long]: { ...sound, data_offsets: [4, 8] } },
    { [long]: { ...sound, dtype: 'BOOL', shape: [4] } },
    { x: { ...sound, ...many } },
    { x: { ...sound, dtype: [many, long] } },
    { x: { ...sound, shape: Array.from({ length: 40_000 }, () => 1), data_offsets: [0, 3] } },
  ];
  const texts = [...headers.map((header) => JSON.stringify(header)), `{"${long}":1,"${long}":2}`];
  for (const text of texts) {
    const read = (): unknown => decodeSafetensors(fileOf(text, 4).fill(7, -4));
    expect(read).toThrow(FormatError);
    expect(read).toThrow(/^[^]{1,400}$/u);
  }
});

test('metadata that are no texts are not written, since nothing could read the file', () => {
  const metadata = { epochs: 5 } as unknown as Record<string, string>;
  expect(() => encodeSafetensors(new Map(), metadata)).toThrow('__metadata__ must map names to texts');
});
