// What somebody else runs: their source, task, rows and stage beside those that are known from the start.
import { choice } from '@espalier/search';

const one = (/** @type {string | number | boolean} */ value) => choice([value]);

/** @type {import('@espalier/pipeline').Pipeline} */
export const spots = {
  name: 'spots',
  seed: 3,
  task: 'place',
  data: { source: { source: 'spots', options: { count: 320, side: 8 } }, validation: 64 },
  stages: [
    {
      stage: 'search',
      options: {
        strategy: 'random',
        trials: 2,
        population: 2,
        images: 192,
        epochs: 1,
        space: {
          architecture: {
            blocks: one(1),
            channels: choice([6, 8]),
            kernel: one(3),
            hidden: one(32),
            activation: one('relu'),
            batchNorm: one(false),
          },
          initialiser: one('kaiming-normal'),
          training: { optimizer: { adam: { lr: one(0.01) } }, schedule: one('constant'), batch: one(16) },
        },
      },
    },
    { stage: 'train' },
    { stage: 'compress' },
    { stage: 'measure' },
    { stage: 'in the dark', options: { dim: 0 } },
    { stage: 'report' },
  ],
  rows: [
    { name: 'found', type: 'train', options: { epochs: 10 } },
    { name: 'coarse', type: 'coarsen', from: 'found', options: { levels: 1 } },
    { name: 'fine', type: 'coarsen', from: 'found', options: { levels: 127 } },
    { name: 'rounded', type: 'passes', from: 'found', options: { steps: [{ type: 'quantize', weights: 'int8' }] } },
  ],
};
