// Files of PyTorch: what it wrote is read, what would run code is refused, and what we write is as it was.
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { FormatError } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  memorySink,
  openPyTorch,
  openTensors,
  writePyTorchLike,
  writeStateDict,
  type PyTorchSource,
  type WrittenTensor,
} from '../../src/index.ts';
import { zipWriter } from '../../src/zip/zip-writer.ts';
import { golden, goldenJson, pytorchFiles, type GoldenFile } from '../helpers/golden.ts';

const open = (name: string, key?: string): Promise<PyTorchSource> =>
  openPyTorch(bytesOf(golden(`pytorch/${name}`), name), key === undefined ? {} : { key });

/** All that a source holds, as golden files have it. */
async function contents(source: PyTorchSource): Promise<GoldenFile['tensors']> {
  const entries = [...source.tensors].map(async ([name, { dtype, shape, bytes }]) => {
    const values = await source.read(name);
    expect(values.length).toBe(bytes);
    return [name, { dtype, shape, base64: Buffer.from(values).toString('base64') }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** A tensor whose values come in two pieces. */
function written(dtype: string, shape: readonly number[], bytes: Uint8Array): WrittenTensor {
  const half = bytes.length >> 1;
  return {
    dtype,
    shape,
    bytes: bytes.length,
    values: async function* values() {
      yield bytes.subarray(0, half);
      yield bytes.subarray(half);
    },
  };
}

async function rewritten(source: PyTorchSource, tensors: ReadonlyMap<string, WrittenTensor>): Promise<PyTorchSource> {
  const sink = memorySink();
  await writePyTorchLike(sink, source, tensors);
  return openPyTorch(bytesOf(sink.bytes(), 'rewritten'));
}

describe('files that PyTorch wrote', () => {
  test.each(Object.entries(pytorchFiles))('%s', async (name, { tensors, ties = {}, metadata, key, module = false }) => {
    const source = await open(name, key);
    expect(await contents(source)).toEqual(tensors);
    expect(Object.keys(tensors)).toEqual([...source.tensors.keys()]);
    expect(Object.fromEntries(source.ties)).toEqual(ties);
    expect(source.state.module !== undefined).toBe(module);
    if (metadata !== undefined) expect(source.metadata).toEqual(metadata);
  });

  test.each(Object.keys(pytorchFiles).filter((name) => pytorchFiles[name]?.key === undefined))(
    '%s is found by its first bytes',
    async (name) => {
      const source = await openTensors(bytesOf(golden(`pytorch/${name}`), name));
      expect(source.format).toBe('pytorch');
    },
  );

  test('are read by range', async () => {
    for (const name of ['views.pth', 'views-legacy.pth']) {
      const source = await open(name);
      for (const [own, { bytes }] of source.tensors) {
        const whole = await source.read(own);
        for (let begin = 0; begin <= bytes; begin += 3) {
          const end = Math.min(bytes, begin + 7);
          expect(await source.read(own, { begin, end })).toEqual(whole.slice(begin, end));
        }
      }
    }
  });

  test('ask for a key where tensors are in several places', async () => {
    await expect(open('two-states.pth')).rejects.toThrow(
      "two-states.pth: at byte 0: holds tensors in several places; name one by key (--key): 'model' (2 tensors), 'ema' (1 tensors)",
    );
    await expect(open('two-states.pth', 'x')).rejects.toThrow("has no tensors under the key 'x'; there are 'model'");
  });

  test('refuse a name that they have not, and a range beyond', async () => {
    const source = await open('state.pth');
    await expect(source.read('x')).rejects.toThrow("state.pth: at byte 0: has no tensor 'x'");
    await expect(source.read('bias', { begin: 0, end: 13 })).rejects.toThrow(
      "'bias' has the bytes 0 to 12, not 0 to 13",
    );
  });
});

describe('what would run code', () => {
  const refusals = goldenJson('malicious.json') as Readonly<Record<string, string>>;

  test('has a word for each file', () => {
    const all = readdirSync(new URL('../golden/pytorch/malicious', import.meta.url));
    expect(all.filter((name) => name.endsWith('.pth')).toSorted()).toEqual(Object.keys(refusals).toSorted());
  });

  test.each(Object.entries(refusals))('%s is refused by name: %s', async (name, word) => {
    const error: unknown = await open(`malicious/${name}`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toContain(word);
    expect((error as FormatError).source).toBe(`malicious/${name}`);
  });

  test('two tensors of one name, as 1 and the text 1 are here, are refused', async () => {
    await expect(open('refused/two-of-a-name.pth')).rejects.toThrow("has two tensors of the name '1'; rename one");
  });
});

const dtypes = { F32: 4, F16: 2, BF16: 2, F64: 8, I64: 8, U16: 2, BOOL: 1, F8_E4M3: 1, C64: 8 };
const anyTensor = fc
  .tuple(fc.constantFrom(...Object.entries(dtypes)), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }))
  .chain(([[dtype, size], shape]) => {
    const length = shape.reduce((product, each) => product * each, size);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ dtype, shape, bytes }));
  });
const anyState = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), anyTensor, {
  minKeys: 1,
  maxKeys: 5,
});

describe('what we write', () => {
  test('comes back, with what is tied', async () => {
    await fc.assert(
      fc.asyncProperty(anyState, fc.boolean(), async (state, isNested) => {
        const tensors = new Map(
          Object.entries(state).map(([name, { dtype, shape, bytes }]) => [`a.${name}`, written(dtype, shape, bytes)]),
        );
        const [first] = tensors.values();
        tensors.set('tied', first as WrittenTensor);
        const sink = memorySink();
        await writeStateDict(sink, tensors, isNested ? { epoch: 3, deep: { list: [1, null, true, 'x', 0.5] } } : {});
        const source = await openPyTorch(bytesOf(sink.bytes()));
        const want = [...tensors].map(async ([name, { dtype, shape, values }]) => {
          const pieces: Uint8Array[] = [];
          for await (const piece of values()) pieces.push(piece);
          return [name, { dtype, shape, base64: Buffer.concat(pieces).toString('base64') }] as const;
        });
        expect(await contents(source)).toEqual(Object.fromEntries(await Promise.all(want)));
        if (first?.bytes !== 0) expect(source.ties.get('tied')).toBe([...tensors.keys()][0]);
        expect(source.metadata).toEqual(isNested ? { epoch: 3, deep: { list: [1, null, true, 'x', 0.5] } } : {});
      }),
    );
  });

  test('refuses before it writes what PyTorch has not, and bytes that do not fit', async () => {
    const sink = memorySink();
    const write = (dtype: string, bytes: number): Promise<void> =>
      writeStateDict(sink, new Map([['w', written(dtype, [32], new Uint8Array(bytes))]]));
    await expect(write('Q4_0', 18)).rejects.toThrow("pytorch: at byte 0: cannot carry 'w' (Q4_0)");
    await expect(write('F32', 127)).rejects.toThrow("'w' has 127 bytes; F32 [32] takes 128");
    expect(sink.bytes()).toHaveLength(0);
  });

  test.each(Object.entries(pytorchFiles).filter(([, { key }]) => key === undefined))(
    'keeps all of %s but the tensors that are replaced',
    async (name, { tensors, metadata }) => {
      const source = await open(name);
      const [own = ''] = source.tensors.keys();
      const { dtype, shape, bytes } = source.tensors.get(own) as {
        dtype: string;
        shape: readonly number[];
        bytes: number;
      };
      const ones = new Uint8Array(bytes).fill(1);
      const names = [own, ...[...source.ties].filter(([, to]) => to === own).map(([tied]) => tied)];
      const tensor = written(dtype, shape, ones);
      const back = await rewritten(source, new Map(names.map((each) => [each, tensor])));
      const replaced = Object.fromEntries(
        names.map((each) => [each, { dtype, shape: [...shape], base64: Buffer.from(ones).toString('base64') }]),
      );
      expect(await contents(back)).toEqual({ ...tensors, ...replaced });
      expect(back.ties).toEqual(source.ties);
      expect(back.state.module?.of.name).toBe(source.state.module?.of.name);
      if (metadata !== undefined) expect(back.metadata).toEqual(metadata);
      expect(back.prefix).toBe(source.prefix);
    },
  );

  test('refuses another shape in a module, and a name that it has not', async () => {
    const source = await open('linear.pth');
    const bias = new Map([['bias', written('F32', [2], new Uint8Array(8))]]);
    await expect(rewritten(source, bias)).rejects.toThrow("'bias' is [2] now, and the module in linear.pth takes [3]");
    const other = new Map([['x', written('F32', [2], new Uint8Array(8))]]);
    await expect(rewritten(source, other)).rejects.toThrow(
      "linear.pth has no tensor 'x' to put another in the place of",
    );
  });
});

test('tensors that are much larger than their file are refused', async () => {
  const source = await open('views.pth');
  const maker = source.state.tensors.get('repeated');
  // One element at every place: what its strides of 0 allow is bounded by the file alone.
  expect(maker?.args.items).toHaveLength(6);
  const bytes = Buffer.from(golden('pytorch/views.pth'));
  const sizes = Buffer.from([0x4b, 2, 0x4b, 5, 0x86]);
  const at = bytes.indexOf(sizes);
  expect(at).toBeGreaterThan(0);
  const program = bytes.subarray(0, bytes.indexOf('PK\u0007\u0008'));
  const begin = program.indexOf('\u0080\u0002', 0, 'latin1');
  const larger = Buffer.concat([
    bytes.subarray(begin, at),
    Buffer.from([0x4b, 2, 0x4a, 0, 0, 0, 0x40, 0x86]),
    program.subarray(at + sizes.length),
  ]);
  const sink = memorySink();
  const zip = zipWriter(sink);
  await zip.add('archive/data.pkl', larger.length, [larger]);
  for (let key = 0; key < 6; key++) await zip.add(`archive/data/${key}`, 96, [new Uint8Array(96)]);
  await zip.end();
  await expect(openPyTorch(bytesOf(sink.bytes(), 'large.pth'))).rejects.toThrow('values that are repeated');
});
