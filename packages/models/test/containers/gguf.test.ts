// GGUF: what gguf of Python writes is read and written back to the byte; parts of a file; every damage has its message.
import { readFileSync } from 'node:fs';
import type { Json } from '@espalier/nn';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  carriedTensor,
  gguf,
  ggufTypesKey,
  memorySink,
  openTensors,
  readTensor,
  type TensorSource,
  type WrittenTensor,
} from '../../src/index.ts';

const golden = new Uint8Array(readFileSync(new URL('../golden/every-type.gguf', import.meta.url)));
type Metadata = Readonly<Record<string, Json>>;

const raw = (dtype: string, shape: readonly number[], bytes: Uint8Array): WrittenTensor => ({
  dtype,
  shape,
  bytes: bytes.length,
  values: async function* values() {
    yield bytes;
  },
});

async function written(tensors: ReadonlyMap<string, WrittenTensor>, metadata: Metadata = {}): Promise<Uint8Array> {
  const sink = memorySink();
  await gguf.write?.(sink, tensors, metadata);
  return sink.bytes();
}

const none = new Map<string, WrittenTensor>();
const open = (bytes: Uint8Array): Promise<TensorSource> => openTensors(bytesOf(bytes, 'x.gguf'));

describe('a file of gguf', () => {
  test('says what is in it', async () => {
    const { format, metadata, tensors } = await open(golden);
    expect(format).toBe('gguf');
    expect(metadata).toMatchObject({
      'general.architecture': 'llama',
      'n.u8': 255,
      'n.i8': -128,
      'n.u64': '18446744073709551615',
      'n.i64': '-9223372036854775808',
      'n.u64.small': 7,
      'n.f32': Math.fround(0.1),
      'n.f32.whole': 100000,
      'n.f32.nan': 'NaN',
      'n.f64': 0.1,
      'n.f64.infinite': '-Infinity',
      'n.yes': true,
      text: 'π Ġ 😀',
      'list.text': ['a', 'b'],
      'list.i32': [1, -2, 3],
      'list.bool': [true, false],
      'list.bytes': 'AAH+/w==',
      'list.u64': [1, '9223372036854775808'],
      'list.lists': [[1, 2], [3]],
    });
    expect(metadata[ggufTypesKey]).toMatchObject({ 'n.u8': 'u8', 'n.f32.whole': 'f32', 'list.bytes': { of: 'u8' } });
    // What is as it would be written anyway is not told.
    expect(metadata[ggufTypesKey]).not.toHaveProperty('n.f32');
    expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['f32', 'F32', [2, 32]],
      ['f16', 'F16', [2, 3]],
      ['i64', 'I64', [5]],
      ['vector', 'I8', [3]],
      ['q8', 'Q8_0', [2, 32]],
      ['q4', 'Q4_0', [2, 32]],
    ]);
  });

  test('has its values', async () => {
    const source = await open(golden);
    const rows = Array.from({ length: 64 }, (_, index) => index);
    expect([...(await (await readTensor(source, 'f32')).data())]).toEqual(rows);
    expect((await readTensor(source, 'f16')).arraySync()).toEqual([
      [0, 1, 2],
      [32, 33, 34],
    ]);
    expect((await readTensor(source, 'i64')).arraySync()).toEqual([0, 1, 2, 3, 4]);
    for (const name of ['q8', 'q4']) {
      const values = await (await readTensor(source, name)).data();
      expect(Math.max(...values.map((value, index) => Math.abs(value - index)))).toBeLessThan(5);
    }
  });

  test('is written back to the byte', async () => {
    const source = await open(golden);
    const tensors = new Map([...source.tensors.keys()].map((name) => [name, carriedTensor(source, name)]));
    expect(Buffer.compare(await written(tensors, source.metadata), golden)).toBe(0);
  });
});

test('metadata of JSON comes back as it was', async () => {
  const scalar = fc.oneof(fc.string(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
  const list = fc.oneof(
    fc.array(fc.string()),
    fc.array(fc.boolean()),
    fc.array(fc.integer()),
    fc.array(fc.array(fc.integer())),
  );
  const records = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.oneof(scalar, list));
  await fc.assert(
    fc.asyncProperty(records, async (metadata) => {
      fc.pre(!Object.hasOwn(metadata, 'general.alignment'));
      const { [ggufTypesKey]: _, ...again } = (await open(await written(none, metadata))).metadata;
      expect(again).toEqual(metadata);
    }),
  );
});

test('a zero with a sign keeps it', async () => {
  const metadata = { one: -0, some: [1, -0] };
  expect((await open(await written(none, metadata))).metadata).toEqual(metadata);
});

test.each([
  [{ a: null }, "'a' of the metadata"],
  [{ a: { b: 1 } }, "'a' of the metadata"],
  [{ a: [1, 'b'] }, "'a' of the metadata"],
  [{ a: [[1], 2] }, "'a' of the metadata"],
  [{ a: 300, [ggufTypesKey]: { a: 'u8' } }, '\'a\' of the metadata as "u8"'],
  [{ a: '1', [ggufTypesKey]: { a: 'bool' } }, '\'a\' of the metadata as "bool"'],
  [{ a: 0.1, [ggufTypesKey]: { a: 'f32' } }, '\'a\' of the metadata as "f32"'],
  [{ a: '18446744073709551616', [ggufTypesKey]: { a: 'u64' } }, '\'a\' of the metadata as "u64"'],
  [{ a: 'x', [ggufTypesKey]: { a: { of: 'u8' } } }, '\'a\' of the metadata as {"of":"u8"}'],
  [{ a: [1], [ggufTypesKey]: { a: { items: ['u8'] } } }, '\'a\' of the metadata as {"items"'],
  [{ a: 1, [ggufTypesKey]: { a: 'list' } }, '\'a\' of the metadata as "list"'],
  [{ 'general.alignment': 24 }, 'a general.alignment that is no power of two'],
])('the metadata %j are refused before anything is written', async (metadata, problem) => {
  const sink = memorySink();
  await expect(gguf.write?.(sink, none, metadata as unknown as Metadata)).rejects.toThrow(problem);
  expect(sink.bytes()).toHaveLength(0);
});

test('tensors that the format or llama.cpp has no place for are refused', async () => {
  const tensors = new Map([
    ['small', raw('F8_E4M3', [1], new Uint8Array(1))],
    ['deep', raw('F32', [1, 1, 1, 1, 1], new Uint8Array(4))],
    ['x'.repeat(64), raw('F32', [1], new Uint8Array(4))],
  ]);
  await expect(written(tensors)).rejects.toThrow(
    /cannot carry 'small' as F8_E4M3; 'deep' \[1, 1, 1, 1, 1\], of more than 4 dimensions; the name 'x{64}'/u,
  );
});

test('values lie at multiples of the alignment that the metadata say', async () => {
  const tensors = new Map([
    ['a', raw('I8', [3], Uint8Array.of(1, 2, 3))],
    ['b', raw('I8', [1], Uint8Array.of(4))],
  ]);
  const source = await open(await written(tensors, { 'general.alignment': 128 }));
  expect(await source.read('b')).toEqual(Uint8Array.of(4));
  expect((await written(tensors, { 'general.alignment': 128 })).length % 128).toBe(0);
});

describe('several parts', () => {
  const part = (no: number, name: string, changes: Metadata = {}): Promise<Uint8Array> =>
    written(new Map([[name, raw('I8', [1], Uint8Array.of(no))]]), {
      ...(no === 0 && { 'general.name': 'whole' }),
      'split.no': no,
      'split.count': 2,
      'split.tensors.count': 2,
      ...changes,
    });
  const names = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'];

  async function openPart(which: number, parts: readonly (Uint8Array | undefined)[]): Promise<TensorSource> {
    return openTensors(bytesOf(parts[which] as Uint8Array, `folder/${names[which]}`), {
      sibling: async (name) => {
        const found = parts[names.indexOf(name)];
        return found && bytesOf(found, name);
      },
    });
  }

  test.each([0, 1])('are one file, whichever is opened (%i)', async (which) => {
    const source = await openPart(which, [await part(0, 'a'), await part(1, 'b')]);
    expect([...source.tensors.keys()]).toEqual(['a', 'b']);
    expect(source.metadata).toEqual({ 'general.name': 'whole' });
    expect(await source.read('b')).toEqual(Uint8Array.of(1));
  });

  test('that do not belong together are refused', async () => {
    const [first, second] = [await part(0, 'a'), await part(1, 'b')];
    await expect(openPart(0, [first, undefined])).rejects.toThrow("needs 'm-00002-of-00002.gguf', which is not there");
    await expect(openPart(0, [first, await part(1, 'a')])).rejects.toThrow("has 'a' in two of its parts");
    await expect(openPart(0, [first, await part(1, 'b', { 'split.count': 3 })])).rejects.toThrow('to be part 1 of 2');
    await expect(openPart(0, [await part(0, 'a', { 'split.tensors.count': 3 }), second])).rejects.toThrow(
      'says it has 3 tensors; its parts have 2',
    );
    await expect(open(first)).rejects.toThrow('no name such as NAME-00001-of-00003.gguf');
    await expect(openTensors(bytesOf(first, names[0]))).rejects.toThrow('give `sibling`');
  });
});

describe('damage', () => {
  /** The golden file with other bytes somewhere. */
  const changed = (at: number, ...bytes: readonly number[]): Uint8Array => {
    const copy = new Uint8Array(golden);
    copy.set(bytes, at);
    return copy;
  };
  const large = [255, 255, 255, 255, 255, 255, 255, 255];
  const find = (text: string): number => Buffer.from(golden).indexOf(text);

  test.each([
    ['the magic number', changed(0, 0x67), 'is no known file of tensors'],
    ['version 1', changed(4, 1), 'is of version 1; 2 and 3 are known'],
    ['the other order of bytes', changed(4, 0, 0, 0, 3), 'is big-endian'],
    ['too many tensors', changed(8, 255, 255), 'claims 65535 tensors'],
    ['more than all tensors', changed(8, ...large), 'tensors is 18446744073709552000'],
    ['too many pairs', changed(16, 255, 255), 'claims 65535 pairs'],
    ['a key without end', changed(24, 255, 255), 'claims 65535 bytes of a key'],
    ['a type of value that is none', changed(find('n.u8') + 4, 99), "'n.u8' is of type 99, which is none"],
    ['a truth value of 2', changed(find('n.yes') + 9, 2), "'n.yes' is neither true nor false"],
    ['an array without end', changed(find('list.i32') + 16, 255, 255), "claims 65535 elements of 'list.i32'"],
    ['elements of no type', changed(find('list.i32') + 12, 77), "'list.i32' has elements of type 77"],
    ['text that is none', changed(find('list.text') + 33, 255), "'list.text' is no text in UTF-8"],
    ['the same key twice', changed(find('n.u16'), ...Buffer.from('n.i16')), "has the key 'n.i16' twice"],
    ['the same tensor twice', changed(find('f16'), ...Buffer.from('f32')), "has the tensor 'f32' twice"],
    ['five dimensions', changed(find('vector') + 6, 5), "'vector' has 5 dimensions"],
    ['a type of tensor that is none', changed(find('vector') + 18, 4), "'vector' is of type 4"],
    ['rows that are no blocks', changed(find('q8') + 6, 31), "'q8' [2, 31] does not consist of blocks of 32"],
    ['a place between', changed(find('vector') + 22, 1), "'vector' is at 257, which is no multiple of 32"],
    ['a place that is taken', changed(find('vector') + 22, 32, 0), "'vector' begins at 32 of the values, within 'f32'"],
    ['a place outside', changed(find('vector') + 22, 0, 255), "ends before the values of 'vector'"],
  ])('%s is named', async (_, bytes, problem) => {
    await expect(open(bytes)).rejects.toThrow(problem);
  });

  test('an end anywhere in the header is found', async () => {
    for (let length = 4; length < golden.length - 400; length += 7)
      await expect(open(golden.slice(0, length))).rejects.toThrow(/at byte \d+: /u);
  });

  /** A header of one pair `k` of a type, with numbers of 64 bits behind it, and room. */
  const withPair = (room: number, type: number, element: number, count: number): Buffer => {
    const bytes = Buffer.alloc(49 + room);
    bytes.write('GGUF');
    bytes.writeUInt32LE(3, 4);
    bytes.writeBigUInt64LE(1n, 16);
    bytes.writeBigUInt64LE(1n, 24);
    bytes.write('k', 32);
    bytes.writeUInt32LE(type, 33);
    bytes.writeUInt32LE(element, 37);
    bytes.writeBigUInt64LE(BigInt(count), 41);
    return bytes;
  };

  test('more than a file has is refused before memory is taken for it', async () => {
    const pairs = Buffer.alloc(24 + 13 * 65_537);
    pairs.write('GGUF');
    pairs.writeUInt32LE(3, 4);
    pairs.writeBigUInt64LE(65_537n, 16);
    await expect(open(pairs)).rejects.toThrow('claims 65537 pairs; at most 65536 are read');
    const truths = 2 ** 20 + 1;
    await expect(open(withPair(truths, 9, 7, truths))).rejects.toThrow("1048577 elements of bool in 'k'");
    await expect(open(withPair(12 * 65_537, 9, 9, 65_537))).rejects.toThrow("65537 arrays in 'k'");
  });

  test('arrays in arrays without end are refused', async () => {
    const deep = Buffer.alloc(24 + 9 + 4 + 40 * 12);
    deep.write('GGUF');
    deep.writeUInt32LE(3, 4);
    deep.writeBigUInt64LE(1n, 16);
    deep.writeBigUInt64LE(1n, 24);
    deep.write('k', 32);
    deep.writeUInt32LE(9, 33);
    for (let level = 0; level < 40; level++) {
      deep.writeUInt32LE(9, 37 + 12 * level);
      deep.writeBigUInt64LE(1n, 41 + 12 * level);
    }
    await expect(open(deep)).rejects.toThrow('arrays in more than 8 arrays');
  });
});
