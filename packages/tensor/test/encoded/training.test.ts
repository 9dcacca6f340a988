// The values and the scales of matrices in a format can be trained; what says where values are stays.
import {
  bitmask,
  blockSparse,
  codebook,
  csr,
  encodeMatrix,
  fromTyped,
  gradients,
  int4,
  intN,
  int8,
  matrixFromArrays,
  nOfM,
  noGrad,
  compile,
  tensor,
  type Device,
  type EncodedArray,
  type EncodedMatrix,
  type Encoding,
  type MatrixFormat,
  type MatrixShape,
  type Tensor,
} from '@espalier/tensor';
import { checkGradient, TensorSample } from '@espalier/testing';
import { expect, test } from 'vitest';
import { randomNumbers } from './formats.ts';

const shape: MatrixShape = [5, 19];
const random = randomNumbers(7);
const dense = Float32Array.from({ length: 95 }, () => (random() < 0.4 ? 0 : random() - 0.5));

test.each([
  ['the scales of int8', int8, {}, ['scales']],
  ['one scale of int8', int8, { scales: 'matrix' }, ['scales']],
  ['the scales of int4', int4, { group: 16 }, ['scales']],
  ['the scales of int4 with zero points', int4, { group: 16, zeros: true }, ['scales']],
  ['the scales of three bits', intN, { bits: 3, group: 16 }, ['scales']],
  ['the scales of five bits with zero points', intN, { bits: 5, group: 16, zeros: true }, ['scales']],
  ['the table of a codebook', codebook, {}, ['table']],
  ['the table of a large codebook', codebook, { bits: 8 }, ['table']],
  ['the values of csr', csr, {}, ['values']],
  ['the scales of csr', csr, { values: 'int8' }, ['scales']],
  ['the values of a bitmask', bitmask, {}, ['values']],
  ['the scales of a bitmask', bitmask, { values: 'int8' }, ['scales']],
  ['the values of n-of-m', nOfM, {}, ['values']],
  ['the values of 3 of 8', nOfM, { n: 3, m: 8 }, ['values']],
  ['the scales of n-of-m', nOfM, { values: 'int8' }, ['scales']],
  ['the values of blocks', blockSparse, { height: 2, width: 4 }, ['values']],
  ['the scales of blocks', blockSparse, { values: 'int8' }, ['scales']],
] as [string, MatrixFormat, object, string[]][])(
  '%s have the gradient of a product',
  async (_, format, options, names) => {
    const encoding = format.encode(dense, shape, options);
    const x = (device: Device, count: number): Tensor =>
      fromTyped(
        Float32Array.from({ length: 2 * count }, (_unused, index) => Math.sin(index)),
        [2, count],
        { device },
      );
    const samples = names.map((name) => {
      const { shape: sizes, data } = encoding.arrays[name] as EncodedArray;
      return new TensorSample('f64', sizes, Array.from(data));
    });
    const of = (values: readonly Tensor[]): EncodedMatrix =>
      matrixFromArrays(format, shape, encoding, { device: (values[0] as Tensor).device }).with(
        Object.fromEntries(names.map((name, index) => [name, (values[index] as Tensor).cast('f32')])),
      );
    const close = { tolerance: 1e-4, step: 0.25 };
    await checkGradient((...values) => x(values[0]?.device as Device, 5).matmul(of(values)), samples, close);
    await checkGradient(
      (...values) =>
        of(values)
          .matmul(x(values[0]?.device as Device, 19).t())
          .square(),
      samples,
      close,
    );
  },
);

test('an entry that is there has the gradient of its element, and the dense factor that of the values given', async () => {
  using matrix = await encodeMatrix(tensor([[0, 2, 0], [3, 0, 4]]), csr); // prettier-ignore
  const values = tensor([5, 6, 7]).requiresGradients();
  const x = tensor([[1, 10], [100, 1000]]).requiresGradients(); // prettier-ignore
  const [ofValues, ofX] = gradients(x.matmul(matrix.with({ values })).sum(), [values, x]);
  expect(ofValues.arraySync()).toEqual([101, 1010, 1010]);
  expect(ofX.arraySync()).toEqual([[5, 13], [5, 13]]); // prettier-ignore
});

test('a compiled step trains kept values towards a target, and what is not there stays 0', async () => {
  const target = fromTyped(dense, shape);
  const start: Encoding = csr.encode(
    dense.map((value) => value * 0.5),
    shape,
    {},
  );
  using matrix = matrixFromArrays(csr, shape, start);
  const values = (matrix.arrays['values'] as Tensor).requiresGradients();
  const trained = matrix.with({ values });
  const step = compile((x: Tensor) => {
    const loss = x.matmul(trained).sub(x.matmul(target)).square().mean();
    const [gradient] = gradients(loss, [values]);
    noGrad(() => values.assign(values.sub(gradient.mul(4))));
    return loss;
  });
  const inputs = fromTyped(
    Float32Array.from({ length: 40 }, (_, index) => Math.cos(index * index)),
    [8, 5],
  );
  const first = await step(inputs).item();
  for (let turn = 0; turn < 200; turn++) step(inputs);
  expect(await step(inputs).item()).toBeLessThan(first * 1e-4);
  const found = trained.toDense().dataSync();
  for (const [index, value] of dense.entries()) if (value === 0) expect(found[index]).toBe(0);
});
