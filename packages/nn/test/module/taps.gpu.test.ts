import { summary } from '@espalier/nn';
import { device, memory } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { expectSameSight, network } from '../helpers/observed.ts';

test.each([false, true])(
  'a tap on every module of a compiled model sees on WebGPU what an uncompiled one sees (training: %s)',
  async (training) => {
    await expectSameSight(await device('webgpu'), training);
  },
);

test('a summary asks nothing of WebGPU', async () => {
  const gpu = await device('webgpu');
  const model = network(gpu);
  for (const each of model.rawTensors().values()) await each.realize();
  const before = memory(gpu);
  expect(summary(model, [1, 4, 4]).macs).toBe(2 * 9 * 16 + 8 * 3 + 4 * 9);
  expect(memory(gpu)).toEqual(before);
});
