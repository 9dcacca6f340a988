// Products of few rows with large matrices are cut into units: the same bytes, whoever computes which.
import {
  codebook,
  compile,
  csr,
  encodeMatrix,
  fromTyped,
  int4,
  int8,
  intN,
  tensor,
  type Device,
  type MatrixFormat,
  type Tensor,
} from '@espalier/tensor';
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

test('many rounded rows', async () => {
  const some = Float32Array.from({ length: 299 * columns }, () => random() - 0.5);
  const [one, two] = await Promise.all(
    devices.map(async (device) => {
      const matrix = await encodeMatrix(fromTyped(values, [rows, columns], { device }), intN, { minima: true });
      return fromTyped(some, [299, columns], { device }).matmul(matrix.t(), { activations: 'int8-groups' }).bytes();
    }),
  );
  expect(two).toEqual(one);
});

test.each(['f32', 'int8-groups', 'int16-groups'] as const)(
  'as many rows as there are give what they give alone, with activations of %s',
  async (activations) => {
    const [device] = devices as [Device];
    const rowsOfX = 9;
    const some = Float32Array.from({ length: rowsOfX * columns }, () => random() - 0.5);
    const matrix = await encodeMatrix(fromTyped(values, [rows, columns], { device }), intN, { scales: 'f16' });
    const x = fromTyped(some, [rowsOfX, columns], { device });
    const product = compile((count: Tensor) => x.upTo(0, count).matmul(matrix.t(), { activations }));
    for (const count of [1, 3, 9, 5]) {
      const found = await product(tensor(count, { dtype: 'i32', device })).data();
      const alone = x.slice([0], [count]).matmul(matrix.t(), { activations });
      expect(found).toEqual(await alone.data());
    }
  },
);

test.each(['int8', 'int8-groups', 'int16-groups'] as const)(
  'a matrix that has no kernel for it meets rounded activations of any number of rows: %s',
  async (activations) => {
    const [device] = devices as [Device];
    for (const [rowsOfX, depth] of [
      [1, 20],
      [1, 70],
      [3, 32],
    ] as const) {
      const dense = fromTyped(values.slice(0, depth * 9), [depth, 9], { device });
      const matrix = await encodeMatrix(dense, codebook);
      const x = fromTyped(values.slice(-rowsOfX * depth), [rowsOfX, depth], { device });
      for (let count = 0; count <= rowsOfX; count++) {
        const found = x.upTo(0, tensor(count, { dtype: 'i32', device })).matmul(matrix, { activations });
        const alone = x.slice([0], [count]).matmul(matrix, { activations });
        expect(await found.data()).toEqual(await alone.data());
      }
    }
  },
);

test.each([
  ['int-n', intN],
  ['csr', csr],
] as const)('indices may have a length along any axis, whatever is beside it: %s', async (_, format) => {
  const [device] = devices as [Device];
  const dense = fromTyped(values.slice(0, 6 * 32), [6, 32], { device });
  const matrix = await encodeMatrix(dense, format as MatrixFormat<object>);
  for (const shape of [[1], [3], [1, 1], [1, 3], [3, 1], [2, 3]]) {
    const indices = tensor([4, 0, 5, 2, 1, 3], { dtype: 'i32', device }).slice([], [shape.reduce((a, b) => a * b)]);
    for (const [axis, size] of shape.entries())
      for (let length = 0; length <= size; length++) {
        const some = indices.reshape(shape);
        const found = matrix.take(some.upTo(axis, tensor(length, { dtype: 'i32', device })));
        expect(await found.data()).toEqual(await matrix.take(some.narrow(axis, 0, length)).data());
      }
  }
});
