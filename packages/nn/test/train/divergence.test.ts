import {
  accuracy,
  build,
  crossEntropy,
  DivergenceError,
  fit,
  mse,
  SGD,
  tensorDataset,
  type EpochResult,
  type FitOptions,
  type LossFunction,
} from '@espalier/nn';
import { full, ones, tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { bitsOf } from '../helpers/bits.ts';
import { classifier, clusters, settings } from '../helpers/toy.ts';

// Seven steps an epoch.
const train = clusters(200);

/** Cross-entropy that becomes something else when `spoil` is called; `factor` is a captured tensor, so steps need no new recording. */
function spoilable(): {
  readonly loss: LossFunction;
  readonly factor: Tensor;
  readonly spoil: (value: number) => void;
} {
  const factor = tensor(1).realizeSync();
  return {
    loss: (output, target) => crossEntropy(output, target).mul(factor),
    factor,
    spoil: (value) => void factor.assign(tensor(value)),
  };
}

async function diverged(options: FitOptions, model = classifier(1)): Promise<DivergenceError> {
  const error: unknown = await fit(model, train, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DivergenceError);
  return error as DivergenceError;
}

describe('a training whose loss is no longer finite', () => {
  test.each([NaN, Infinity, -Infinity])('ends with the step and the last finite loss (%d)', async (value) => {
    const { loss, spoil } = spoilable();
    const losses: number[] = [];
    const model = classifier(1);
    const atEpoch: Uint8Array[] = [];
    const error = await diverged(
      settings({
        loss,
        beforeStep: ({ step }) => {
          if (step === 10) spoil(value);
        },
        onEvent: async (event) => {
          if (event.type === 'epoch') {
            losses.push(event.loss);
            atEpoch.push(await bitsOf(model));
          }
        },
      }),
      model,
    );
    expect(error.name).toBe('DivergenceError');
    expect(error.step).toBe(11);
    expect(error.lastFiniteLoss).toBeGreaterThan(0);
    expect(error.message).toContain(`from step 11 on, and the loss before it was ${error.lastFiniteLoss}`);
    expect(losses).toHaveLength(1);
    // The model is what it was after the last good epoch.
    expect(await bitsOf(model)).toEqual(atEpoch[0]);
    expect(model.training).toBe(false);
  });

  test('is noticed at the next report, and saves no checkpoint from then on', async () => {
    const { loss, spoil } = spoilable();
    const saved: number[] = [];
    let last = 0;
    const error = await diverged(
      settings({
        loss,
        progressEvery: 0,
        checkpoint: { everySteps: 1, save: () => void saved.push(last) },
        beforeStep: ({ step }) => {
          last = step;
          if (step === 3) spoil(NaN);
        },
      }),
    );
    expect([error.step, last]).toEqual([4, 3]);
    expect(saved).toEqual([0, 1, 2]);
  });

  test('from the first step on has no finite loss, and leaves the model as it was', async () => {
    const { loss, spoil } = spoilable();
    spoil(NaN);
    const model = classifier(1);
    const before = await bitsOf(model);
    const error = await diverged(settings({ loss }), model);
    expect([error.step, error.lastFiniteLoss]).toEqual([1, NaN]);
    expect(await bitsOf(model)).toEqual(before);
  });

  test('by an input that is not finite names its example', async () => {
    const x = Float32Array.from({ length: 40 }, (_, index) => (index === 27 ? Infinity : Math.sin(index)));
    const y = Int32Array.from({ length: 10 }, (_, index) => index % 2);
    const model = build({ type: 'linear', in: 4, out: 2 }, { seed: 1 });
    const data = tensorDataset({ data: x, shape: [10, 4] }, { data: y, shape: [10] });
    const error: unknown = await fit(model, data, settings({ batchSize: 10 })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DivergenceError);
    expect((error as Error).message).toContain('the input of example 6 holds Infinity');
    expect((error as Error).message).not.toContain('learning rate');
  });

  test('is not one that only f32 could not hold', async () => {
    const model = build({ type: 'linear', in: 1, out: 1, init: 'ones' }, { dtype: 'f64' });
    const data = tensorDataset(ones([4, 1], { dtype: 'f64' }), full([4, 1], 1e30, { dtype: 'f64' }));
    const { epochs } = await fit(model, data, {
      loss: mse,
      optimizer: new SGD({ lr: 0 }),
      epochs: 1,
      validate: data,
    });
    expect(epochs[0]?.loss).toBeCloseTo(1e60, -50);
    expect(epochs[0]?.validation?.['loss']).toBeCloseTo(1e60, -50);
  });

  test('goes on where that is wanted', async () => {
    const { loss, spoil } = spoilable();
    const epochs: EpochResult[] = [];
    await fit(classifier(1), train, {
      ...settings({ loss, divergence: 'ignore', epochs: 3 }),
      beforeStep: ({ step }) => spoil(step === 9 ? Infinity : 1),
      onEvent: (event) => {
        if (event.type === 'epoch') epochs.push(event);
      },
    });
    expect(epochs.map((each) => Number.isFinite(each.loss))).toEqual([true, false, false]);
  });

  test('by an exploding update says so', async () => {
    const error = await diverged(settings({ optimizer: new SGD({ lr: 1e30 }), epochs: 3 }));
    expect(error.step).toBeLessThan(7);
    expect(error.message).toContain('lower the learning rate');
  });

  test('by its very last update, which no loss shows', async () => {
    const model = classifier(1);
    const before = await bitsOf(model);
    const error = await diverged(
      settings({
        optimizer: new SGD({ lr: 0.1 }),
        epochs: 1,
        schedule: { config: () => ({ type: 'spike' }), at: (step) => (step === 6 ? 1e300 : 1) },
        validate: clusters(60, 2),
        metrics: { accuracy },
      }),
      model,
    );
    expect(error.step).toBe(7);
    expect(error.message).toMatch(/after step 7 0\.weight, .* hold NaN or ∞, though the loss was still \d/u);
    expect(await bitsOf(model)).toEqual(before);
  });

  test('counts its steps over a resume', async () => {
    const { loss, spoil } = spoilable();
    let bytes: Uint8Array | undefined;
    await fit(classifier(1), train, settings({ loss, checkpoint: { save: (state) => void (bytes ??= state) } }));
    const error = await diverged({
      ...settings({ loss }),
      ...(bytes && { resume: bytes }),
      beforeStep: ({ step }) => {
        if (step === 16) spoil(NaN);
      },
    });
    expect(error.step).toBe(17);
  });
});
