import {
  accuracy,
  build,
  confusionMatrix,
  crossEntropy,
  evaluate,
  f1,
  meanLoss,
  mse,
  precision,
  recall,
  tensorDataset,
  topKAccuracy,
} from '@espalier/nn';
import { ArgumentError, device, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const identity = build({ type: 'identity' });

describe('scores that hold NaN', () => {
  test.each(['cpu', 'reference'] as const)('are never right, on %s', async (name) => {
    const on = await device(name);
    const scores = [
      [NaN, NaN, NaN],
      [NaN, 0, 0],
      [0, NaN, 1],
      [0, 0, 1],
    ];
    // Class 0 is what a comparison that no score wins would choose.
    const labels = [0, 0, 2, 2];
    const data = tensorDataset(tensor(scores, { device: on }), tensor(labels, { dtype: 'i32', device: on }));
    const metrics = { accuracy, top1: topKAccuracy(1), top3: topKAccuracy(3), confusionMatrix, recall: recall() };
    const found = await evaluate(identity, data, {
      ...metrics,
      precision: precision(),
      micro: f1({ average: 'micro' }),
    });
    expect(found).toMatchObject({ accuracy: 0.25, top1: 0.25, top3: 0.25 });
    expect([...found.confusionMatrix.undecided]).toEqual([2, 0, 1]);
    expect(found.confusionMatrix.toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 1],
    ]);
    expect(found.confusionMatrix.recall()).toEqual([0, 0, 0.5]);
    expect(found.recall).toBe(0.25);
    expect(found.precision).toBe(0.5);
    expect(found.micro).toBeCloseTo(2 / 5, 12);
  });

  test('of every example give 0 and a loss of NaN, which is the model to blame', async () => {
    const data = tensorDataset(tensor([[NaN, NaN]]), tensor([0], { dtype: 'i32' }));
    const found = await evaluate(identity, data, { accuracy, loss: meanLoss(crossEntropy), f1: f1() });
    expect(found).toEqual({ accuracy: 0, loss: NaN, f1: 0 });
  });
});

describe('labels of no class are an error that names the example', () => {
  const of = (label: number, dtype: 'i32' | 'f32' | 'u8' = 'i32') => {
    const labels = Array.from({ length: 20 }, (_, index) => index % 3);
    labels[17] = label;
    const scores = labels.map((_, index) => [0, 1, 2].map((each) => (each === index % 3 ? 1 : 0)));
    return tensorDataset(tensor(scores), tensor(labels, { dtype }));
  };

  test.each([
    [-1, 'i32'],
    [3, 'i32'],
    [-100, 'i32'],
    [255, 'u8'],
    [1.5, 'f32'],
    [NaN, 'f32'],
  ] as const)('%d in %s', async (label, dtype) => {
    for (const metric of [accuracy, confusionMatrix, f1(), topKAccuracy(2)]) {
      const measuring = evaluate(identity, of(label, dtype), { metric }, { batchSize: 6 });
      await expect(measuring).rejects.toThrow(ArgumentError);
      await expect(measuring).rejects.toThrow(
        Number.isNaN(label)
          ? 'target of example 17 holds NaN'
          : `label of example 17 is ${label}; the model tells 3 classes`,
      );
    }
  });

  test('for a loss, too', async () => {
    await expect(evaluate(identity, of(9), { loss: meanLoss(crossEntropy) })).rejects.toThrow('example 17 is 9');
    const data = tensorDataset(tensor([[1], [2]]), tensor([[0], [NaN]]));
    await expect(evaluate(identity, data, { loss: meanLoss(mse) })).rejects.toThrow('target of example 1 holds NaN');
  });

  test('unless the loss ignores them', async () => {
    const loss = meanLoss((output, target) => crossEntropy(output, target, { ignoreIndex: -100 }));
    const { value } = await evaluate(identity, of(-100), { value: loss });
    expect(value).toBeGreaterThan(0);
  });
});
