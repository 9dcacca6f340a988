// safetensors by range: what one reads, what is written, several files as one, and what is refused.
import { encodeSafetensors, FormatError } from '@espalier/nn';
import { tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  carriedTensor,
  memorySink,
  openTensors,
  readTensor,
  safetensors,
  writeSafetensorsShards,
  writtenTensor,
  type ByteSource,
  type TensorSource,
  type WrittenTensor,
} from '../../src/index.ts';

const file = (header: object, values: number): Uint8Array => {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.from(Array.from({ length: values }, (_, index) => index))]);
};

const raw = (dtype: string, shape: readonly number[], ...bytes: readonly number[]): WrittenTensor => ({
  dtype,
  shape,
  bytes: bytes.length,
  values: async function* values() {
    yield Uint8Array.from(bytes);
  },
});

/** What is written, opened again. */
async function again(tensors: ReadonlyMap<string, WrittenTensor>): Promise<TensorSource> {
  const sink = memorySink();
  await safetensors.write?.(sink, tensors);
  return openTensors(bytesOf(sink.bytes(), 'again'));
}

describe('a file', () => {
  test('is opened by its header alone, in whatever order its entries are', async () => {
    const bytes = file(
      {
        late: { dtype: 'U8', shape: [2], data_offsets: [4, 6] },
        __metadata__: { format: 'pt' },
        early: { dtype: 'F32', shape: [], data_offsets: [0, 4] },
      },
      6,
    );
    const reads: number[][] = [];
    const whole = bytesOf(bytes, 'odd');
    const source: ByteSource = {
      ...whole,
      read: (offset, length) => {
        reads.push([offset, length]);
        return whole.read(offset, length);
      },
    };
    const opened = await openTensors(source);
    expect(Math.max(...reads.map(([offset = 0, length = 0]) => offset + length))).toBe(bytes.length - 6);
    expect([...opened.tensors.keys()]).toEqual(['late', 'early']);
    expect(opened.metadata).toEqual({ format: 'pt' });
    expect(await opened.read('late')).toEqual(Uint8Array.of(4, 5));
    expect(await opened.read('late', { begin: 1, end: 2 })).toEqual(Uint8Array.of(5));
    expect((await readTensor(opened, 'late')).arraySync()).toEqual([4, 5]);
    await expect(opened.read('late', { begin: 1, end: 3 })).rejects.toThrow("'late' has the bytes 0 to 2");
    await expect(opened.read('none')).rejects.toThrow(FormatError);
  });

  test('is written as encodeSafetensors writes it, to the byte', async () => {
    const tensors = { b: tensor([1, 2, 3]), a: tensor([[1, 0]], { dtype: 'u8' }), c: tensor([true]) };
    const sink = memorySink();
    const written = new Map(Object.entries(tensors).map(([name, value]) => [name, writtenTensor(value)]));
    await safetensors.write?.(sink, written, { note: 'ü' });
    const asRaw = await Promise.all(
      Object.entries(tensors).map(
        async ([name, value]) =>
          [name, { dtype: value.dtype, shape: value.shape, bytes: await value.bytes() }] as const,
      ),
    );
    expect(sink.bytes()).toEqual(encodeSafetensors(new Map(asRaw), { note: 'ü' }));
  });

  test('carries every dtype of the format', async () => {
    const bytes = Array.from({ length: 24 }, (_, index) => index);
    const bits = {
      BOOL: 8, U8: 8, I8: 8, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, F4: 4, F6_E2M3: 6,
      F6_E3M2: 6, I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, C64: 64, F64: 64, I64: 64, U64: 64,
    }; // prettier-ignore
    const tensors = new Map(
      Object.entries(bits).map(([dtype, size]) => [dtype, raw(dtype, [(24 * 8) / size], ...bytes)] as const),
    );
    const first = await again(tensors);
    const second = await again(new Map([...first.tensors.keys()].map((name) => [name, carriedTensor(first, name)])));
    for (const [name, { dtype, shape }] of tensors) {
      expect(second.tensors.get(name)).toMatchObject({ dtype, shape, bytes: 24 });
      expect(await second.read(name)).toEqual(Uint8Array.from(bytes));
    }
  });

  test.each([
    ['a hole', { a: { dtype: 'U8', shape: [2], data_offsets: [2, 4] } }, 4, 'there is a gap'],
    [
      'an overlap',
      {
        a: { dtype: 'U8', shape: [3], data_offsets: [0, 3] },
        b: { dtype: 'U8', shape: [2], data_offsets: [2, 4] },
      },
      4,
      'tensors overlap',
    ],
    ['values that nobody describes', { a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] } }, 3, '1 bytes follow'],
    ['a tensor that is too long', { a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, 4, 'takes 8 bytes'],
  ])('with %s is refused', async (_, header, values, problem) => {
    await expect(openTensors(bytesOf(file(header, values), 'x'))).rejects.toThrow(problem);
  });

  test('refuses before it writes what it cannot carry, and all of it', async () => {
    const sink = memorySink();
    const tensors = new Map([
      ['block', raw('Q8_0', [32], ...new Uint8Array(34))],
      ['pairs', raw('U4', [2], 0)],
    ]);
    await expect(safetensors.write?.(sink, tensors, { layers: 3 })).rejects.toThrow(
      "cannot carry 'block' as Q8_0; 'pairs' as U4; 'layers' of the metadata, which is no text",
    );
    expect(sink.bytes()).toHaveLength(0);
  });

  test('refuses values that are not as many as they are said to be', async () => {
    const short = { ...raw('U8', [4], 1, 2, 3), bytes: 4 };
    await expect(safetensors.write?.(memorySink(), new Map([['a', short]]))).rejects.toThrow("'a' gives 3 of the 4");
    const long = { ...raw('U8', [4], 1, 2, 3, 4, 5), bytes: 4 };
    await expect(safetensors.write?.(memorySink(), new Map([['a', long]]))).rejects.toThrow(
      "'a' gives more than the 4",
    );
  });
});

describe('several files', () => {
  const tensors = new Map([
    ['0', raw('U8', [3], 1, 2, 3)],
    ['b', raw('U8', [2], 4, 5)],
    ['large', raw('U8', [9], 1, 2, 3, 4, 5, 6, 7, 8, 9)],
    ['d', raw('U8', [1], 7)],
  ]);

  async function written(mostBytes: number): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    await writeSafetensorsShards(
      async (name, write) => {
        const sink = memorySink();
        await write(sink);
        files.set(name, sink.bytes());
      },
      tensors,
      { mostBytes, metadata: { format: 'pt' } },
    );
    return files;
  }

  const index = 'model.safetensors.index.json';
  const open = (files: ReadonlyMap<string, Uint8Array>, asked: string[] = []): Promise<TensorSource> =>
    openTensors(bytesOf(files.get(index) as Uint8Array, index), {
      sibling: async (name) => {
        asked.push(name);
        const bytes = files.get(name);
        return bytes && bytesOf(bytes, name);
      },
    });

  test('hold what one would', async () => {
    const files = await written(5);
    expect([...files.keys()]).toEqual([
      'model-00001-of-00003.safetensors',
      'model-00002-of-00003.safetensors',
      'model-00003-of-00003.safetensors',
      index,
    ]);
    const asked: string[] = [];
    const opened = await open(files, asked);
    expect(asked).toHaveLength(3);
    expect(opened.format).toBe('safetensors');
    expect(opened.metadata).toEqual({ format: 'pt' });
    expect([...opened.tensors.keys()].toSorted()).toEqual(['0', 'b', 'd', 'large']);
    expect(await opened.read('large')).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
    await opened.close();
  });

  test('are one where all fits into it', async () => {
    expect([...(await written(100)).keys()]).toEqual(['model.safetensors']);
  });

  test.each([
    ['a file that is missing', { a: 'none.safetensors' }, "names the file 'none.safetensors', which is not there"],
    ['a tensor that is not in its file', { x: 'model.safetensors' }, 'which has no such tensor'],
    ['a place that is no text', { x: 3 }, 'has 3 for'],
    ['no map', [], 'has no weight_map'],
  ])('refuse an index with %s', async (_, map, problem) => {
    const files = await written(100);
    files.set(index, Buffer.from(JSON.stringify({ metadata: {}, weight_map: map })));
    await expect(open(files)).rejects.toThrow(problem);
  });

  test('cannot be opened where nobody finds them', async () => {
    const bytes = Buffer.from('{"weight_map": {"a": "b"}}');
    await expect(openTensors(bytesOf(bytes, index))).rejects.toThrow('give `sibling`');
    const twice = Buffer.from('{"weight_map": {"a": "b", "a": "c"}}');
    await expect(openTensors(bytesOf(twice, index))).rejects.toThrow("the key 'a' twice");
  });
});

test('what is no known file says what it begins with, and what is known', async () => {
  await expect(openTensors(bytesOf(Buffer.from('<html>'), 'page'))).rejects.toThrow(
    /page: at byte 0: is no known file of tensors: it begins with "<html>" \(6 in all\); known are safetensors \(\.safetensors\)/u,
  );
  await expect(openTensors(bytesOf(new Uint8Array(0), 'nothing'))).rejects.toThrow('it is empty');
  await expect(openTensors(bytesOf(Uint8Array.of(0, 255), 'x'))).rejects.toThrow('it begins with the bytes 00 ff');
});
