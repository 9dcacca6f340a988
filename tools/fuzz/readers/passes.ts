/** Reads recipes of passes. */
import { parseRecipe } from '@espalier/optimize';
import { jsonOf } from '../engine/json-of.ts';
import type { Reader } from '../engine/reader.ts';

/** Recipes of passes as JSON. */
export const passesReader: Reader = {
  name: 'passes',
  seeds: async () =>
    [
      [{ type: 'prune', sparsity: 0.5, scope: 'global' }, { type: 'quantize' }],
      [
        {
          together: [
            { type: 'prune', sparsity: 0.5 },
            { type: 'distill', alpha: 0.5, train: { epochs: 1 } },
          ],
        },
      ],
      [
        { type: 'prune', sparsity: { '0.*': 0.5, '*': 0.25 }, method: 'taylor', calibrate: { examples: 8 } },
        { type: 'prune', pattern: '2:4', schedule: { shape: 'exponential', end: 0.5, updates: 3 } },
        { type: 'prune', sparsity: 0.5, pattern: '4x1', minimum: { '*': 0.1 }, maximum: 0.9 },
        { type: 'low-rank', rank: 4, alpha: 8, others: 'vectors', exclude: ['*.bias'] },
        { type: 'lottery', rounds: 2, share: 0.2, rewindTo: 1, rewind: 'weights', train: { epochs: 2 } },
      ],
      [
        {
          type: 'distill',
          teacher: [{ teacher: 'original', weight: 2 }],
          student: 'again',
          temperature: { from: 8, to: 2, shape: 'cosine', begin: 0, end: 0.5 },
          matches: [{ teacher: '1', student: '1', loss: 'relation', weight: 0.5, project: true, of: 0 }],
          exits: [{ at: '1' }],
          chorus: 'logits',
          weakTeacher: 'use',
          ignoreIndex: -100,
        },
      ],
      [{ type: 'finetune', epochs: 2, optimizer: { type: 'adamw', lr: 0.001 }, schedule: { type: 'cosine' } }],
    ].map((recipe) => Buffer.from(JSON.stringify(recipe))),
  // A recipe is what its user writes: each of its tables is made once more, entry by entry, while it is checked.
  limit: { free: 18 * 2 ** 20 },
  mutate: 'json',
  words: [
    '"prune"',
    '"quantize"',
    '"distill"',
    '"finetune"',
    '"teacher"',
    '"self"',
    '"matches"',
    '"exits"',
    '"from"',
    '"sparsity"',
    '"epochs"',
    '"lottery"',
    '"pattern"',
    '"2:4"',
  ],
  read: (input) => {
    const recipe = jsonOf(input);
    if (recipe === undefined) return;
    parseRecipe(recipe);
  },
};
