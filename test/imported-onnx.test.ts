// A model that came from ONNX is fine-tuned, pruned, quantized, shrunk, saved, loaded and sent back as any other is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf, exportOnnx, importOnnx, memorySink, type OnnxModule } from '@espalier/models';
import { Adam, build, crossEntropy, fit, predict, tensorDataset, type Module } from '@espalier/nn';
import { loadModel, saveModel } from '@espalier/nn/node';
import { encode, prune, quantize, runRecipe, shrink, type Step } from '@espalier/optimize';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { Generator, randn, tensor, type Tensor } from '@espalier/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'espalier-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const generator = new Generator(3);
const count = 48;
const images = randn([count, 1, 8, 8], { generator }).realizeSync();
const labels = tensor(
  Array.from({ length: count }, (_, index) => index % 3),
  { dtype: 'i32' },
);
const data = tensorDataset(images, labels);

const network = {
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 1, out: 8, kernel: 3, padding: 1 },
    { type: 'batch-norm', features: 8 },
    { type: 'relu' },
    {
      type: 'residual',
      body: { type: 'sequential', layers: [{ type: 'conv2d', in: 8, out: 8, kernel: 1 }, { type: 'silu' }] },
    },
    { type: 'max-pool2d', size: 2 },
    { type: 'conv2d', in: 8, out: 12, kernel: 3 },
    { type: 'global-avg-pool' },
    { type: 'linear', in: 12, out: 16 },
    { type: 'gelu' },
    { type: 'linear', in: 16, out: 3 },
  ],
};

const apart = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().itemSync();

async function sentBack(module: Module): Promise<OnnxModule> {
  const sink = memorySink();
  await exportOnnx(module, sink, { input: [1, 8, 8] });
  return importOnnx(bytesOf(sink.bytes()));
}

let imported: OnnxModule;
beforeAll(async () => {
  imported = await sentBack(build(network, { seed: 1 }));
});

test('training moves it, and it is predicted with in batches', async () => {
  const loss = (): number => crossEntropy(imported.call(images), labels).itemSync();
  const before = loss();
  await fit(imported, data, {
    loss: crossEntropy,
    optimizer: new Adam({ lr: 0.01 }),
    epochs: 6,
    batchSize: 16,
    seed: 1,
  });
  expect(loss()).toBeLessThan(before);
  expect(imported.training).toBe(false);
  const predicted = await predict(imported, data, { batchSize: 20 });
  expect(apart(predicted, imported.call(images))).toBeLessThan(1e-5);
});

test('a folder holds it, without the file that it came from', async () => {
  const place = join(folder, 'plain');
  await saveModel(place, imported);
  const { module } = await loadModel(place);
  expect(apart(module.call(images), imported.call(images))).toBe(0);
});

const recipes: readonly (readonly [string, () => readonly Step[], number])[] = [
  ['pruned', () => [prune({ sparsity: 0.5 })], 1],
  ['quantized', () => [quantize()], 1],
  ['encoded', () => [encode({ format: 'int4' })], 1],
  ['shrunk', () => [shrink({ ratio: 0.5 })], 0.6],
];

const sizeOf = (module: Module): number =>
  module.parameters().reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

test.each(recipes)('%s, saved, loaded, and sent back', async (name, steps, share) => {
  const { model } = await runRecipe(imported, steps(), {
    data: { train: data, validate: data },
    loss: crossEntropy,
    seed: 1,
  });
  expect(sizeOf(model)).toBeLessThanOrEqual(sizeOf(imported) * share);
  const place = join(folder, name);
  await saveOptimized(place, model);
  const { model: loaded } = await loadOptimized(place);
  const y = loaded.call(images);
  expect(apart(y, model.call(images))).toBeLessThan(1e-5);
  expect(apart((await sentBack(loaded)).call(images), y)).toBeLessThan(1e-4);
});
