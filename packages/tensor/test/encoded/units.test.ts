// Products of few rows with large matrices are cut into units: the same bytes, whoever computes which.
import { encodeMatrix, fromTyped, int4, int8, intN, type MatrixFormat } from '@espalier/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cpuDeviceWith } from '../../src/devices/cpu/cpu-device.ts';
import { randomNumbers } from './formats.ts';

const [rows, columns] = [700, 576];
const random = randomNumbers(7);
const values = Float32Array.from({ length: rows * columns }, () => random() - 0.5);
const plain = Float32Array.from({ length: 2 * columns }, () => random() - 0.5);
const foreign = plain.map((value, place) => (place === columns + 5 ? Infinity : value));

// The second asks its threads for every kernel, once they are there.
const devices = [1, 2].map((threads) => cpuDeviceWith({ name: `cpu:${threads}`, threads, maximumBytes: 2 ** 27 }, 0));
beforeAll(() => new Promise((resolve) => setTimeout(resolve, 300)));
afterAll(() => {
  for (const device of devices) device.dispose();
});

test.each([
  ['int8', int8, {}, 'f32'],
  ['int4', int4, { group: 64 }, 'f32'],
  ['int-n', intN, { bits: 5, minima: true }, 'f32'],
  ['int-n, rounded', intN, { scales: 'f16' }, 'int16-groups'],
] as const)('%s', async (_, format, options, activations) => {
  for (const x of [plain, foreign]) {
    const [one, two] = await Promise.all(
      devices.map(async (device) => {
        const dense = fromTyped(values, [rows, columns], { device });
        const matrix = await encodeMatrix(dense, format as MatrixFormat<object>, options);
        const y = fromTyped(x, [2, columns], { device }).matmul(matrix.t(), { activations });
        return y.bytes();
      }),
    );
    expect(two).toEqual(one);
  }
});
