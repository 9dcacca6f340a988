import {
  accuracy,
  build,
  cosine,
  crossEntropy,
  dataset,
  evaluate,
  f1,
  fit,
  mse,
  predict,
  SGD,
  tensorDataset,
  warmUp,
  type FitEvent,
  type FitOptions,
  type Metric,
} from '@espalier/nn';
import { ArgumentError, gradients, tensor, zeros, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { bitsOf } from '../helpers/bits.ts';
import { classifier, clusters, settings as toySettings } from '../helpers/toy.ts';
import { at } from '../helpers/at.ts';

const train = clusters(200);
const validate = clusters(90, 2);
const settings = (): FitOptions =>
  toySettings({ schedule: warmUp({ steps: 5, next: cosine({ end: 0.1 }) }), clip: { norm: 1 } });

describe('fit', () => {
  test('learns, and reports what it measures', async () => {
    const model = classifier(1);
    const { epochs, steps, stoppedBy } = await fit(model, train, {
      ...settings(),
      validate,
      metrics: { accuracy, f1: f1() },
    });
    expect([epochs.length, steps, stoppedBy]).toEqual([4, 28, 'epochs']);
    const last = epochs.at(-1);
    expect(last?.loss).toBeLessThan(epochs[0]?.loss ?? 0);
    expect(last?.validation?.['accuracy']).toBeGreaterThan(0.85);
    const measured = await evaluate(model, validate, { accuracy, f1: f1() });
    expect(measured).toEqual({ accuracy: last?.validation?.['accuracy'], f1: last?.validation?.['f1'] });
    expect(model.training).toBe(false);
  });

  test('is the plain loop, step by step', async () => {
    const [fitted, looped] = [
      build({ type: 'linear', in: 4, out: 3 }, { seed: 1 }),
      build({ type: 'linear', in: 4, out: 3 }, { seed: 1 }),
    ];
    const { epochs } = await fit(fitted, train, {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 1,
      batchSize: 64,
      shuffle: false,
    });
    const parameters = looped.parameters().map((parameter) => parameter.tensor);
    let total = 0;
    for (let start = 0; start < 200; start += 64) {
      const indices = Array.from({ length: Math.min(64, 200 - start) }, (_, index) => start + index);
      const { x, y } = await train.batch(indices);
      const loss = crossEntropy(looped.forward(x), y);
      const found = gradients(loss, parameters, { retainGraph: true });
      total += loss.itemSync() * indices.length;
      for (const [index, parameter] of parameters.entries())
        parameter.assign(parameter.detach().sub(at(found, index).mul(0.1)));
    }
    for (const [name, value] of looped.state()) await expectClose(fitted.state().get(name) ?? [], value);
    expect(epochs[0]?.loss).toBeCloseTo(total / 200, 5);
  });

  test('gives the same bytes for the same seed, others for another', async () => {
    const run = async (seed: number): Promise<Uint8Array> => {
      const model = classifier(1);
      await fit(model, train, { ...settings(), seed });
      return bitsOf(model);
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  test('tells what happens', async () => {
    const events: FitEvent[] = [];
    await fit(classifier(1), train, {
      ...settings(),
      epochs: 2,
      progressEvery: 0,
      onEvent: (event) => void events.push(event),
    });
    const types = events.map(({ type }) => type);
    expect([types[0], types.at(-1)]).toEqual(['start', 'end']);
    expect(types.filter((type) => type === 'epoch')).toHaveLength(2);
    const progress = events.flatMap((event) => (event.type === 'progress' ? [event] : []));
    expect(progress.map(({ step }) => step)).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    expect(progress.every(({ loss, learningRate }) => loss > 0 && learningRate > 0)).toBe(true);
  });

  test('calls before each step, which may change what the step captured', async () => {
    const model = build({ type: 'linear', in: 4, out: 3, bias: false }, { seed: 1 });
    const mask = tensor(Array.from({ length: 3 }, () => [1, 1, 1, 1]));
    const [weight] = model.parameters();
    weight?.views.push({ name: 'mask', apply: (value) => value.mul(mask) });
    const steps: number[] = [];
    const beforeStep: FitOptions['beforeStep'] = ({ step }) => {
      steps.push(step);
      if (step === 2) mask.assign(tensor(Array.from({ length: 3 }, () => [0, 1, 1, 1])));
    };
    const before: number[] = [];
    await fit(model, train, {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      epochs: 1,
      batchSize: 50,
      beforeStep: async (info) => {
        await beforeStep(info);
        before.push(weight?.tensor.dataSync()[0] ?? 0);
      },
    });
    expect(steps).toEqual([0, 1, 2, 3]);
    // Masked from step 2 on: the raw value no longer moves.
    expect(before[1]).not.toBe(before[0]);
    expect(before[3]).toBe(before[2]);
  });

  test('tells the learning rate of each step, and shows the gradients that it moves by', async () => {
    const model = build({ type: 'linear', in: 4, out: 3, bias: false }, { seed: 1 });
    const [weight] = model.parameters();
    const seen = zeros([3, 4]).realizeSync();
    const before: (readonly [rate: number, value: number])[] = [];
    const found: number[] = [];
    const note = (rate: number): void => void before.push([rate, weight?.tensor.dataSync()[5] ?? NaN]);
    await fit(model, train, {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1 }),
      schedule: cosine(),
      epochs: 1,
      batchSize: 50,
      clip: { norm: 1e9 },
      onGradients: (all) => seen.assign(all.get(weight?.tensor as Tensor) ?? zeros([3, 4])),
      beforeStep: ({ learningRate, step }) => {
        if (step > 0) found.push(seen.dataSync()[5] ?? NaN);
        note(learningRate);
      },
    });
    expect(before.map(([rate]) => rate)).toEqual(
      [0, 1, 2, 3].map((step) => 0.1 * cosine().at(step, { totalSteps: 4, stepsPerEpoch: 4 })),
    );
    for (const [step, gradient] of found.entries()) {
      const [[rate, value] = [NaN, NaN], [, next] = [NaN, NaN]] = before.slice(step);
      expect(gradient).not.toBe(0);
      expect(next).toBeCloseTo(value - rate * gradient, 6);
    }
  });

  test('drops or keeps the last batch', async () => {
    const count = async (dropLast: boolean): Promise<number> =>
      (await fit(classifier(1), train, { ...settings(), epochs: 1, dropLast })).steps;
    expect([await count(false), await count(true)]).toEqual([7, 6]);
  });

  test('gives the loss its inputs, and leaves frozen parameters alone', async () => {
    const teacher = classifier(3).eval();
    const model = classifier(1);
    const frozen = model.namedParameters().get('0.weight');
    if (frozen) frozen.trainable = false;
    const before = frozen?.tensor.dataSync();
    const { epochs } = await fit(model, train, {
      ...settings(),
      loss: (output, _, { x }) => mse(output, teacher.forward(x).detach()),
    });
    expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss ?? 0);
    expect(frozen?.tensor.dataSync()).toEqual(before);
  });

  test('reads datasets that load asynchronously', async () => {
    const slow = dataset({
      size: train.size,
      load: async (indices) => Promise.resolve(train.load(indices)),
      prepare: train.prepare,
    });
    const [a, b] = [classifier(1), classifier(1)];
    await fit(a, train, { ...settings(), epochs: 1 });
    await fit(b, slow, { ...settings(), epochs: 1 });
    expect(await bitsOf(b)).toEqual(await bitsOf(a));
  });

  test.each([
    [{ epochs: -1 }, 'epochs is -1'],
    [{ batchSize: 0.5 }, 'batchSize'],
    [{ batchSize: 500, dropLast: true }, '200 examples do not fill'],
    [{ metrics: { accuracy } }, 'validation data'],
    [{ divergence: 'Stop' as 'stop' }, 'divergence is "Stop"'],
    [{ validate, earlyStopping: { metric: 'f1', patience: 1 } }, "'f1', which is not measured"],
  ])('%j is refused', async (wrong, words) => {
    await expect(fit(classifier(1), train, { ...settings(), ...wrong })).rejects.toThrow(ArgumentError);
    await expect(fit(classifier(1), train, { ...settings(), ...wrong })).rejects.toThrow(words);
  });

  test.each([
    ['a whole number, of which all gradients would be 0', (): Tensor => zeros([], { dtype: 'i32' })],
    ['a number for each example', (output: Tensor): Tensor => output.sum([1])],
    ['no tensor', (): Tensor => 3 as never],
  ])('a loss that gives %s is refused', async (_, loss) => {
    await expect(fit(classifier(1), train, { ...settings(), loss })).rejects.toThrow(
      /fit: what the loss gives is .*; it must be a tensor of one float/u,
    );
  });

  test('has nothing to learn from without examples', async () => {
    const none = tensorDataset(zeros([0, 4]), zeros([0], { dtype: 'i32' }));
    await expect(fit(classifier(1), none, settings())).rejects.toThrow('there are no examples to learn from');
  });
});

describe('early stopping', () => {
  /** A metric that follows a script, whatever the model does. */
  const scripted = (values: readonly number[], direction: Metric['direction']): Metric => {
    let epoch = 0;
    return { statistic: accuracy.statistic, value: () => values[epoch++] ?? 0, direction };
  };

  test.each([
    ['maximize', [1, 3, 2, 2.9, 4]],
    ['minimize', [-1, -3, -2, -2.9, -4]],
  ] as const)('waits, stops and goes back to the best epoch (%s)', async (direction, values) => {
    const model = classifier(1);
    const atEpoch: Uint8Array[] = [];
    const onEvent = async (event: FitEvent): Promise<void> => {
      if (event.type === 'epoch') atEpoch.push(await bitsOf(model));
    };
    const result = await fit(model, train, {
      ...settings(),
      epochs: 10,
      validate,
      onEvent,
      metrics: { score: scripted(values, direction) },
      earlyStopping: { metric: 'score', patience: 2 },
    });
    expect(result).toMatchObject({ stoppedBy: 'early-stopping', best: { epoch: 2, value: values[1] } });
    expect(result.epochs).toHaveLength(4);
    expect(await bitsOf(model)).toEqual(atEpoch[1]);
    expect(atEpoch[3]).not.toEqual(atEpoch[1]);
  });

  test('counts only what is more than minDelta, and keeps the last epoch if asked', async () => {
    const model = classifier(1);
    let last: Uint8Array | undefined;
    const result = await fit(model, train, {
      ...settings(),
      epochs: 10,
      validate,
      metrics: { score: scripted([1, 1.05, 1.09, 1.1], 'maximize') },
      earlyStopping: { metric: 'score', patience: 3, minDelta: 0.2, restoreBest: false },
      onEvent: async (event) => {
        if (event.type === 'epoch') last = await bitsOf(model);
      },
    });
    expect(result).toMatchObject({ best: { epoch: 1 }, stoppedBy: 'early-stopping' });
    expect(await bitsOf(model)).toEqual(last);
  });

  test('may watch the loss', async () => {
    const { best } = await fit(classifier(1), train, {
      ...settings(),
      validate,
      earlyStopping: { metric: 'loss', patience: 2 },
    });
    expect(best?.value).toBeGreaterThan(0);
  });
});

describe('predict and evaluate', () => {
  test('predict gives all outputs in order, in evaluation mode', async () => {
    const model = classifier(1).train();
    const data = tensorDataset(
      tensor([
        [1, 2, 3, 4],
        [0, 0, 0, 0],
        [5, 6, 7, 8],
      ]),
      tensor([0, 1, 2], { dtype: 'u8' }),
    );
    const outputs = await predict(model, data, { batchSize: 2 });
    expect(model.training).toBe(true);
    model.eval();
    await expectClose(outputs, model.forward((await data.batch([0, 1, 2])).x));
  });

  test('a signal interrupts them', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(evaluate(classifier(1), train, { accuracy }, { signal })).rejects.toThrow('enough');
    await expect(predict(classifier(1), train, { signal })).rejects.toThrow('enough');
  });
});
