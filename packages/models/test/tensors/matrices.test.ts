// Blocks as matrices of the engine: the same values as tensors have, and the same bits on the way back.
import { bitmask, createCpuDevice, encodeMatrix, int4, int8, intN, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  blockTypeOf,
  encodeBlocks,
  fileDType,
  isMatrixReadable,
  readMatrix,
  readTensor,
  writtenMatrix,
  type TensorSource,
  type WrittenTensor,
} from '../../src/index.ts';
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

const shape = [24, 96];
const weights = kinds(24 * 96)['exponents'] as Float32Array;

describe.each(['Q4_0', 'Q5_0', 'Q8_0'])('%s', (type) => {
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

  test('with codes of any bits is so too', async () => {
    const step = (fileDType(type)?.bits ?? 0) / 8;
    const odd = Uint8Array.from(blocks, (_, index) =>
      index % step === 1 ? 0x3c : index % step === 0 ? 0 : index * 89,
    );
    const matrix = await readMatrix(sourceOf(type, shape, odd), 'x');
    const dense = await readTensor(sourceOf(type, shape, odd), 'x');
    expect(await matrix.toDense().data()).toEqual(await dense.data());
    expect(await bytesOf(writtenMatrix(matrix))).toEqual(odd);
  });

  test('with a scale that is no number is refused by name', async () => {
    const odd = new Uint8Array(blocks);
    odd.set([0, 0x7c], 0);
    const device = createCpuDevice();
    await expect(readMatrix(sourceOf(type, shape, odd), 'x', { device })).rejects.toThrow(
      /memory: at byte 0: 'x': .*scales/u,
    );
    expect(device.memory().buffers).toBe(0);
    device.dispose();
  });
});

test('what no format is equal to is read as a tensor', async () => {
  const blocks = encodeBlocks('Q4_1', weights);
  expect(isMatrixReadable('Q4_1', shape)).toBe(false);
  expect(isMatrixReadable('Q4_0', [2, 3, 32])).toBe(false);
  await expect(readMatrix(sourceOf('Q4_1', shape, blocks), 'x')).rejects.toThrow(
    "'x' is Q4_1 [24, 96]; matrices of Q4_0",
  );
});

test('matrices of the engine are written where a type of block is equal to them', async () => {
  const dense = tensor(weights).reshape(shape);
  const own = await encodeMatrix(dense, intN, { bits: 4, scales: 'f16' });
  const read = await readMatrix(sourceOf('Q4_0', shape, await bytesOf(writtenMatrix(own))), 'x');
  expect(read.format.name).toBe('int4');
  expect(await read.toDense().data()).toEqual(await own.toDense().data());
  for (const other of [
    await encodeMatrix(dense, int8),
    await encodeMatrix(dense, bitmask),
    await encodeMatrix(dense, int4, { group: 16 }),
    await encodeMatrix(dense, int4, { zeros: true }),
    await encodeMatrix(dense, intN, { bits: 3, scales: 'f16' }),
    await encodeMatrix(dense.slice([], [24, 40]), int4),
    own.t(),
  ])
    expect(() => writtenMatrix(other)).toThrow('is equal to no type of block');
  const wide = writtenMatrix(await encodeMatrix(dense, int4));
  await expect(bytesOf(wide)).rejects.toThrow('which 16 bits do not hold');
});
