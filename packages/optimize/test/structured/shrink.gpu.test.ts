import { build, tensorDataset } from '@espalier/nn';
import { device, Generator, randint, randn } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { copyModel, dropLayers, runRecipe, shrink } from '../../src/index.ts';

test('cutting on WebGPU gives the model that it gives on the processor', async () => {
  const gpu = await device('webgpu');
  const conv = (from: number, out: number) => ({ type: 'conv2d', in: from, out, kernel: 3, padding: 1 });
  const body = { type: 'sequential', layers: [conv(8, 12), { type: 'batch-norm', features: 12 }, conv(12, 8)] };
  const model = build(
    {
      type: 'sequential',
      layers: [
        conv(1, 8),
        { type: 'residual', body },
        { type: 'residual', body: conv(8, 8) },
        { type: 'flatten' },
        { type: 'linear', in: 128, out: 3 },
      ],
    },
    { seed: 1 },
  );
  const generator = new Generator(1);
  const x = randn([32, 1, 4, 4], { generator }).realizeSync();
  const y = randint(0, 3, [32], { generator }).realizeSync();
  const steps = [dropLayers({ ratio: 0.5 }), shrink({ ratio: 0.5, method: 'l1' })];
  const [here, there] = await Promise.all(
    [x.device, gpu].map(async (where) => {
      const data = { train: tensorDataset(await x.to(where), await y.to(where)) };
      const { model: small } = await runRecipe(await copyModel(model, { device: where }), steps, { data });
      return { config: small.config(), logits: await small.call(await x.to(where)).data() };
    }),
  );
  expect(there?.config).toEqual(here?.config);
  for (const [index, value] of (here?.logits ?? []).entries()) expect(there?.logits[index]).toBeCloseTo(value, 3);
});
