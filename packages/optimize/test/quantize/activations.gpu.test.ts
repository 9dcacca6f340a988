import { tensorDataset, type Module } from '@espalier/nn';
import { device, type Tensor } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { awq, copyModel, hqq, materializeModel, quantize, runRecipe, smoothQuant, type Step } from '../../src/index.ts';
import { train, trained } from '../helpers/blobs.ts';
import { cosine } from '../helpers/cosine.ts';

const recipes: Readonly<Record<string, readonly Step[]>> = {
  dynamic: [quantize({ activations: 'dynamic' })],
  static: [quantize({ activations: 'static', correctBiases: true })],
  'static, around 0, of int4 by group': [
    quantize({ weights: 'int4', group: 16, activations: { type: 'static', zeros: false } }),
  ],
  'smoothed, trained with learned steps': [
    smoothQuant(),
    quantize({ weights: 'int4', activations: 'static', train: { epochs: 1 } }),
  ],
  awq: [awq({ bits: 4 })],
  hqq: [hqq({ bits: 3, group: 16 })],
};

const logits = async (model: Module, x: Tensor): Promise<ArrayLike<number>> => model.call(x).data();

test.each(Object.entries(recipes))(
  '%s: made on WebGPU, a model computes there what it computes on the processor, from codes too',
  async (_, steps) => {
    const gpu = await device('webgpu');
    const { x, y } = await train.batch(Array.from({ length: 128 }, (_unused, index) => index));
    const there = await x.to(gpu);
    const model = await copyModel(await trained(), { device: gpu });
    const data = { train: tensorDataset(there, await y.to(gpu)) };
    const { model: rounded } = await runRecipe(model, steps, { data });
    const here = await copyModel(rounded, { device: x.device });
    const wanted = await logits(here, x);
    for (const [of, input] of [
      [rounded, there],
      [await materializeModel(rounded), there],
      [await materializeModel(here), x],
    ] as const)
      expect(cosine(await logits(of, input), wanted)).toBeGreaterThan(0.9999);
  },
);
