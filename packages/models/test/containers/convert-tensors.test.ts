// One format into another: values stay what they are, and what cannot be carried is said before anything is written.
import { readFileSync } from 'node:fs';
import { dtypes, tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  carriedTensor,
  conversionLosses,
  convertedTensor,
  convertTensors,
  decodeBlocks,
  gguf,
  memorySink,
  openTensors,
  safetensors,
  writtenTensor,
  type ConvertOptions,
  type TensorSource,
} from '../../src/index.ts';

const golden = (): Promise<TensorSource> =>
  openTensors(bytesOf(readFileSync(new URL('../golden/every-type.gguf', import.meta.url)), 'x.gguf'));

async function converted(source: TensorSource, type: string, options?: ConvertOptions): Promise<TensorSource> {
  const sink = memorySink();
  await convertTensors(source, type, sink, options);
  return openTensors(bytesOf(sink.bytes(), type));
}

/** Floats as a file of one tensor. */
async function fileOf(values: Float32Array | Float64Array): Promise<TensorSource> {
  const made = tensor(values, { dtype: values instanceof Float64Array ? 'f64' : 'f32' });
  const sink = memorySink();
  await safetensors.write?.(sink, new Map([['x', writtenTensor(made)]]));
  return openTensors(bytesOf(sink.bytes(), 'floats'));
}

async function valuesAs(values: Float32Array | Float64Array, dtype: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of convertedTensor(await fileOf(values), 'x', dtype).values()) parts.push(piece);
  return new Uint8Array(Buffer.concat(parts));
}

test('what a format has no place for is all said before anything is written', async () => {
  const source = await golden();
  expect(conversionLosses(source, 'gguf')).toEqual([]);
  const losses = conversionLosses(source, 'safetensors');
  expect(losses).toContain("'q8' as Q8_0");
  expect(losses).toContain("'n.u8' of the metadata, which is no text");
  const sink = memorySink();
  await expect(convertTensors(source, 'safetensors', sink)).rejects.toThrow("cannot carry 'q8' as Q8_0; 'q4' as Q4_0;");
  expect(sink.bytes()).toHaveLength(0);
  expect(conversionLosses(source, 'safetensors', { metadata: {}, dtypes: () => 'F32' })).toEqual([
    "'i64', which is I64 and no float, as F32",
    "'vector', which is I8 and no float, as F32",
  ]);
  expect(conversionLosses(source, gguf, { dtypes: (_, { dtype }) => (dtype === 'F16' ? 'Q8_0' : undefined) })).toEqual([
    "'f16' [2, 3] as Q8_0, whose blocks have 32 of the last axis",
  ]);
  await expect(convertTensors(source, 'safetensors-index', sink)).rejects.toThrow('only read');
  await expect(convertTensors(source, 'none', sink)).rejects.toThrow('known are safetensors');
});

test('through every format that carries them, tensors are what they were', async () => {
  const plain = (source: TensorSource): ConvertOptions => ({
    metadata: {},
    dtypes: (name) => (name.startsWith('q') && source.format === 'gguf' ? 'F32' : undefined),
  });
  const first = await golden();
  const expected = await converted(first, 'safetensors', plain(first));
  let source = expected;
  for (const type of ['pytorch', 'npz', 'gguf', 'safetensors'])
    source = await converted(source, type, { metadata: {} });
  expect([...source.tensors.keys()].toSorted()).toEqual([...first.tensors.keys()].toSorted());
  for (const [name, { dtype, shape }] of expected.tensors) {
    expect(source.tensors.get(name)).toMatchObject({ dtype, shape });
    expect(await source.read(name)).toEqual(await expected.read(name));
  }
  const blocks = await first.read('q8');
  expect(await source.read('q8')).toEqual(new Uint8Array(decodeBlocks('Q8_0', blocks).buffer));
});

test('blocks come back out of floats', async () => {
  const source = await golden();
  const floats = await converted(source, 'safetensors', {
    metadata: {},
    dtypes: (name) => (name.startsWith('q') ? 'F32' : undefined),
  });
  const again = await converted(floats, 'gguf', { dtypes: (name) => ({ q8: 'Q8_0', q4: 'Q4_0' })[name] });
  for (const name of ['q8', 'q4']) expect(await again.read(name)).toEqual(await source.read(name));
});

describe('floats as narrower ones', () => {
  const patterns = (array: Uint8Array): number[] => [...new Uint16Array(array.buffer)];
  const edges = [0, -0, 1, -1, 65504, 65519.996, 2 ** -14, 2 ** -24, 2 ** -25, 2 ** -25 * 1.0001, 2 ** -26, 1 / 3, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 6.1e-5, 2047.5, 1e-40, Infinity, -Infinity, NaN]; // prettier-ignore

  test.each(['F16', 'BF16'] as const)('%s is rounded half to even', async (dtype) => {
    const { encode } = dtypes[dtype === 'F16' ? 'f16' : 'bf16'];
    const right = async (values: readonly number[]): Promise<void> => {
      const floats = Float32Array.from(values);
      expect(patterns(await valuesAs(floats, dtype))).toEqual([...floats].map(encode));
    };
    await right(edges);
    await fc.assert(fc.asyncProperty(fc.array(fc.float({ min: -65000, max: 65000, noNaN: true })), right));
  });

  test('what would become infinite is refused by name', async () => {
    await expect(valuesAs(Float32Array.of(1, 65520), 'F16')).rejects.toThrow(
      "'x' holds 65520, which is too large for F16",
    );
    await expect(valuesAs(Float32Array.of(3.4e38), 'BF16')).rejects.toThrow('too large for BF16');
    await expect(valuesAs(Float64Array.of(1e39), 'F32')).rejects.toThrow("'x' holds 1e+39, which is too large for F32");
    await expect(valuesAs(new Float32Array(32).fill(NaN), 'Q4_0')).rejects.toThrow(
      "'x' as Q4_0: encodeBlocks: weight 0",
    );
  });

  test('wider ones are the same numbers', async () => {
    const floats = Float32Array.from(edges);
    expect(new Float64Array((await valuesAs(floats, 'F64')).buffer)).toEqual(Float64Array.from(floats));
    const source = await converted(await fileOf(Float32Array.of(0.5, -2, 65504)), 'safetensors', {
      dtypes: () => 'F16',
    });
    const again = await converted(source, 'safetensors', { dtypes: () => 'BF16' });
    const back = await converted(again, 'safetensors', { dtypes: () => 'F32' });
    expect(new Float32Array((await back.read('x')).buffer)).toEqual(Float32Array.of(0.5, -2, 65536));
    expect(carriedTensor(back, 'x').dtype).toBe('F32');
  });
});
