import { tensorDataset, type Dataset, type Module } from '@espalier/nn';
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
import { perceptron, train, trained } from '../helpers/blobs.ts';

test('matches, exits and courses teach on WebGPU what they teach on the processor', async () => {
  const gpu = await device('webgpu');
  const { x, y } = await train.batch(Array.from({ length: 64 }, (_, index) => index));
  const pass = distill({
    student: perceptron(8),
    temperature: { from: 4, to: 2 },
    matches: [
      { teacher: '1', student: '1', weight: 0.1 },
      { teacher: '1', student: '1', loss: 'relation', weight: { from: 0, to: 1, shape: 'cosine' } },
    ],
    exits: [{ at: '1' }],
    train: { epochs: 2, batchSize: 32, optimizer: { type: 'sgd', lr: 0.05 } },
  });
  const learned = async (data: Dataset, teacher: Module): Promise<Float32Array> => {
    const { model } = await runRecipe(teacher, [pass], { data: { train: data }, seed: 3 });
    return (await model.forward(data.prepare(await data.load(Int32Array.of(0, 1, 2))).x).data()) as Float32Array;
  };
  const here = await learned(tensorDataset(x, y), await trained());
  const there = await learned(
    tensorDataset(await x.to(gpu), await y.to(gpu)),
    await copyModel(await trained(), { device: gpu }),
  );
  for (const [index, value] of here.entries()) expect(there[index]).toBeCloseTo(value, 3);
});

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
