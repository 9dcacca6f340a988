import {
  accuracy,
  Adam,
  bceWithLogits,
  build,
  crossEntropy,
  evaluate,
  fit,
  mse,
  predict,
  tensorDataset,
  type Dataset,
  type FitOptions,
  type Module,
} from '@espalier/nn';
import { ArgumentError, rand, randint, ShapeError, zeros } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const data = tensorDataset(rand([12, 2]), randint(0, 3, [12]));
const linear = (out = 3): Module => build({ type: 'linear', in: 2, out }, { seed: 1 });

/** As JavaScript calls it, where nothing checks types. */
const train = (more: object, model: unknown = linear(), on: unknown = data): Promise<unknown> =>
  fit(model as Module, on as Dataset, {
    loss: crossEntropy,
    optimizer: new Adam(),
    epochs: 1,
    validate: data,
    metrics: { accuracy },
    ...more,
  });

const save = (): void => undefined;
const early = { metric: 'loss', patience: 1 };

describe('a training with a wrong option is refused, by the name of the option', () => {
  test.each<readonly [string, readonly unknown[]]>([
    ['epochs', [-1, 1.5, NaN, '3', null, undefined]],
    ['batchSize', [0, 1.5, NaN, '16', null]],
    ['seed', [NaN, 1.5, 2 ** 60, 'x', null]],
    ['shuffle', ['no', 0, null]],
    ['dropLast', ['yes', 1]],
    ['loss', ['mse', undefined, null, {}]],
    ['optimizer', ['adam', undefined, { type: 'adam' }, Adam]],
    ['schedule', ['cosine', null, {}]],
    ['clip', [1, 'x', null]],
    ['validate', ['x', 1, {}]],
    ['divergence', ['maybe', true]],
    ['checkpoint', ['x', null]],
    ['resume', ['x', null]],
    ['onEvent', ['x']],
    ['beforeStep', ['x']],
    ['onGradients', ['x']],
    ['progressEvery', [NaN, -1, 'x']],
    ['earlyStopping', ['loss', null]],
    ['signal', ['x']],
  ])('%s', async (name, wrong) => {
    for (const value of wrong) {
      const training = train({ [name]: value });
      await expect(training).rejects.toThrow(ArgumentError);
      await expect(training).rejects.toThrow(`fit: ${name} is `);
    }
  });

  test.each([
    [{ clip: { norms: 1 } }, 'clip.norms is no option; there are norm, value'],
    [{ clip: { norm: '1' } }, 'clip.norm is "1"; it must be a number above 0'],
    [{ clip: { value: NaN } }, 'clip.value is NaN'],
    [{ checkpoint: {} }, 'checkpoint.save is missing; it must be a function'],
    [{ checkpoint: { save, every: 0 } }, 'checkpoint.every is 0; it must be an integer of at least 1'],
    [{ checkpoint: { save, everySteps: NaN } }, 'checkpoint.everySteps is NaN'],
    [{ earlyStopping: { metric: 'loss' } }, 'earlyStopping.patience is missing'],
    [{ earlyStopping: { ...early, patience: 0 } }, 'earlyStopping.patience is 0; it must be an integer of at least 1'],
    [{ earlyStopping: { ...early, minDelta: NaN } }, 'earlyStopping.minDelta is NaN'],
    [{ earlyStopping: { ...early, metric: 'constructor' } }, "early stopping watches 'constructor'"],
    [{ earlyStoping: early }, 'earlyStoping is no option; there are loss, optimizer, epochs'],
  ])('%j', async (more, said) => {
    await expect(train(more)).rejects.toThrow(said);
  });

  test.each([null, {}, 'x', { type: 'linear' }])('the model %j, or the data', async (wrong) => {
    await expect(train({}, wrong)).rejects.toThrow(/^fit: the model is .* must be a module/u);
    await expect(train({}, linear(), wrong)).rejects.toThrow(/^fit: the data is .* must be a dataset/u);
  });
});

test.each([NaN, -1, Infinity])('a schedule that gives a rate of %d ends the training', async (factor) => {
  const schedule: FitOptions['schedule'] = { at: () => factor, config: () => ({ type: 'own' }) };
  await expect(train({ schedule })).rejects.toThrow('the learning rate is');
});

test.each([0, -1, NaN, 1.5])('a batch size of %d is refused where a model is measured', async (batchSize) => {
  const said = `batchSize is ${batchSize}; it must be an integer of at least 1`;
  await expect(evaluate(linear(), data, { accuracy }, { batchSize })).rejects.toThrow(said);
  await expect(predict(linear(), data, { batchSize })).rejects.toThrow(said);
});

test('data without an example is refused before anything is done', async () => {
  const empty = tensorDataset(zeros([0, 2]), zeros([0], { dtype: 'i32' }));
  const model = linear();
  await expect(evaluate(model, empty, { accuracy })).rejects.toThrow('evaluate: the data has no example');
  await expect(predict(model, empty)).rejects.toThrow('predict: the data has no example');
  let steps = 0;
  await expect(train({ validate: empty, beforeStep: () => void steps++ }, model)).rejects.toThrow(
    'fit: validate has no example',
  );
  expect(steps).toBe(0);
});

describe('targets of another shape than outputs are told as that, not as labels', () => {
  test.each([
    ['mse', mse, tensorDataset(rand([12, 2]), rand([12]))],
    ['bceWithLogits', bceWithLogits, tensorDataset(rand([12, 2]), randint(0, 2, [12]))],
    [
      'bceWithLogits',
      bceWithLogits,
      tensorDataset({ data: new Float32Array(24), shape: [12, 2] }, { data: new Uint8Array(12).fill(1), shape: [12] }),
    ],
  ] as const)('by %s', async (name, loss, on) => {
    const training = train({ loss, validate: undefined, metrics: {} }, linear(1), on);
    await expect(training).rejects.toThrow(ShapeError);
    await expect(training).rejects.toThrow(`${name}: output [12, 1] and target [12] differ; reshape one of them`);
  });

  test('by metrics of classes', async () => {
    const oneHot = tensorDataset(rand([12, 2]), zeros([12, 3]));
    await expect(evaluate(linear(), oneHot, { accuracy })).rejects.toThrow(
      'takes one class index per example, not targets [12, 3]',
    );
  });
});

test('a model of f32 with batch norm takes inputs of f64', async () => {
  const layers = [
    { type: 'linear', in: 2, out: 3 },
    { type: 'batch-norm', features: 3 },
  ];
  const doubles = tensorDataset(
    { data: Float64Array.from({ length: 24 }, (_, index) => Math.sin(index)), shape: [12, 2] },
    { data: new Int32Array(12), shape: [12] },
  );
  const model = build({ type: 'sequential', layers }, { seed: 1 });
  await train({ validate: undefined, metrics: {} }, model, doubles);
  expect(model.buffers().map(({ dtype }) => dtype)).toEqual(['f32', 'f32']);
});
