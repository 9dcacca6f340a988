// Checkpoints that were saved quantized: the floats that their own programs read, matrices of the engine with the same values, and
// what is written is what was read.
import type { Json } from '@espalier/nn';
import { int8, encodeMatrix, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  decodeWeight,
  dequantizedSource,
  matrixOfWeight,
  openTensors,
  readTensor,
  weightOfMatrix,
  writeAwq,
  writeGptq,
  writePacked,
  type CodedWeight,
  type DequantizedSource,
  type TensorSource,
  type WrittenTensor,
} from '../../src/index.ts';
import { golden } from '../helpers/golden.ts';

type Config = Readonly<Record<string, Json>>;

const packed = (bits: number, group: number | null, symmetric: boolean): Config => ({
  quant_method: 'compressed-tensors',
  format: 'pack-quantized',
  config_groups: { group_0: { targets: ['Linear'], weights: { num_bits: bits, group_size: group, symmetric } } },
});

const files: Readonly<Record<string, Config>> = {
  'gptq-4': { quant_method: 'gptq', bits: 4, group_size: 32, checkpoint_format: 'gptq' },
  'gptq-8': { quant_method: 'gptq', bits: 8, group_size: -1 },
  'gptq-v2': { quant_method: 'gptq', bits: 4, group_size: 16, checkpoint_format: 'gptq_v2' },
  'gptq-order': { quant_method: 'gptq', bits: 4, group_size: 16, desc_act: true },
  awq: { quant_method: 'awq', bits: 4, group_size: 32, version: 'gemm', zero_point: true },
  nf4: { quant_method: 'bitsandbytes', load_in_4bit: true },
  'nf4-nested': { quant_method: 'bitsandbytes', load_in_4bit: true },
  fp4: { quant_method: 'bitsandbytes', load_in_4bit: true },
  int8: { quant_method: 'bitsandbytes', load_in_8bit: true },
  'packed-4': packed(4, 32, true),
  'packed-4-zeros': packed(4, 16, false),
  'packed-8-channel': packed(8, null, true),
};

const fileOf = (name: string): Promise<TensorSource> =>
  openTensors(bytesOf(golden(`quantized/${name}.safetensors`), name));
const open = async (name: string, config?: Config): Promise<DequantizedSource> =>
  dequantizedSource(await fileOf(name), config ?? (files[name] as Config));

describe.each(Object.keys(files))('%s', (name) => {
  test('has the floats that its own program reads', async () => {
    const source = await open(name);
    expect(source.quantized).toEqual(['layer.weight']);
    expect([...source.tensors.keys()].toSorted()).toEqual(['expected', 'layer.weight', 'norm']);
    const [read, expected] = [await readTensor(source, 'layer.weight'), await readTensor(source, 'expected')];
    expect(read.shape).toEqual(expected.shape);
    expect(await read.data()).toEqual(await expected.data());
    expect(await source.read('norm')).toHaveLength(12);
  });
});

test.each(['gptq-4', 'gptq-8', 'gptq-v2', 'awq', 'packed-4', 'packed-4-zeros', 'packed-8-channel'])(
  '%s is a matrix of the same values, and the codes of that are its own',
  async (name) => {
    const source = await open(name);
    const matrix = await source.matrix('layer.weight');
    const dense = await (await readTensor(source, 'layer.weight')).data();
    expect(await matrix.toDense().data()).toEqual(dense);
    expect(decodeWeight(await weightOfMatrix(matrix))).toEqual(dense);
  },
);

async function bytesOfAll(parts: ReadonlyMap<string, WrittenTensor>): Promise<Map<string, unknown>> {
  const all = new Map<string, unknown>();
  for (const [name, { dtype, shape, values }] of parts) {
    const pieces: Uint8Array[] = [];
    for await (const piece of values()) pieces.push(piece);
    all.set(name, { dtype, shape, bytes: new Uint8Array(Buffer.concat(pieces)) });
  }
  return all;
}

const writers: Readonly<Record<string, (weight: CodedWeight) => Map<string, WrittenTensor>>> = {
  'gptq-4': (weight) => writeGptq('layer', weight, { bits: 4, group: 32, offset: 1 }),
  'gptq-8': (weight) => writeGptq('layer', weight, { bits: 8, group: -1, offset: 1 }),
  'gptq-v2': (weight) => writeGptq('layer', weight, { bits: 4, group: 16, offset: 0 }),
  awq: (weight) => writeAwq('layer', weight),
  'packed-4': (weight) => writePacked('layer', weight),
  'packed-4-zeros': (weight) => writePacked('layer', weight),
};

test.each(Object.keys(writers))('%s is written as it was read', async (name) => {
  const file = await fileOf(name);
  const weight = await weightOfMatrix(await (await open(name)).matrix('layer.weight'));
  const written = await bytesOfAll((writers[name] as (weight: CodedWeight) => Map<string, WrittenTensor>)(weight));
  const parts = [...file.tensors.keys()].filter((key) => key.startsWith('layer.'));
  expect([...written.keys()].toSorted()).toEqual(parts.toSorted());
  for (const key of parts)
    expect(written.get(key), key).toEqual({
      dtype: file.tensors.get(key)?.dtype,
      shape: file.tensors.get(key)?.shape,
      bytes: await file.read(key),
    });
});

test('what is not known, or does not fit, is refused by name', async () => {
  await expect(open('awq', { quant_method: 'exl2' })).rejects.toThrow('quant_method is "exl2"; known are gptq, awq');
  await expect(open('awq', { quant_method: 'awq', bits: 4, version: 'gemv' })).rejects.toThrow('version is "gemv"');
  await expect(open('gptq-4', { quant_method: 'gptq', bits: 3 })).rejects.toThrow('bits is 3; 2, 4 and 8 are known');
  await expect(open('packed-4', packed(3, 32, true))).rejects.toThrow('num_bits is 3');
  for (const group of [0, -2, 1.5, 'all'])
    await expect(open('gptq-4', { quant_method: 'gptq', bits: 4, group_size: group })).rejects.toThrow('group_size is');
  const wrong = await open('gptq-4', { quant_method: 'gptq', bits: 4, group_size: 16 });
  await expect(wrong.read('layer.weight')).rejects.toThrow("'layer.qzeros' is I32 [2, 4]; beside the other parts");
  await expect(wrong.read('layer.qzeros')).rejects.toThrow('is a part of a quantized weight');
  await expect((await open('nf4')).matrix('layer.weight')).rejects.toThrow('is no weight of whole codes');
  await expect((await open('gptq-order')).matrix('layer.weight')).rejects.toThrow('do not lie side by side');
});

test('what cannot be written is refused', async () => {
  const weight: CodedWeight = {
    shape: [8, 8],
    bits: 4,
    group: 8,
    codes: new Uint8Array(64),
    scales: new Float32Array(8).fill(0.1),
  };
  expect(() => writeAwq('x', weight)).toThrow('which 16 bits do not hold');
  expect(() => writeAwq('x', { ...weight, bits: 8 })).toThrow('takes weights of 4 bits');
  expect(() => writeGptq('x', { ...weight, shape: [8, 4] }, { bits: 4, group: 8, offset: 1 })).toThrow(
    'does not fill words',
  );
  expect(() => writePacked('x', { ...weight, bits: 3 })).toThrow('1, 2, 4 or 8 bits');
  const other = await encodeMatrix(tensor([[1, 2]]), int8);
  await expect(weightOfMatrix(other)).rejects.toThrow('takes a matrix in int4 or int-n');
  expect(matrixOfWeight(weight).format.name).toBe('int4');
});
