// Classes that count differently, beside PyTorch; and what is made of a model that learnt so.
import { readFileSync } from 'node:fs';
import {
  AdamW,
  build,
  classWeightsOf,
  crossEntropy,
  fit,
  loss,
  lossConfig,
  lossName,
  tensorDataset,
  trainedBy,
  unweighted,
  weightedCrossEntropy,
  type LossFunction,
} from '@espalier/nn';
import { ArgumentError, gradients, tensor, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { distill, distillationLoss, optimize, prune, runRecipe } from '../../src/index.ts';

interface Case {
  readonly labels: readonly number[];
  readonly weight: readonly number[];
  readonly student: readonly (readonly number[])[];
  readonly teacher: readonly (readonly number[])[];
  readonly loss: number;
  readonly gradient: readonly (readonly number[])[];
  readonly temperature: number;
  readonly alpha: number;
  readonly mixed: number;
  readonly mixedGradient: readonly (readonly number[])[];
}

/** What tools/golden/class_weights.py wrote. */
const cases = JSON.parse(
  readFileSync(new URL('../golden/class-weights.json', import.meta.url), 'utf8'),
) as readonly Case[];
const doubles = { dtype: 'f64' } as const;
const close = { absolute: 1e-12, relative: 1e-12 };
const classesOf = (labels: readonly number[]): Tensor => tensor(labels, { dtype: 'i32' });

describe('class weights', () => {
  test.each(cases)('agree with PyTorch: T = $temperature, α = $alpha', async (golden) => {
    const leaf = tensor(golden.student, doubles).requiresGradients();
    const labels = classesOf(golden.labels);
    const hard = weightedCrossEntropy(golden.weight)(leaf, labels, { x: leaf });
    await expectClose(hard, golden.loss, close);
    const [found] = gradients(hard, [leaf], { retainGraph: true });
    await expectClose(found ?? [], golden.gradient, close);
    const { temperature, alpha, weight } = golden;
    const mixed = distillationLoss(leaf, tensor(golden.teacher, doubles), labels, { temperature, alpha, weight });
    await expectClose(mixed, golden.mixed, close);
    const [both] = gradients(mixed, [leaf], { retainGraph: true });
    await expectClose(both ?? [], golden.mixedGradient, close);
  });

  test('are a part of the loss, its JSON and its name, and leave it for judging', () => {
    const of = weightedCrossEntropy([1, 3]);
    expect(lossName(of)).toBe('cross-entropy');
    expect(lossConfig(of)).toEqual({ type: 'cross-entropy', weight: [1, 3] });
    expect(classWeightsOf(loss({ type: 'cross-entropy', weight: [1, 3] }))).toEqual([1, 3]);
    expect(unweighted(of)).toBe(crossEntropy);
    expect(lossConfig(crossEntropy)).toBe('cross-entropy');
    for (const wrong of [[], [1, 0], [1, -2], [1, NaN], [1, Infinity]])
      expect(() => weightedCrossEntropy(wrong)).toThrow(ArgumentError);
  });
});

const x = Array.from({ length: 60 }, (_, row) => [Math.sin(row), Math.cos(3 * row)]);
const y = x.map(([a = 0, b = 0]) => (a + b > 1.1 ? 1 : 0));
const data = tensorDataset(tensor(x), classesOf(y));

async function learnt(by: LossFunction) {
  const model = build(
    {
      type: 'sequential',
      layers: [{ type: 'linear', in: 2, out: 8 }, { type: 'relu' }, { type: 'linear', in: 8, out: 2 }],
    },
    { seed: 1 },
  );
  await fit(model, data, { loss: by, optimizer: new AdamW({ lr: 0.05 }), epochs: 30, batchSize: 16 });
  return model;
}

describe('a model that learnt with class weights', () => {
  test('is trained on with them, pruned and distilled, and the records say so', async () => {
    const weighted = weightedCrossEntropy([1, 8]);
    const model = await learnt(weighted);
    const train = { epochs: 2, batchSize: 16 };
    const steps = [prune({ sparsity: 0.5, train }), distill({ student: model.config(), train })];
    for (const step of steps) {
      const { model: made, records } = await runRecipe(model, [step], { data: { train: data } });
      expect(JSON.stringify(records)).toContain('"classWeights":[1,8]');
      expect(classWeightsOf(trainedBy(made) as LossFunction)).toEqual([1, 8]);
    }
  });

  test('teach other students than without, by the labels alone', async () => {
    const model = await learnt(crossEntropy);
    const student = build({ type: 'linear', in: 2, out: 2 }, { seed: 4 }).config();
    const taught = async (by: LossFunction) => {
      const step = distill({
        student,
        alpha: 0,
        train: { epochs: 20, batchSize: 16, optimizer: { type: 'adam', lr: 0.05 } },
      });
      const { model: made } = await runRecipe(model, [step], { data: { train: data }, loss: by });
      return made.call(tensor(x)).argmax(1).sum().itemSync();
    };
    expect(await taught(weightedCrossEntropy([1, 50]))).toBeGreaterThan(await taught(crossEntropy));
  });

  test('is judged with all classes counting alike', async () => {
    const weighted = weightedCrossEntropy([1, 8]);
    const model = await learnt(weighted);
    const told = async (by: LossFunction) =>
      (
        await optimize(model, {
          data: { train: data, validate: data },
          goals: ['loss<=base+1'],
          steps: [prune({ sparsity: 0.5 })],
          turn: false,
          maxTrials: 1,
          loss: by,
        })
      ).report.trials.map(({ searched }) => searched.map(({ margin }) => margin));
    expect(await told(weighted)).toEqual(await told(crossEntropy));
  });
});
