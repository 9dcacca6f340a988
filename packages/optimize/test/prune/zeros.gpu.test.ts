import { buildOptimizer, crossEntropy, fit, optimizerTypes, tensorDataset, build } from '@espalier/nn';
import { device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { maskOf, prune, quantize, runRecipe } from '../../src/index.ts';
import { perceptron, train } from '../helpers/blobs.ts';

test.each(optimizerTypes)(
  'a masked weight is exactly 0 after training by %s on WebGPU, under rounding too',
  async (type) => {
    const gpu = await device('webgpu');
    const { x, y } = await train.batch(Array.from({ length: 256 }, (_, index) => index));
    const data = tensorDataset(await x.to(gpu), await y.to(gpu));
    const steps = [prune({ sparsity: 0.7, method: 'random' }), quantize()];
    const { model } = await runRecipe(build(perceptron(8), { seed: 2, device: gpu }), steps, { seed: 5 });
    const optimizer = buildOptimizer({ type, lr: 0.1, weightDecay: 0.1 });
    await fit(model, data, { loss: crossEntropy, optimizer, epochs: 2, batchSize: 64, divergence: 'ignore' });
    let zeros = 0;
    for (const parameter of model.parameters()) {
      const kept = (await maskOf(parameter)?.kept()) ?? [];
      const values = await parameter.value.data();
      for (const [index, stays] of kept.entries()) if (stays === 0) zeros += values[index] === 0 ? 1 : NaN;
    }
    expect(zeros).toBe(112);
  },
);
