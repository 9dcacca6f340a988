/** Weights that are stored in a format: modules compute from them, and they become dense when they are to be trained. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  codebook,
  compile,
  createReferenceDevice,
  csr,
  encodeMatrix,
  gradients,
  int4,
  int8,
  nOfM,
  randn,
  tensor,
  withDevice,
  type MatrixFormat,
  type Tensor,
} from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { Adam, build, cloneModel, type Module, type ModuleConfig, type Parameter } from '../../src/index.ts';
import { saveModel } from '../../src/node/index.ts';

const device = createReferenceDevice('stored weights');
const formats = { int8, csr } as unknown as Readonly<Record<string, MatrixFormat>>;

const linear: ModuleConfig = { type: 'linear', in: 7, out: 5 };
const conv = (more: object): ModuleConfig => ({ type: 'conv2d', in: 2, out: 4, kernel: [3, 2], ...more });
const layers: readonly (readonly [string, ModuleConfig, number[]])[] = [
  ['linear', linear, [3, 7]],
  ['linear of a batch of rows', { ...linear, bias: false }, [2, 3, 7]],
  ['conv2d', conv({ padding: [1, 2], stride: [2, 1] }), [2, 2, 6, 5]],
  ['conv2d same, dilated', conv({ padding: 'same', dilation: 2, bias: false }), [1, 2, 7, 8]],
  ['conv2d in groups', conv({ groups: 2 }), [2, 2, 6, 5]],
];

async function store(parameter: Parameter, format: MatrixFormat): Promise<void> {
  const [rows = 1] = parameter.shape;
  parameter.store({ matrix: await encodeMatrix(parameter.tensor.detach().reshape(rows, -1), format) });
}

async function largestDifference(a: Tensor, b: Tensor): Promise<number> {
  expect(a.shape).toEqual(b.shape);
  return a.sub(b).abs().max().item();
}

const made = (config: ModuleConfig): Module => withDevice(device, () => build(config, { seed: 3 }));
const weightOf = (model: Module): Parameter => model.namedParameters().get('weight') as Parameter;

describe.each(Object.entries(formats))('in %s', (_, format) => {
  test.each(layers)('%s computes as from the dense values it stands for', async (_name, config, shape) => {
    const model = made(config);
    await store(weightOf(model), format);
    const plain = made(config);
    plain
      .namedParameters()
      .get('bias')
      ?.tensor.assign(randn([plain.namedParameters().get('bias')?.size ?? 1], { device }));
    model
      .namedParameters()
      .get('bias')
      ?.tensor.assign(plain.namedParameters().get('bias')?.tensor.detach() as Tensor);
    weightOf(plain).tensor.assign(weightOf(model).value.detach());
    const x = randn(shape, { device }).requiresGradients();
    const [y, wanted] = [model.forward(x), plain.forward(x)];
    expect(weightOf(model).stored).toBeDefined();
    expect(await largestDifference(y, wanted)).toBeLessThan(1e-5);
    const [own] = gradients(y.square().sum(), [x]);
    const [same] = gradients(wanted.square().sum(), [x]);
    expect(await largestDifference(own, same)).toBeLessThan(1e-4);
  });
});

test.each(Object.entries({ ...formats, int4, codebook, nOfM } as unknown as typeof formats))(
  'an embedding in %s looks up the rows of the values it stands for',
  async (_, format) => {
    const model = made({ type: 'embedding', count: 9, size: 6 });
    await store(weightOf(model), format);
    const indices = tensor([[0, 8], [3, 3]], { dtype: 'i32', device }); // prettier-ignore
    const found = model.forward(indices);
    expect(found.shape).toEqual([2, 2, 6]);
    expect(await found.data()).toEqual(await weightOf(model).value.take(indices).data());
    expect(weightOf(model).stored).toBeDefined();
  },
);

test('a stored weight takes its own bytes, and tells its shape, dtype and device', async () => {
  const model = made(linear);
  const weight = weightOf(model);
  await store(weight, int8);
  expect([weight.shape, weight.dtype, weight.size, weight.bytes]).toEqual([[5, 7], 'f32', 35, 35 + 5 * 4]);
  expect(weight.device).toBe(device);
});

test('becomes dense, with the views it tells, when its tensor is asked for', async () => {
  const weight = weightOf(made(linear));
  const matrix = await encodeMatrix(weight.tensor.detach(), int8);
  const shown = await matrix.toDense().data();
  const views = (dense: Tensor): [{ name: string; apply: (tensor: Tensor) => Tensor }] => [
    { name: `of [${dense.shape.join()}]`, apply: (raw) => raw.mul(2) },
  ];
  weight.store({ matrix, views });
  expect(await weight.value.data()).toEqual(shown);
  expect(await weight.tensor.data()).toEqual(shown);
  expect(weight.stored).toBeUndefined();
  expect(weight.views.map(({ name }) => name)).toEqual(['of [5,7]']);
  expect(await weight.value.data()).toEqual(shown.map((value) => value * 2));
  expect(matrix.isDisposed).toBe(true);
});

test('a copy of a model holds it in its format', async () => {
  const model = made(linear);
  await store(weightOf(model), csr);
  const copy = await cloneModel(model);
  expect(weightOf(copy).stored?.matrix.format).toBe(csr);
  expect(weightOf(model).stored).toBeDefined();
  const x = randn([2, 7], { device });
  expect(await copy.forward(x).data()).toEqual(await model.forward(x).data());
  copy.dispose();
  expect(await largestDifference(model.forward(x), model.forward(x))).toBe(0);
});

test('what is frozen stays in its format when the rest is trained', async () => {
  const model = made(linear);
  await store(weightOf(model), int8);
  weightOf(model).trainable = false;
  const optimizer = new Adam({ lr: 0.1 }).attach(model.namedParameters());
  const loss = model
    .forward(randn([4, 7], { device }))
    .square()
    .sum();
  optimizer.step(gradients(loss, optimizer.parameters));
  expect(weightOf(model).stored).toBeDefined();
});

test('a matrix of another shape is a ShapeError, a file of plain values refuses it', async () => {
  const model = made(linear);
  const folder = await mkdtemp(join(tmpdir(), 'espalier-stored-'));
  try {
    await store(weightOf(model), int8);
    await expect(saveModel(folder, model)).rejects.toThrow('weight (int8)');
    const other = await encodeMatrix(randn([7, 5], { device }), int8);
    expect(() => weightOf(model).store({ matrix: other })).toThrow(
      'a matrix [7, 5] cannot stand for a parameter [5, 7]; it must be [5, 7]',
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a step that was compiled with a stored weight refuses to run when that became dense: it would go on with old values', async () => {
  const model = made(linear);
  await store(weightOf(model), int8);
  const copy = await cloneModel(model);
  const x = randn([2, 7], { device });
  const step = compile((input: Tensor) => model.call(input));
  const before = await step(x).array();
  const lazy = model.call(x);
  weightOf(model).tensor.assign(randn([5, 7], { device }));
  expect(() => step(x)).toThrow('a tensor that the step captured was disposed');
  expect([await lazy.array(), await copy.call(x).array()]).toEqual([before, before]);
  expect(weightOf(copy).stored?.matrix.isDisposed).toBe(false);
  for (const parameter of model.parameters()) parameter.dispose();
  expect(await copy.call(x).array()).toEqual(before);
});

test('what is no matrix in a format is not stored', () => {
  const weight = weightOf(made(linear));
  for (const wrong of [undefined, null, {}, { matrix: randn([5, 7]) }])
    expect(() => weight.store(wrong as never)).toThrow('store: weight is');
  expect(weight.stored).toBeUndefined();
});
