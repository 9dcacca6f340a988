import { build, tensorDataset } from '@espalier/nn';
import { configure, device, Generator, randint } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { formatNames, numberFormats } from '../../src/index.ts';
import { agreement, layouts } from '../helpers/layouts.ts';

// What has no kernel on a device computes by its meaning, which is no news here.
configure({ warn: () => undefined });

/** Tables, windows and rows: every layer that computes from a stored weight. */
const model = build(
  {
    type: 'sequential',
    layers: [
      { type: 'embedding', count: 24, size: 16 },
      { type: 'conv2d', in: 2, out: 8, kernel: 3, stride: 2, biasInit: 'ones' },
      { type: 'relu' },
      { type: 'conv2d', in: 8, out: 8, kernel: 2, groups: 2 },
      { type: 'flatten' },
      { type: 'linear', in: 48, out: 5 },
    ],
  },
  { seed: 3 },
);
const x = randint(0, 24, [64, 2, 6], { generator: new Generator(2) });
const train = tensorDataset(x, randint(0, 5, [64], { generator: new Generator(3) }));
const some = x.narrow(0, 0, 9).realizeSync();

const seen = new Set<string>();

test.each(Object.entries(layouts))(
  'a model of %s computes on WebGPU what it computes on the processor',
  async (_, layout) => {
    const of = await layout(model, train);
    for (const { stored } of of.parameters()) if (stored) seen.add(stored.matrix.format.name);
    expect((await agreement(of, some, await device('webgpu'))).row).toBeGreaterThanOrEqual(0.9999);
  },
);

test('no format is left out', () => {
  expect(formatNames().filter((name) => !seen.has(name))).toEqual([]);
  expect(numberFormats.filter((name) => !Object.hasOwn(layouts, `quantized-${name}`))).toEqual([]);
});
