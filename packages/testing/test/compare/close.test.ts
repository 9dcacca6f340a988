import { createReferenceDevice, tensor } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { allclose, expectClose, TensorSample } from '@espalier/testing';

const device = createReferenceDevice('close');

test('tensors, samples, arrays and nested numbers compare with one another', async () => {
  using made = tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { device },
  );
  expect(
    await allclose(made, [
      [1, 2],
      [3, 4],
    ]),
  ).toBe(true);
  expect(await allclose(made, new TensorSample('f32', [2, 2], [1, 2, 3, 4]))).toBe(true);
  expect(await allclose(Float32Array.of(1, 2, 3, 4), made)).toBe(true);
  expect(
    await allclose(made, [
      [1, 2],
      [3, 5],
    ]),
  ).toBe(false);
});

test('the bound follows the coarser dtype', async () => {
  const half = new TensorSample('f16', [1], [1.001]);
  expect(await allclose(half, new TensorSample('f32', [1], [1]))).toBe(true);
  expect(await allclose(new TensorSample('f64', [1], [1.001]), [1])).toBe(false);
});

test('the error shows shapes, or the first and worst element', async () => {
  await expect(
    expectClose(new TensorSample('f32', [2], [1, 2]), new TensorSample('f32', [2, 1], [1, 2])),
  ).rejects.toThrow('actual has shape [2], expected [2, 1]');
  await expect(expectClose([1, 2, 3], [1, 2, 4])).rejects.toThrow('first at [2]: actual 3, expected 4, error 1');
});
