/** A masked weight is exactly 0, whatever trains the model. */
import {
  build,
  buildOptimizer,
  buildSchedule,
  crossEntropy,
  fit,
  optimizerTypes,
  type OptimizerConfig,
} from '@espalier/nn';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskOf, prune, quantize, runRecipe, strip } from '../../src/index.ts';
import { perceptron, train } from '../helpers/blobs.ts';

/** What makes an optimizer move weights without a gradient. */
const settings: Readonly<Record<string, fc.Arbitrary<object>>> = {
  sgd: fc.record({
    lr: fc.constantFrom(0.01, 0.5),
    momentum: fc.constantFrom(0, 0.9),
    weightDecay: fc.constantFrom(0, 0.1),
  }),
  rmsprop: fc.record({ lr: fc.constantFrom(0.001, 0.1), weightDecay: fc.constantFrom(0, 0.1) }),
  adam: fc.record({ lr: fc.constantFrom(0.001, 0.1), weightDecay: fc.constantFrom(0, 0.1) }),
  adamw: fc.record({ lr: fc.constantFrom(0.001, 0.1), weightDecay: fc.constantFrom(0, 0.5) }),
};

test('a masked weight is exactly 0 after any number of steps of any optimizer, under rounding too', async () => {
  const optimizers = fc
    .constantFrom(...optimizerTypes)
    .chain((type) => (settings[type] ?? fc.constant({})).map((options): OptimizerConfig => ({ type, ...options })));
  const schedules = fc.constantFrom('constant', 'cosine');
  await fc.assert(
    fc.asyncProperty(
      optimizers,
      schedules,
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom('random', 'magnitude'),
      async (optimizer, schedule, isRounded, epochs, method) => {
        const steps = [prune({ sparsity: 0.7, method }), ...(isRounded ? [quantize()] : [])];
        const { model } = await runRecipe(build(perceptron(8), { seed: 2 }), steps, { seed: 5 });
        const masks = await Promise.all(model.parameters().map(async (parameter) => maskOf(parameter)?.kept()));
        const options = {
          optimizer: buildOptimizer(optimizer),
          schedule: buildSchedule(schedule),
          epochs,
          batchSize: 128,
        };
        await fit(model, train, { loss: crossEntropy, divergence: 'ignore', ...options });
        const plain = (await strip(model)).parameters();
        for (const [place, parameter] of model.parameters().entries()) {
          const kept = masks[place];
          expect(await maskOf(parameter)?.kept()).toEqual(kept);
          for (const values of [await parameter.value.data(), await plain[place]?.value.data()])
            for (const [index, stays] of (kept ?? []).entries()) if (stays === 0) expect(values?.[index]).toBe(0);
        }
      },
    ),
    {
      numRuns: 24,
      examples: optimizerTypes
        .map((type) => [{ type, weightDecay: 0.1, lr: 0.1 }, 'cosine', true, 2, 'random'] as const)
        .map(([...all]) => all),
    },
  );
});
