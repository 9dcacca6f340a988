import { tensorDataset } from '@espalier/nn';
import { device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { copyModel, distill, packWeights, prune, quantize, runRecipe, strip, together } from '../../src/index.ts';
import { train, trained } from '../helpers/blobs.ts';

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
