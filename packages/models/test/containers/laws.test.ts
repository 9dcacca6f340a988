// What holds of every format that is written: tensors come back, ranges are parts of them, and damage is told, whatever it is.
import { FormatError } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  bytesOfTensor,
  containerTypes,
  fileDType,
  fileDTypeNames,
  findContainer,
  memorySink,
  openTensors,
  type ByteSource,
  type TensorSource,
  type WrittenTensor,
} from '../../src/index.ts';

type Tensors = ReadonlyMap<string, WrittenTensor>;

/** A tensor of bytes that are right for every dtype, in two pieces. */
function drawn(dtype: string, shape: readonly number[]): WrittenTensor | undefined {
  const kind = fileDType(dtype);
  const size = kind && bytesOfTensor(kind, shape);
  if (size === undefined) return undefined;
  const bytes = Uint8Array.from({ length: size }, (_, index) => (dtype === 'BOOL' ? index & 1 : index % 60));
  return {
    dtype,
    shape,
    bytes: size,
    values: async function* values() {
      yield bytes.subarray(0, size >> 1);
      yield bytes.subarray(size >> 1);
    },
  };
}

const shapes = [[], [3], [2, 4], [0, 5], [2, 3, 4], [64], [2, 256]];

/** Every dtype and shape that a format carries. */
function carriedBy(type: string): Map<string, WrittenTensor> {
  const { losses } = findContainer(type);
  const all = fileDTypeNames.flatMap((dtype) =>
    shapes.flatMap((shape): [string, WrittenTensor][] => {
      const tensor = drawn(dtype, shape);
      const name = `${dtype}.${shape.join('x')}`;
      return tensor && losses?.(new Map([[name, tensor]])).length === 0 ? [[name, tensor]] : [];
    }),
  );
  // A file of one array has one.
  return new Map(type === 'npy' ? [['array', drawn('F32', [2, 4]) as WrittenTensor]] : all);
}

async function written(type: string, tensors: Tensors): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  await findContainer(type).write?.(sink, tensors);
  return sink.bytes();
}

const open = (bytes: Uint8Array, type?: string): Promise<TensorSource> =>
  openTensors(bytesOf(bytes, 'law'), type === undefined ? {} : { type });

async function valuesOf(source: TensorSource): Promise<Map<string, Uint8Array>> {
  const all = new Map<string, Uint8Array>();
  for (const name of source.tensors.keys()) all.set(name, await source.read(name));
  return all;
}

/** The values of a damaged file, or that it is damaged; any other error is thrown. */
async function orRefused(bytes: Uint8Array, type: string): Promise<Map<string, Uint8Array> | 'refused'> {
  try {
    return await valuesOf(await open(bytes, type));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.source).toContain('law');
    expect(error.offset).toBeGreaterThanOrEqual(0);
    return 'refused';
  }
}

const types = containerTypes.filter((type) => findContainer(type).write);

test('formats that are written are known', () => {
  expect(types).toEqual(['safetensors', 'gguf', 'npy', 'npz', 'pytorch']);
});

describe.each(types)('%s', (type) => {
  const tensors = carriedBy(type);
  const few = new Map([...tensors].filter(([name]) => type === 'npy' || ['F32.2x4', 'I8.3', 'F16.'].includes(name)));

  test('gives every tensor back, and is recognised', async () => {
    const source = await open(await written(type, tensors));
    expect(source.format).toBe(type);
    expect([...source.tensors.keys()].toSorted()).toEqual([...tensors.keys()].toSorted());
    for (const [name, { dtype, shape, bytes, values }] of tensors) {
      expect(source.tensors.get(name), name).toMatchObject({ dtype, shape, bytes });
      const pieces: Uint8Array[] = [];
      for await (const piece of values()) pieces.push(piece);
      expect(Buffer.compare(await source.read(name), Buffer.concat(pieces)), name).toBe(0);
    }
    await source.close();
    await source.close();
  });

  test('reads parts, into memory that is given where it likes to', async () => {
    const source = await open(await written(type, few));
    const names = [...few.keys()];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(100), fc.nat(100), fc.boolean(), async (name, a, b, gives) => {
        const whole = await source.read(name);
        const [begin = 0, end = 0] = [a % (whole.length + 1), b % (whole.length + 1)].toSorted((x, y) => x - y);
        const part = await source.read(name, { begin, end }, gives ? new ArrayBuffer(end - begin) : undefined);
        expect([...part]).toEqual([...whole.subarray(begin, end)]);
      }),
    );
  });

  test('refuses a name it has not, and what lies outside of a tensor', async () => {
    const source = await open(await written(type, few));
    const [name = ''] = few.keys();
    await expect(source.read('none')).rejects.toThrow(FormatError);
    await expect(source.read('none')).rejects.toThrow("'none'");
    for (const [begin, end] of [
      [-1, 1],
      [2, 1],
      [0, 1e9],
      [0.5, 1],
    ] as const)
      await expect(source.read(name, { begin, end }), `${begin} to ${end}`).rejects.toThrow(ArgumentError);
  });

  test('that ends anywhere before its end is refused, or has what it had', async () => {
    const bytes = await written(type, few);
    const whole = await valuesOf(await open(bytes));
    const step = Math.max(1, Math.floor(bytes.length / 150));
    for (let length = 0; length < bytes.length; length += step) {
      const left = await orRefused(bytes.slice(0, length), type);
      if (left !== 'refused') expect(left, `of ${length} bytes`).toEqual(whole);
    }
  });

  test('with another byte anywhere is refused, or read', async () => {
    const bytes = await written(type, few);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = new Uint8Array(bytes);
        damaged[at] = (damaged[at] as number) ^ change;
        await orRefused(damaged, type);
      }),
    );
  });

  test('whose file gives less than it has is refused', async () => {
    const bytes = await written(type, few);
    const whole = bytesOf(bytes, 'law');
    const short: ByteSource = { ...whole, read: async (offset, length) => (await whole.read(offset, length)).slice(1) };
    await expect(openTensors(short, { type })).rejects.toThrow(FormatError);
  });

  test('writes nothing where it cannot carry all', async () => {
    const sink = memorySink();
    const odd = { ...(drawn('F32', [1]) as WrittenTensor), dtype: 'NO_SUCH' };
    const write = findContainer(type).write?.(sink, new Map([['odd', odd]]));
    if (type !== 'safetensors') {
      await expect(write).rejects.toThrow(/odd/u);
      expect(sink.bytes()).toHaveLength(0);
    } else await write;
  });

  test('has another number of bytes than it says: that is found as it is written', async () => {
    const wrong = {
      ...(drawn('F32', [2, 4]) as WrittenTensor),
      values: drawn('F32', [2, 3])?.values as WrittenTensor['values'],
    };
    await expect(written(type, new Map([['array', wrong]]))).rejects.toThrow(ArgumentError);
  });
});
