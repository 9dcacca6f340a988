/** Weights in a format run dense where the device says that this is faster and there is memory for it, from a copy that is made once. */
import {
  bitmask,
  chooseKernel,
  compile,
  createCpuDevice,
  csr,
  encodeMatrix,
  int8,
  memory,
  randn,
  tensor,
  uniform,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { whereDenseIsFaster } from '../helpers/dear-formats.ts';
import { build, prefer, summary, type Module, type Parameter, type Preference } from '../../src/index.ts';

const device = createCpuDevice({ name: 'cpu of kept weights' });
const dear = whereDenseIsFaster(createCpuDevice({ name: 'cpu of dear formats' }));

const weightOf = (model: ReturnType<typeof build>): Parameter => model.namedParameters().get('weight') as Parameter;

test('a small convolution in a format keeps its dense weight, computes the same, and counts its bytes', async () => {
  const model = build({ type: 'conv2d', in: 2, out: 4, kernel: 3 }, { seed: 3, device: dear });
  const weight = weightOf(model);
  const x = randn([2, 2, 6, 5], { device: dear });
  const wanted = await model.forward(x).data();
  const matrix = await encodeMatrix(weight.tensor.detach().reshape(4, 18), csr);
  weight.store({ matrix }).mayKeepDense = true;
  expect(weight.bytes).toBe(matrix.bytes);
  expect(await model.forward(x).data()).toEqual(wanted);
  expect(weight.stored?.matrix).toBe(matrix);
  expect(weight.bytes).toBe(matrix.bytes + 72 * 4);
  const before = memory(dear);
  const again = model.forward(x);
  expect(await again.data()).toEqual(wanted);
  again.dispose();
  expect(memory(dear)).toEqual(before);
});

test('a step that is recorded first captures the copy, and a summary makes none', async () => {
  const model = build({ type: 'linear', in: 6, out: 4 }, { seed: 3, device: dear });
  const weight = weightOf(model);
  const x = randn([2, 6], { device: dear });
  const wanted = await model.forward(x).data();
  const matrix = await encodeMatrix(weight.tensor.detach(), csr);
  weight.store({ matrix }).mayKeepDense = true;
  expect(summary(model, [6]).macs).toBe(24);
  expect(weight.bytes).toBe(matrix.bytes);
  const step = compile((input: Tensor) => model.forward(input));
  for (let turn = 0; turn < 3; turn++) expect(await step(x).data()).toEqual(wanted);
  expect(weight.bytes).toBe(matrix.bytes + 24 * 4);
});

test('a finite row is the same with either kernel; what is not finite meets the zeros of a dense copy, and else only entries', async () => {
  const matrix = await encodeMatrix(tensor([[1, 0, 2], [0, 3, 0]], { device: dear }), csr); // prettier-ignore
  const x = tensor([[1, 2, 3], [Infinity, 1, 1], [NaN, 1, 1]], { device: dear }); // prettier-ignore
  expect(await x.matmul(matrix.t()).array()).toEqual([[7, 6], [Infinity, 3], [NaN, 3]]); // prettier-ignore
  expect(chooseKernel(matrix, { rows: 3 }).kernel).toBe('dense');
  const model = build({ type: 'linear', in: 3, out: 2, bias: false }, { seed: 3, device: dear });
  weightOf(model).store({ matrix }).mayKeepDense = true;
  expect(await model.forward(x).array()).toEqual([[7, 6], [Infinity, NaN], [NaN, NaN]]); // prettier-ignore
});

test('what is chosen depends on density, rows, windows and memory, and says with which figures', async () => {
  const sparse = randn([64, 1024], { device });
  const thin = await encodeMatrix(sparse.where(sparse.gt(1.6), 0), csr);
  const thick = await encodeMatrix(sparse, bitmask);
  const own = chooseKernel(thin, { rows: 64 });
  expect(own).toMatchObject({ kernel: 'own', reason: expect.stringContaining('<') });
  expect(own.microseconds?.own).toBeLessThan(own.microseconds?.dense ?? 0);
  expect(own.crossover).toBeGreaterThan(thin.density);
  const dense = chooseKernel(thick, { rows: 64 });
  expect(dense).toMatchObject({ kernel: 'dense', reason: expect.stringContaining('≥') });
  expect(dense.crossover).toBeLessThanOrEqual(1);
  const small = chooseKernel(thick, { rows: 64, mayKeepDense: false });
  expect(small).toEqual({
    ...dense,
    kernel: 'own',
    reason: expect.stringMatching(/^dense would be .* times the memory/u),
  });
  const codes = await encodeMatrix(sparse, int8);
  expect(chooseKernel(codes, { rows: 49, windows: true }).kernel).toBe('dense');
});

test('the density is below the crossover wherever the arrays are no slower, whatever the shape', async () => {
  const size = fc.integer({ min: 1, max: 90 });
  await fc.assert(
    fc.asyncProperty(
      size,
      size,
      fc.integer({ min: 1, max: 70 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (width, depth, rows, share) => {
        const values = uniform([width, depth], { low: 0, high: 1 }, { device });
        const matrix = await encodeMatrix(values.where(values.lt(share), 0), csr);
        const {
          kernel,
          crossover = NaN,
          microseconds: { own, dense } = { own: NaN, dense: NaN },
        } = chooseKernel(matrix, { rows });
        expect(kernel).toBe(own <= dense ? 'own' : 'dense');
        if (crossover > 0 && own !== dense) expect(matrix.density < crossover).toBe(own < dense);
      },
    ),
  );
});

test('a model in balance keeps its smallest weights dense, and a large one no more than a tenth of its bytes', async () => {
  const small = build({ type: 'linear', in: 64, out: 64 }, { seed: 1, device });
  const many = build({ type: 'sequential', layers: Array.from({ length: 40 }, () => ({ type: 'linear', in: 256, out: 256 })) }, { seed: 1, device }); // prettier-ignore
  for (const model of [small, many])
    for (const [name, parameter] of model.namedParameters())
      if (name.endsWith('weight')) parameter.store({ matrix: await encodeMatrix(parameter.tensor.detach(), bitmask) });
  const bytesOf = (model: Module): number => model.parameters().reduce((sum, { bytes }) => sum + bytes, 0);
  const grown = async (model: Module, preference: Preference): Promise<number> => {
    const before = bytesOf(model);
    prefer(model, preference);
    await model.call(randn([64, model === small ? 64 : 256], { device })).data();
    const after = bytesOf(model);
    prefer(model, 'memory');
    expect(bytesOf(model)).toBe(before);
    return after / before;
  };
  expect(await grown(small, 'memory')).toBe(1);
  expect(await grown(small, 'balance')).toBeGreaterThan(1.5);
  expect(await grown(many, 'memory')).toBe(1);
  expect(await grown(many, 'balance')).toBeGreaterThan(1);
  expect(await grown(many, 'balance')).toBeLessThan(1.15);
  expect(await grown(many, 'speed')).toBeGreaterThan(1.5);
});

test('arrays whose dense copy is kept are not assigned to: the copy would go on with the old values', async () => {
  const model = build({ type: 'linear', in: 6, out: 4 }, { seed: 3, device: dear });
  const weight = weightOf(model);
  const matrix = await encodeMatrix(weight.tensor.detach(), csr);
  const { values } = matrix.arrays as { readonly values: Tensor };
  weight.store({ matrix });
  values.assign(values.mul(2));
  weight.mayKeepDense = true;
  await model.forward(randn([2, 6], { device: dear })).data();
  expect(() => values.assign(values.mul(2))).toThrow(/'values' of a matrix in csr that a dense copy is kept of/);
});
