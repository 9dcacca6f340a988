import { Adam, bceWithLogits, build, fit, mse, tensorDataset, type Dataset, type Module } from '@espalier/nn';
import { Generator, rand, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { chooseMetric, measureQuality, targetKind } from '../../src/budget/quality.ts';
import { compress, formatReport, prune, quantize, type CompressOptions } from '../../src/index.ts';
import { classes, features, train, trained, validate } from '../helpers/blobs.ts';

/** A model that gives back what it is given. */
function identity(size: number): Module {
  const model = build({ type: 'linear', in: size, out: size, bias: false });
  model
    .parameters()[0]
    ?.tensor.assign(
      tensor(
        Array.from({ length: size }, (_, row) => Array.from({ length: size }, (__, column) => Number(row === column))),
      ),
    );
  return model;
}

const r2 = async (outputs: number[][], targets: number[][]): Promise<number> => {
  const data = tensorDataset(tensor(outputs), tensor(targets));
  return (await measureQuality(identity(outputs[0]?.length ?? 0), data, 'r2')).value;
};

describe('r²', () => {
  test('is the mean over outputs, as scikit-learn has it', async () => {
    const [targets, outputs] = [
      [
        [0.5, 1],
        [-1, 1],
        [7, -6],
      ],
      [
        [0, 2],
        [-1, 2],
        [8, -5],
      ],
    ];
    // sklearn.metrics.r2_score(targets, outputs)
    expect(await r2(outputs, targets)).toBeCloseTo(0.9368005266622779, 6);
  });

  test('of targets that are all the same is 1 if they are met and else 0', async () => {
    expect(await r2([[2], [2]], [[2], [2]])).toBe(1);
    expect(await r2([[2], [3]], [[2], [2]])).toBe(0);
  });

  test('is not lost in the distance of targets from zero', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => [1e6 + (index % 4)]);
    expect(await r2(rows, rows)).toBe(1);
    expect(
      await r2(
        rows.map(([value]) => [(value ?? 0) + 1]),
        rows,
      ),
    ).toBeCloseTo(1 - 1 / 1.25, 6);
  });
});

describe('the metric of a goal', () => {
  test('follows from what the targets are', async () => {
    const model = await trained();
    expect(await targetKind(model, validate)).toBe('classes');
    expect(chooseMetric(undefined, 'classes', 'cross-entropy')).toBe('accuracy');
    const numbers = tensorDataset(rand([9, features]), rand([9, classes]));
    expect(await targetKind(model, numbers)).toBe('numbers');
    expect(chooseMetric(undefined, 'numbers', 'huber')).toBe('r2');
    expect(chooseMetric('r2', 'numbers', 'bce-with-logits')).toBe('r2');
    expect(() => chooseMetric(undefined, 'numbers', 'bce-with-logits')).toThrow(/has to be named.* bce-with-logits/);
    expect(() => chooseMetric('accuracy', 'numbers', 'mse')).toThrow(
      /is accuracy, .* the targets are numbers.*; use r2/,
    );
    expect(() => chooseMetric('r2', 'classes', 'mse')).toThrow(/use accuracy or macro-f1/);
    await expect(targetKind(model, tensorDataset(rand([9, features]), rand([9, 3])))).rejects.toThrow(
      /targets \[3\] of an example are neither a class nor like its outputs \[4\]/,
    );
  });
});

describe('compress', () => {
  const x = rand([300, 4], { generator: new Generator(5) });
  const line: Dataset = tensorDataset(
    x,
    x
      .narrow(1, 0, 1)
      .mul(2)
      .sub(x.narrow(1, 1, 1))
      .realizeSync(),
  );
  const options: CompressOptions = {
    data: { train: line, validate: line },
    goal: { maxDrop: 0.05, maxTrials: 4 },
    steps: [prune({ sparsity: 0.5, train: { epochs: 5, batchSize: 32 } }), quantize()],
    latency: false,
  };
  const regressor = async (): Promise<Module> => {
    const layers = [{ type: 'linear', in: 4, out: 16 }, { type: 'relu' }, { type: 'linear', in: 16, out: 1 }];
    const model = build({ type: 'sequential', layers }, { seed: 2 });
    await fit(model, line, { loss: mse, optimizer: new Adam({ lr: 0.01 }), epochs: 40, batchSize: 32 });
    return model;
  };

  test('keeps the r² of a regression model, and says so', async () => {
    const { report } = await compress(await regressor(), options);
    expect(report.before.validation).toMatchObject({ metric: 'r2', value: expect.closeTo(1, 1) });
    expect(report.after.validation.value).toBeGreaterThan(report.before.validation.value - 0.05);
    expect(formatReport(report)).toMatch(/^model +validation r2 /);
    expect(formatReport(report)).toMatch(/\nbefore +1\.0000 /);
  });

  test('refuses the accuracy of a regression model', async () => {
    await expect(
      compress(await regressor(), { ...options, goal: { metric: 'accuracy', maxDrop: 0.05 } }),
    ).rejects.toThrow(/goal\.metric: is accuracy/);
    await expect(compress(await regressor(), { ...options, loss: bceWithLogits })).rejects.toThrow(/has to be named/);
    await expect(
      compress(await trained(), { ...options, goal: { metric: 'r2', min: 0 }, data: { train, validate } }),
    ).rejects.toThrow(/use accuracy or macro-f1/);
  });
});
