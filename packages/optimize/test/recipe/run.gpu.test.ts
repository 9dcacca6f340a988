import { tensorDataset } from '@espalier/nn';
import { device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import {
  copyModel,
  distill,
  maskOf,
  packWeights,
  prune,
  quantize,
  runRecipe,
  strip,
  together,
} from '../../src/index.ts';
import { train, trained } from '../helpers/blobs.ts';

test.each(['taylor', 'fisher', 'movement', 'wanda'] as const)(
  'pruning by %s on WebGPU drops the weights that it drops on the processor',
  async (method) => {
    const gpu = await device('webgpu');
    const rows = Array.from({ length: 128 }, (_, index) => index);
    const { x, y } = await train.batch(rows);
    const step = prune({
      sparsity: 0.5,
      method,
      schedule: { shape: 'one-shot', begin: 0.5 },
      train: { epochs: 2, batchSize: 64, optimizer: { type: 'sgd', lr: 0.1 } },
    });
    const masks = await Promise.all(
      [x.device, gpu].map(async (where) => {
        const data = { train: tensorDataset(await x.to(where), await y.to(where)) };
        const { model } = await runRecipe(await copyModel(await trained(), { device: where }), [step], { data });
        return Promise.all(model.parameters().map(async (parameter) => [...((await maskOf(parameter)?.kept()) ?? [])]));
      }),
    );
    const [here, there] = masks.map((each) => each.flat());
    expect(there?.filter((kept) => kept === 0)).toHaveLength(320);
    // Scores that are nearly the same may rank either way.
    expect(there?.filter((kept, index) => kept !== here?.[index]).length).toBeLessThanOrEqual(4);
  },
);

test('a recipe on WebGPU gives a model whose file, read on the processor, computes the same', async () => {
  const gpu = await device('webgpu');
  const { x, y } = await train.batch(Array.from({ length: 256 }, (_, index) => index));
  const data = { train: tensorDataset(await x.to(gpu), await y.to(gpu)) };
  const model = await copyModel(await trained(), { device: gpu });
  const training = { epochs: 1, batchSize: 64 };
  const steps = [
    together(prune({ sparsity: 0.8, schedule: 'cubic', train: training }), distill({ temperature: 2 })),
    quantize({ calibrate: true }),
  ];
  const { model: small } = await runRecipe(model, steps, { data });
  const here = await copyModel(small, { device: x.device });
  expect((await packWeights(here)).tensors).toEqual((await packWeights(small)).tensors);
  const [cpuLogits, gpuLogits] = [await here.forward(x).data(), await small.forward(await x.to(gpu)).data()];
  for (const [index, value] of cpuLogits.entries()) expect(gpuLogits[index]).toBeCloseTo(value, 3);
  expect(await (await strip(small)).forward(await x.to(gpu)).data()).toEqual(gpuLogits);
});
