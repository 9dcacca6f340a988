// What PyTorch of today does not write: big-endian files, views of storages, and files made to keep a reader busy.
import { FormatError } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import { bytesOf, memorySink, openPyTorch, writePyTorchLike, type PyTorchSource } from '../../src/index.ts';
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleReference,
  PickleTuple,
  type PickleValue,
} from '../../src/containers/pytorch/pickle/values.ts';
import { writePickle } from '../../src/containers/pytorch/pickle/write-pickle.ts';
import { zipWriter } from '../../src/zip/zip-writer.ts';

function dictOf(entries: Readonly<Record<string, PickleValue>>): PickleDict {
  const dict = new PickleDict();
  for (const [key, value] of Object.entries(entries)) dict.set(key, value);
  return dict;
}

const call = (name: string, ...args: readonly PickleValue[]): PickleObject => {
  const at = name.lastIndexOf('.');
  return new PickleObject('call', new PickleGlobal(name.slice(0, at), name.slice(at + 1)), new PickleTuple(args));
};

/** A tensor of a storage of floats, all of which lies in it one after the other. */
function tensorIn(
  key: string,
  size: number,
  begin: number,
  shape: number,
  ...view: readonly PickleValue[]
): PickleObject {
  const id = new PickleTuple(['storage', new PickleGlobal('torch', 'FloatStorage'), key, 'cpu', size, ...view]);
  const place = [
    begin,
    new PickleTuple([shape]),
    new PickleTuple([1]),
    false,
    call('collections.OrderedDict'),
  ] as const;
  return call('torch._utils._rebuild_tensor_v2', new PickleReference(id), ...place);
}

async function zipOf(root: PickleValue, storages: readonly Uint8Array[], order?: string): Promise<PyTorchSource> {
  const sink = memorySink();
  const zip = zipWriter(sink);
  const add = (name: string, bytes: Uint8Array): Promise<void> => zip.add(`x/${name}`, bytes.length, [bytes]);
  await add('data.pkl', writePickle(root));
  if (order !== undefined) await add('byteorder', Buffer.from(order));
  for (const [key, bytes] of storages.entries()) await add(`data/${key}`, bytes);
  await zip.end();
  return openPyTorch(bytesOf(sink.bytes(), 'x.pth'));
}

function oldOf(
  root: PickleValue,
  storages: Readonly<Record<string, Float32Array>>,
  isLittle: boolean,
): Promise<PyTorchSource> {
  const keys = new PickleList();
  for (const key of Object.keys(storages)) keys.push(key);
  const system = dictOf({ protocol_version: 1001, little_endian: isLittle });
  const pickles = [0x1950a86a20f9469cfc6cn, 1001, system, root, keys].map((value) => writePickle(value));
  const stored = Object.values(storages).map((values) => {
    const bytes = Buffer.alloc(8 + values.byteLength);
    bytes.writeBigInt64LE(BigInt(values.length));
    for (const [index, value] of values.entries())
      if (isLittle) bytes.writeFloatLE(value, 8 + 4 * index);
      else bytes.writeFloatBE(value, 8 + 4 * index);
    return bytes;
  });
  return openPyTorch(bytesOf(Buffer.concat([...pickles, ...stored]), 'old.pth'));
}

const floats = async (source: PyTorchSource, name: string): Promise<number[]> => [
  ...new Float32Array((await source.read(name)).buffer),
];

/** The bytes of floats, big-endian. */
function bigFloats(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeFloatBE(value, 4 * index);
  return bytes;
}

describe('big-endian files', () => {
  test('of both layouts are read, and carried along little-endian', async () => {
    const root = dictOf({ a: tensorIn('0', 3, 0, 3), b: tensorIn('0', 3, 1, 2) });
    const files = [
      await zipOf(root, [bigFloats(1.5, -2, 3)], 'big'),
      await oldOf(root, { '0': Float32Array.of(1.5, -2, 3) }, false),
    ];
    for (const source of files) {
      expect(await floats(source, 'a')).toEqual([1.5, -2, 3]);
      expect(await floats(source, 'b')).toEqual([-2, 3]);
      const sink = memorySink();
      await writePyTorchLike(sink, source, new Map());
      const carried = await openPyTorch(bytesOf(sink.bytes()));
      expect(carried.file.isBigEndian).toBe(false);
      expect(await floats(carried, 'b')).toEqual([-2, 3]);
    }
  });

  test('of no known order are refused', async () => {
    await expect(zipOf(dictOf({}), [], 'pdp')).rejects.toThrow("has the byte order 'pdp'; known are little and big");
  });
});

describe('views of storages in the old layout', () => {
  const root = dictOf({ v: tensorIn('7', 5, 1, 2, new PickleTuple(['8', 2, 3])), w: tensorIn('7', 5, 0, 5, null) });

  test('begin where they say', async () => {
    const source = await oldOf(root, { '7': Float32Array.of(0, 1, 2, 3, 4) }, true);
    expect(await floats(source, 'v')).toEqual([3, 4]);
    expect(await floats(source, 'w')).toEqual([0, 1, 2, 3, 4]);
    const like = writePyTorchLike(memorySink(), source, new Map());
    await expect(like).rejects.toThrow("the storage '7' is a view of another, which is not written");
  });

  test('that reach beyond are refused', async () => {
    const far = dictOf({ v: tensorIn('7', 5, 1, 3, new PickleTuple(['8', 2, 3])) });
    await expect(oldOf(far, { '7': new Float32Array(5) }, true)).rejects.toThrow(
      "'v' reaches to element 6 of storage 7",
    );
  });
});

describe('tensors that are not where they say', () => {
  test.each<[string, string, PickleValue, readonly Uint8Array[]]>([
    [
      'beyond their storage',
      "'a' reaches to element 4 of storage 0, which has 3",
      tensorIn('0', 3, 1, 3),
      [new Uint8Array(12)],
    ],
    ['in no storage', "has no storage '1'", tensorIn('1', 3, 0, 3), [new Uint8Array(12)]],
    [
      'in a smaller storage',
      "has a storage '0' of 8 bytes, which has to take 12",
      tensorIn('0', 3, 0, 3),
      [new Uint8Array(8)],
    ],
    ['in too many elements', "'a' is larger than numbers count", tensorIn('0', 3, 2 ** 52, 1), [new Uint8Array(12)]],
    ['before all', "'a' begins at no whole number of elements", tensorIn('0', 3, -1, 3), [new Uint8Array(12)]],
  ])('%s are refused', async (_, words, tensor, storages) => {
    const error: unknown = await zipOf(dictOf({ a: tensor }), storages).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toContain(words);
  });
});

describe('files made to keep a reader busy', () => {
  const moduleOf = (children: Readonly<Record<string, PickleValue>>): PickleObject => {
    const module = new PickleObject(
      'new',
      new PickleGlobal('torch.nn.modules.container', 'Sequential'),
      new PickleTuple([]),
    );
    module.state = dictOf({ _parameters: dictOf({}), _buffers: dictOf({}), _modules: dictOf(children) });
    return module;
  };

  test('modules that hold one another again and again are refused', async () => {
    let module = moduleOf({});
    for (let level = 0; level < 40; level++) module = moduleOf({ a: module, b: module });
    await expect(zipOf(module, [])).rejects.toThrow('in more than 100 levels or 65536 places');
    const circle = moduleOf({});
    (circle.state as PickleDict).set('_modules', dictOf({ again: circle }));
    await expect(zipOf(circle, [])).rejects.toThrow('in more than 100 levels');
  });

  test('lists that hold themselves end', async () => {
    const list = new PickleList();
    for (const item of [list, list, 1]) list.push(item);
    const source = await zipOf(dictOf({ list, a: tensorIn('0', 1, 0, 1) }), [new Uint8Array(4)]);
    expect(JSON.stringify(source.metadata).length).toBeLessThan(1_000_000);
    const sink = memorySink();
    await writePyTorchLike(sink, source, new Map());
    expect((await openPyTorch(bytesOf(sink.bytes()))).tensors.size).toBe(1);
  });

  test('a pickle of many values, and one of many levels', async () => {
    const many = Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(2_000_001, ']'), Buffer.from('.')]);
    const sink = memorySink();
    const zip = zipWriter(sink);
    await zip.add('x/data.pkl', many.length, [many]);
    await zip.end();
    await expect(openPyTorch(bytesOf(sink.bytes()))).rejects.toThrow(
      /has more than 16554\d pickle instructions in a file of 2000\d{3} bytes/u,
    );
    let deep: PickleValue = 1;
    for (let level = 0; level < 500; level++) deep = new PickleTuple([deep]);
    expect(() => writePickle(deep)).toThrow('the data have more than 400 levels');
  });
});
