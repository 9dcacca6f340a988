import {
  accuracy,
  build,
  crossEntropy,
  dataset,
  fit,
  mse,
  SGD,
  split,
  subset,
  tensorDataset,
  type Dataset,
  type FitOptions,
  type Module,
} from '@espalier/nn';
import { ArgumentError, fromTyped } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { at } from '../helpers/at.ts';

const size = 30;
const x = Float32Array.from({ length: size * 2 }, (_, index) => Math.sin(index));
const linear = (): Module => build({ type: 'linear', in: 2, out: 3 }, { seed: 1 });
const options = (more: Partial<FitOptions> = {}): FitOptions => ({
  loss: crossEntropy,
  optimizer: new SGD({ lr: 0.1 }),
  epochs: 1,
  batchSize: 8,
  shuffle: false,
  ...more,
});

function labelled(wrong: number): Int32Array {
  return Int32Array.from({ length: size }, (_, index) => (index === 21 ? wrong : index % 3));
}

/** The same examples in every way a dataset can hold them. */
function forms(wrong: number): readonly (readonly [string, Dataset])[] {
  const y = labelled(wrong);
  const arrays = tensorDataset({ data: x, shape: [size, 2] }, { data: y, shape: [size] });
  const tensors = tensorDataset(fromTyped(x, [size, 2]), fromTyped(y, [size]));
  return [
    ['arrays', arrays],
    ['tensors', tensors],
    [
      'a subset',
      subset(
        arrays,
        Int32Array.from({ length: size }, (_, index) => index),
      ),
    ],
    ['a dataset that lists no labels', dataset({ size, load: arrays.load, prepare: arrays.prepare })],
  ];
}

describe.each([-1, 3, 1000])('the label %d, of three classes, ends a training with its example', (wrong) => {
  test.each(forms(wrong))('in %s', async (_, data) => {
    const model = linear();
    const before = await model.state().get('weight')?.data();
    const training = fit(model, data, options());
    await expect(training).rejects.toThrow(ArgumentError);
    await expect(training).rejects.toThrow(`label of example 21 is ${wrong}; the model tells 3 classes apart, 0 to 2`);
    expect(await model.state().get('weight')?.data()).toEqual(before);
  });

  test('in what is validated, before the first step', async () => {
    const [good, bad] = [at(forms(0), 0)[1], at(forms(wrong), 0)[1]];
    let steps = 0;
    const beforeStep = (): void => void steps++;
    const training = fit(linear(), good, options({ validate: bad, metrics: { accuracy }, beforeStep }));
    await expect(training).rejects.toThrow(`label of example 21 is ${wrong}`);
    expect(steps).toBe(0);
  });
});

describe('fine are', () => {
  test('labels that the loss ignores', async () => {
    const loss: FitOptions['loss'] = (output, target) => crossEntropy(output, target, { ignoreIndex: -100 });
    for (const [, data] of forms(-100)) {
      const { epochs } = await fit(linear(), data, options({ loss }));
      expect(epochs[0]?.loss).toBeGreaterThan(0);
    }
  });

  test('labels that become classes as they are prepared', async () => {
    const y = Int32Array.from({ length: size }, (_, index) => 1 + (index % 3));
    const data = tensorDataset(
      { data: x, shape: [size, 2] },
      { data: y, shape: [size] },
      { prepare: (batch) => ({ x: batch.x, y: batch.y.sub(1) }) },
    );
    expect((await fit(linear(), data, options())).steps).toBe(4);
  });

  test('whole numbers that a regression learns', async () => {
    const y = Int32Array.from({ length: size }, (_, index) => index - 10);
    const data = tensorDataset({ data: x, shape: [size, 2] }, { data: y, shape: [size] });
    const loss: FitOptions['loss'] = (output, target) => mse(output.squeeze(1), target.cast('f32'));
    expect((await fit(build({ type: 'linear', in: 2, out: 1 }), data, options({ loss }))).steps).toBe(4);
  });
});

describe('a dataset of so many classes', () => {
  test.each([-1, 3, 0.5, NaN])('refuses the label %d with its example', async (wrong) => {
    const y = Float32Array.from({ length: size }, (_, index) => (index === 21 ? wrong : index % 3));
    const [rows, labels] = [
      { data: x, shape: [size, 2] },
      { data: y, shape: [size] },
    ];
    const words = `label of example 21 is ${wrong}; there are 3 classes, 0 to 2`;
    expect(() => tensorDataset(rows, labels, { classes: 3 })).toThrow(words);
    const data = tensorDataset(fromTyped(x, [size, 2]), fromTyped(y, [size]), { classes: 3 });
    await expect(data.batch([0])).rejects.toThrow(words);
  });

  test('serves those that are classes', async () => {
    const data = tensorDataset(fromTyped(x, [size, 2]), fromTyped(labelled(1), [size]), { classes: 3 });
    expect((await data.batch([21])).y.arraySync()).toEqual([1]);
    expect((await data.batch([22])).y.arraySync()).toEqual([1]);
    const [part] = split(data, [5], { seed: 1 });
    const numbers = Array.from((await part?.labels?.()) ?? []);
    expect(numbers).toEqual((await part?.batch([0, 1, 2, 3, 4]))?.y.arraySync());
  });

  test('counts them', () => {
    const make = (classes: number) => () =>
      tensorDataset({ data: x, shape: [size, 2] }, { data: labelled(1), shape: [size] }, { classes });
    for (const wrong of [0, -3, 1.5, NaN]) expect(make(wrong)).toThrow(ArgumentError);
  });
});
