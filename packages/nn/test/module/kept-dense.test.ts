/** Small weights in a format run dense where the device says that this is faster, from a copy that is made once. */
import {
  bitmask,
  chooseKernel,
  compile,
  createCpuDevice,
  csr,
  encodeMatrix,
  int8,
  memory,
  mostKeptDense,
  randn,
  tensor,
  type Tensor,
} from '@espalier/tensor';
import { expect, test } from 'vitest';
import { build, summary, type Parameter } from '../../src/index.ts';

const device = createCpuDevice({ name: 'cpu of kept weights' });
const weightOf = (model: ReturnType<typeof build>): Parameter => model.namedParameters().get('weight') as Parameter;

test('a small convolution in a format keeps its dense weight, computes the same, and counts its bytes', async () => {
  const model = build({ type: 'conv2d', in: 2, out: 4, kernel: 3 }, { seed: 3, device });
  const weight = weightOf(model);
  const x = randn([2, 2, 6, 5], { device });
  const wanted = await model.forward(x).data();
  const matrix = await encodeMatrix(weight.tensor.detach().reshape(4, 18), csr);
  weight.store({ matrix });
  expect(weight.bytes).toBe(matrix.bytes);
  expect(await model.forward(x).data()).toEqual(wanted);
  expect(weight.stored?.matrix).toBe(matrix);
  expect(weight.bytes).toBe(matrix.bytes + 72 * 4);
  const before = memory(device);
  const again = model.forward(x);
  expect(await again.data()).toEqual(wanted);
  again.dispose();
  expect(memory(device)).toEqual(before);
});

test('a step that is recorded first captures the copy, and a summary makes none', async () => {
  const model = build({ type: 'linear', in: 6, out: 4 }, { seed: 3, device });
  const weight = weightOf(model);
  const x = randn([2, 6], { device });
  const wanted = await model.forward(x).data();
  const matrix = await encodeMatrix(weight.tensor.detach(), csr);
  weight.store({ matrix });
  expect(summary(model, [6]).macs).toBe(24);
  expect(weight.bytes).toBe(matrix.bytes);
  const step = compile((input: Tensor) => model.forward(input));
  for (let turn = 0; turn < 3; turn++) expect(await step(x).data()).toEqual(wanted);
  expect(weight.bytes).toBe(matrix.bytes + 24 * 4);
});

test('a finite row is the same with either kernel; what is not finite meets the zeros of a dense copy, and else only entries', async () => {
  const matrix = await encodeMatrix(tensor([[1, 0, 2], [0, 3, 0]], { device }), csr); // prettier-ignore
  const x = tensor([[1, 2, 3], [Infinity, 1, 1], [NaN, 1, 1]], { device }); // prettier-ignore
  expect(await x.matmul(matrix.t()).array()).toEqual([[7, 6], [Infinity, 3], [NaN, 3]]); // prettier-ignore
  expect(chooseKernel(matrix, { rows: 3 }).kernel).toBe('dense');
  const model = build({ type: 'linear', in: 3, out: 2, bias: false }, { seed: 3, device });
  weightOf(model).store({ matrix });
  expect(await model.forward(x).array()).toEqual([[7, 6], [Infinity, NaN], [NaN, NaN]]); // prettier-ignore
});

test('what is chosen depends on density, rows and windows, and large weights stay as they are stored', async () => {
  const sparse = randn([64, 1024], { device });
  const thin = await encodeMatrix(sparse.where(sparse.gt(1.6), 0), csr);
  const thick = await encodeMatrix(sparse, bitmask);
  expect(chooseKernel(thin, { rows: 64 })).toMatchObject({ kernel: 'own', reason: expect.stringContaining('<') });
  expect(chooseKernel(thick, { rows: 64 })).toMatchObject({ kernel: 'dense', reason: expect.stringContaining('≥') });
  const codes = await encodeMatrix(sparse, int8);
  expect(chooseKernel(codes, { rows: 49, windows: true }).kernel).toBe('dense');
  const large = await encodeMatrix(randn([mostKeptDense / 64 + 1, 64], { device }), int8);
  expect(chooseKernel(large, { rows: 49, windows: true }).kernel).toBe('own');
});
