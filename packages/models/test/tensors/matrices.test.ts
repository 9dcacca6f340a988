// Blocks as matrices of the engine: the same values as tensors have, and the same bits on the way back.
import { bitmask, createCpuDevice, encodeMatrix, int4, int8, intN, tensor, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  blockTypeOf,
  blockTypes,
  encodeBlocks,
  fileDType,
  isMatrixReadable,
  readMatrix,
  readTensor,
  writtenMatrix,
  type TensorSource,
  type WrittenTensor,
} from '../../src/index.ts';
import type { BlockType } from '../../src/blocks/block.ts';
import { blockType } from '../../src/blocks/table.ts';
import { kinds } from '../blocks/weights.ts';

function sourceOf(dtype: string, shape: readonly number[], bytes: Uint8Array): TensorSource {
  return {
    format: 'test',
    name: 'memory',
    tensors: new Map([['x', { dtype, shape, bytes: bytes.length }]]),
    ties: new Map(),
    metadata: {},
    read: async (_, range) => new Uint8Array(bytes.slice(range?.begin, range?.end)),
    close: async () => undefined,
  };
}

async function bytesOf(written: WrittenTensor): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of written.values()) parts.push(piece);
  return new Uint8Array(Buffer.concat(parts));
}

const shape = [6, 512];
const weights = kinds(6 * 512)['exponents'] as Float32Array;

describe.each(blockTypes)('%s', (type) => {
  const blocks = encodeBlocks(type, weights);

  test('is a matrix of the same values, and the same bits again', async () => {
    expect(isMatrixReadable(type, shape)).toBe(true);
    const matrix = await readMatrix(sourceOf(type, shape, blocks), 'x');
    const dense = await readTensor(sourceOf(type, shape, blocks), 'x');
    expect(await matrix.toDense().data()).toEqual(await dense.data());
    expect(blockTypeOf(matrix)).toBe(type);
    const written = writtenMatrix(matrix);
    expect(written).toMatchObject({ dtype: type, shape, bytes: blocks.length });
    expect(await bytesOf(written)).toEqual(blocks);
  });

  test('with any bits is so too, and multiplied as what they mean', async () => {
    const random = fc.sample(fc.uint8Array({ minLength: blocks.length, maxLength: blocks.length }), 5);
    for (const bytes of random) {
      const odd = new Uint8Array(bytes);
      finiteScales(type, odd);
      const matrix = await readMatrix(sourceOf(type, shape, odd), 'x');
      const dense = await readTensor(sourceOf(type, shape, odd), 'x');
      expect(await matrix.toDense().data()).toEqual(await dense.data());
      expect(await bytesOf(writtenMatrix(matrix))).toEqual(odd);
      const rows = tensor([3, 0, 5], { dtype: 'i32' });
      expect(await matrix.take(rows).data()).toEqual(await dense.take(rows).data());
      const x = tensor(weights.map(Math.sin)).reshape(shape);
      for (const count of [1, 6]) {
        const some = x.slice([0], [count]);
        const [found, wanted] = [some.matmul(matrix.t()), some.matmul(dense.t())];
        const size = await some.abs().matmul(dense.abs().t()).max().item();
        expect(await found.sub(wanted).abs().max().item()).toBeLessThanOrEqual(1e-5 * size);
      }
    }
  });

  test('with a scale that is no number is refused by name', async () => {
    const odd = new Uint8Array(blocks);
    const { scales } = blockType(type) as BlockType;
    if (scales.length > 0) odd.set([0, 0x7c], scales.at(-1));
    else odd[0] = 255;
    const device = createCpuDevice();
    await expect(readMatrix(sourceOf(type, shape, odd), 'x', { device })).rejects.toThrow(
      /memory: at byte 0: 'x': .*(scales|steps|minima|minimumSteps)\[/iu,
    );
    expect(device.memory().buffers).toBe(0);
    device.dispose();
  });
});

/** Makes scales finite that are not. */
function finiteScales(type: string, bytes: Uint8Array): void {
  const step = (fileDType(type)?.bits ?? 0) / 8;
  const { scales } = blockType(type) as BlockType;
  for (let at = 0; at < bytes.length; at += step) {
    for (const scale of scales) bytes[at + scale + 1] = (bytes[at + scale + 1] as number) & 0xbf;
    if (scales.length === 0) bytes[at] = (bytes[at] as number) % 240;
  }
}

test('what no format is equal to is read as a tensor', async () => {
  const blocks = encodeBlocks('Q4_1', weights);
  expect(isMatrixReadable('F16', shape)).toBe(false);
  expect(isMatrixReadable('Q4_0', [2, 3, 32])).toBe(false);
  await expect(readMatrix(sourceOf('F16', [6, 10], blocks.slice(0, 120)), 'x')).rejects.toThrow(
    "'x' is F16 [6, 10]; matrices of Q4_0",
  );
});

test('matrices of the engine are written where a type of block is equal to them', async () => {
  const dense = tensor(weights).reshape(shape);
  const own = await encodeMatrix(dense, intN, { bits: 4, scales: 'f16' });
  const read = await readMatrix(sourceOf('Q4_0', shape, await bytesOf(writtenMatrix(own))), 'x');
  expect(await read.toDense().data()).toEqual(await own.toDense().data());
  expect(blockTypeOf(await encodeMatrix(dense, intN, { bits: 5, minima: true }))).toBe('Q5_1');
  for (const other of [
    await encodeMatrix(dense, int8),
    await encodeMatrix(dense, bitmask),
    await encodeMatrix(dense, int4, { group: 16 }),
    await encodeMatrix(dense, int4, { zeros: true }),
    await encodeMatrix(dense, intN, { bits: 3, scales: 'f16' }),
    await encodeMatrix(dense.slice([], [6, 40]), int4),
    own.t(),
  ])
    expect(() => writtenMatrix(other)).toThrow('is equal to no type of block');
  const wide = writtenMatrix(await encodeMatrix(dense, int4));
  await expect(bytesOf(wide)).rejects.toThrow('which 16 bits do not hold');
});

test('tables and codes of scales that a type does not have are refused as they are written', async () => {
  const table = await readMatrix(sourceOf('IQ4_NL', shape, encodeBlocks('IQ4_NL', weights)), 'x');
  const other = table.with({ table: (table.arrays['table'] as Tensor).mul(0).cast('i8') });
  await expect(bytesOf(writtenMatrix(other))).rejects.toThrow('that of IQ4_NL is [-127, -104,');
  const codes = await readMatrix(sourceOf('Q4_K', shape, encodeBlocks('Q4_K', weights)), 'x');
  const negative = codes.with({ scales: (codes.arrays['scales'] as Tensor).mul(0).sub(1).cast('i8') });
  await expect(bytesOf(writtenMatrix(negative))).rejects.toThrow('those of Q4_K are from 0 to 63');
});
