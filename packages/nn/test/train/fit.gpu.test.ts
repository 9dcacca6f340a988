import { accuracy, AdamW, build, cloneModel, crossEntropy, evaluate, fit, predict, tensorDataset } from '@espalier/nn';
import { device } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { clusters } from '../helpers/toy.ts';

const layers = [
  { type: 'linear', in: 4, out: 16 },
  { type: 'batch-norm', features: 16 },
  { type: 'relu' },
  { type: 'linear', in: 16, out: 3 },
];
const images = [
  { type: 'conv2d', in: 1, out: 4, kernel: 3, padding: 'same' },
  { type: 'relu' },
  { type: 'max-pool2d', size: 2 },
  { type: 'flatten' },
  { type: 'linear', in: 16, out: 3 },
];

test('training on WebGPU ends near where the processor does', async () => {
  const gpu = await device('webgpu');
  const options = () => ({
    loss: crossEntropy,
    optimizer: new AdamW({ lr: 0.02 }),
    epochs: 3,
    batchSize: 32,
    seed: 7,
    clip: { norm: 1 },
  });
  const start = build({ type: 'sequential', layers }, { seed: 1 });
  const moved = await cloneModel(start, { device: gpu });
  const here = await fit(start, clusters(200), { ...options(), validate: clusters(90, 2), metrics: { accuracy } });
  const there = await fit(moved, clusters(200, 1, gpu), {
    ...options(),
    validate: clusters(90, 2, gpu),
    metrics: { accuracy },
  });
  for (const [index, { loss }] of here.epochs.entries()) expect(there.epochs[index]?.loss).toBeCloseTo(loss, 3);
  const back = await cloneModel(moved, { device: start.parameters()[0]?.tensor.device ?? gpu });
  const [a, b] = [
    await evaluate(back, clusters(90, 2), { accuracy }),
    await evaluate(moved, clusters(90, 2, gpu), { accuracy }),
  ];
  expect(a.accuracy).toBe(b.accuracy);
});

test('bytes become floats, and convolutions are the same, on WebGPU', async () => {
  const gpu = await device('webgpu');
  const model = build({ type: 'sequential', layers: images }, { seed: 1 });
  const x = { data: Uint8Array.from({ length: 5 * 16 }, (_, index) => (index * 37) % 256), shape: [5, 1, 4, 4] };
  const y = { data: Uint8Array.of(0, 1, 2, 0, 1), shape: [5] };
  const expected = predict(model, tensorDataset(x, y));
  const found = predict(await cloneModel(model, { device: gpu }), tensorDataset(x, y, { device: gpu }));
  const [host, own] = [await (await expected).data(), await (await found).data()];
  for (const [index, value] of host.entries()) expect(own[index]).toBeCloseTo(value, 4);
});
