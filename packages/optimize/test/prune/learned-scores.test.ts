/** Scores that data or a training says, each against its definition in doubles. */
import { build, crossEntropy, tensorDataset, type Dataset, type Module } from '@espalier/nn';
import { compile, tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  distill,
  finetune,
  maskOf,
  prune,
  registerScore,
  runRecipe,
  together,
  wanda,
  type Pass,
} from '../../src/index.ts';
import { gathererOf } from '../../src/prune/gather.ts';
import { needOf, scoreWeights, type Importance } from '../../src/prune/importance.ts';
import { Movement } from '../../src/prune/movement.ts';
import { selectParameters } from '../../src/selection/parameter-filter.ts';
import { at } from '../helpers/at.ts';
import { normals } from '../helpers/dense.ts';

const [inputs, hidden, outputs, examples] = [3, 4, 2, 6];
const draw = normals(3);
const x = Array.from({ length: examples }, () => Array.from({ length: inputs }, () => Math.fround(draw())));
const y = [0, 1, 1, 0, 1, 0];
const data: Dataset = tensorDataset(tensor(x), tensor(y, { dtype: 'i32' }));

const network = (): Module =>
  build(
    {
      type: 'sequential',
      layers: [
        { type: 'linear', in: inputs, out: hidden, bias: false },
        { type: 'tanh' },
        { type: 'linear', in: hidden, out: outputs, bias: false },
      ],
    },
    { seed: 4 },
  );

/** Both weights, one behind the other. */
type Weights = readonly number[];

async function weightsOf(model: Module): Promise<number[]> {
  const all = await Promise.all(model.parameters().map(async ({ value }) => [...(await value.data())]));
  return all.flat();
}

/** The cross-entropy of one example. */
function lossOf(weights: Weights, example: number): number {
  const dot = (row: readonly number[], from: number): number =>
    row.reduce((sum, value, index) => sum + value * at(weights, from + index), 0);
  const middle = Array.from({ length: hidden }, (_, unit) => Math.tanh(dot(at(x, example), unit * inputs)));
  const logits = Array.from({ length: outputs }, (_, unit) => dot(middle, hidden * inputs + unit * hidden));
  return Math.log(logits.reduce((sum, each) => sum + Math.exp(each), 0)) - at(logits, at(y, example));
}

/** The gradient of the mean loss of some examples, by differences. */
function gradientOf(weights: Weights, of: readonly number[] = [...x.keys()]): number[] {
  const step = 1e-5;
  const mean = (all: Weights): number => of.reduce((sum, example) => sum + lossOf(all, example) / of.length, 0);
  return weights.map((value, index) => {
    const moved = (by: number): number => mean(weights.with(index, value + by));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

/** The scores of all weights by a method, one tensor behind the other. */
async function scoresBy(method: Importance, model: Module): Promise<number[]> {
  const chosen = selectParameters('test', model);
  const { need, examples: count } = needOf(method);
  const context = { data: { train: data }, original: model, seed: 1, loss: crossEntropy };
  const evidence = await gathererOf(need, { place: 'test', model, chosen, context, examples: count }).gather();
  const scores = await Promise.all(
    chosen.map(async (each, index) =>
      scoreWeights(method, (await each.parameter.value.data()) as Float32Array, each, 1, evidence[index]),
    ),
  );
  return scores.flatMap((each) => [...each]);
}

function expectClose(found: readonly number[], wanted: readonly number[]): void {
  const largest = Math.max(...wanted.map(Math.abs));
  expect(found).toHaveLength(wanted.length);
  for (const [index, value] of wanted.entries())
    expect(Math.abs(at(found, index) - value)).toBeLessThan(1e-4 * largest);
}

describe('a score is what its definition says', () => {
  test.each<[Importance, (weights: Weights) => number[]]>([
    ['gradient', (weights) => gradientOf(weights).map(Math.abs)],
    ['taylor', (weights) => gradientOf(weights).map((g, index) => Math.abs(g * at(weights, index)))],
    [
      'snip',
      (weights) => {
        const sensitivities = gradientOf(weights).map((g, index) => Math.abs(g * at(weights, index)));
        const total = sensitivities.reduce((sum, each) => sum + each, 0);
        return sensitivities.map((each) => each / total);
      },
    ],
    [
      'fisher',
      (weights) => {
        const single = x.map((_, example) => gradientOf(weights, [example]));
        return weights.map(
          (value, index) => single.reduce((sum, g) => sum + (value * at(g, index)) ** 2, 0) / examples,
        );
      },
    ],
  ])('%s', async (method, definition) => {
    const model = network();
    expectClose(await scoresBy(method, model), definition(await weightsOf(model)));
  });

  test('wanda: the weight times the root of the mean square of its input', async () => {
    const model = build({ type: 'linear', in: inputs, out: 2, bias: false }, { seed: 2 });
    const norms = Array.from({ length: inputs }, (_, column) =>
      Math.sqrt(x.reduce((sum, row) => sum + at(row, column) ** 2, 0) / examples),
    );
    const weights = await weightsOf(model);
    expectClose(
      await scoresBy('wanda', model),
      weights.map((value, index) => Math.abs(value) * at(norms, index % inputs)),
    );
  });

  test('wanda of a row of its own drops what the pass wanda drops', async () => {
    const model = build({ type: 'linear', in: inputs, out: 1, bias: false }, { seed: 2 });
    const masks = await Promise.all(
      [prune({ sparsity: 0.34, method: 'wanda' }), wanda({ sparsity: 0.34 })].map(async (pass) => {
        const { model: made } = await runRecipe(model, [pass], { data: { train: data } });
        return maskOf(made.parameters()[0] as never)?.kept();
      }),
    );
    expect(masks[0]).toEqual(masks[1]);
    expect(masks[0]?.filter((each) => each === 0)).toHaveLength(1);
  });

  test('movement: what gradient descent moved towards 0 by the most goes first', async () => {
    const [steps, lr] = [6, 0.3];
    const model = network();
    let weights = await weightsOf(model);
    const movement = weights.map(() => 0);
    for (let step = 0; step < steps - 1; step++) {
      const rate = lr * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
      const gradient = gradientOf(weights);
      for (const [index, value] of weights.entries())
        movement[index] = at(movement, index) - rate * value * at(gradient, index);
      weights = weights.map((value, index) => value - rate * at(gradient, index));
    }
    const lowest = [...movement.keys()].toSorted((a, b) => at(movement, a) - at(movement, b)).slice(0, 10);
    const pass = prune({
      sparsity: 0.5,
      method: 'movement',
      maximum: 1,
      schedule: { shape: 'one-shot', begin: (steps - 0.5) / steps, end: 1 },
      train: { epochs: steps, batchSize: examples, optimizer: { type: 'sgd', lr }, schedule: 'cosine' },
    });
    const { model: made } = await runRecipe(model, [pass], { data: { train: data }, loss: crossEntropy });
    const kept = (await Promise.all(made.parameters().map(async (each) => maskOf(each)?.kept()))).flatMap((each) => [
      ...(each ?? []),
    ]);
    expect(kept.flatMap((each, index) => (each === 0 ? [index] : []))).toEqual(lowest.toSorted((a, b) => a - b));
  });
});

test('movement adds up small steps beside large ones', async () => {
  const model = build({ type: 'linear', in: 1, out: 1, bias: false, init: 'ones' });
  const [named] = selectParameters('test', model);
  const movement = new Movement([named as never]);
  const step = compile((gradient: ReturnType<typeof tensor>) => {
    movement.record(new Map([[(named as never as { parameter: { tensor: never } }).parameter.tensor, gradient]]));
    return gradient.add(0);
  });
  movement.beginStep(1);
  step(tensor([[-1]]));
  const gradient = tensor([[-3e-8]]);
  for (let count = 0; count < 1000; count++) step(gradient);
  movement.beginStep(1);
  expect((await movement.read())[0]?.[0]).toBeCloseTo(1.00003, 6);
});

describe('scores that are measured', () => {
  const gradual = { schedule: 'cubic', train: { epochs: 2, batchSize: 2 } } as const;
  const given = { data: { train: data }, loss: crossEntropy, seed: 3 } as const;
  const measured: readonly Importance[] = ['gradient', 'taylor', 'snip', 'fisher', 'movement', 'wanda'];

  test.each(measured)('%s is the same each time, and leaves the training as it was', async (method) => {
    const modes: boolean[] = [];
    const spy: Pass = {
      config: { type: 'spy' },
      needs: 'training',
      effects: [],
      plan: async (of) => ({
        summary: '',
        apply: async () => ({
          model: of,
          training: { beforeStep: () => void modes.push(of.training) },
          finalize: async () => ({ config: { type: 'spy' }, summary: '', details: {} }),
        }),
      }),
    };
    const run = async (): Promise<number[]> => {
      const step = together(prune({ sparsity: 0.6, method, ...gradual }), spy);
      return weightsOf((await runRecipe(network(), [step], given)).model);
    };
    const first = await run();
    expect(first.filter((value) => value === 0)).toHaveLength(12);
    expect(modes).toEqual(modes.map(() => true));
    expect(await run()).toEqual(first);
  });

  test('a teacher is listened to in the same training, by which movement is gathered', async () => {
    const run = async (...others: readonly Pass[]): Promise<number[]> => {
      const step = together(prune({ sparsity: 0.6, method: 'movement', ...gradual }), ...others);
      return weightsOf((await runRecipe(network(), [step], given)).model);
    };
    const taught = await run(distill({ temperature: 2 }), finetune(gradual.train));
    expect(taught.filter((value) => value === 0)).toHaveLength(12);
    expect(taught).not.toEqual(await run());
  });

  test.each<[string, Parameters<typeof prune>[0], object, RegExp]>([
    ['examples', { sparsity: 0.5, method: 'taylor' }, { loss: 'cross-entropy' }, /prune needs data for gradients/u],
    ['examples', { sparsity: 0.5, method: 'wanda' }, {}, /prune needs data for calibration/u],
    ['a loss', { sparsity: 0.5, method: 'fisher' }, { data: { train: data } }, /nothing says which/u],
  ])('are refused without %s before anything is done', async (_, options, run, message) => {
    await expect(runRecipe(network(), [prune(options)], run)).rejects.toThrow(message);
  });

  test('take no options of others', () => {
    expect(() => prune({ sparsity: 0.5, calibrate: { examples: 3 } })).toThrow(
      /calibrate is given, but .* by magnitude/u,
    );
    expect(() => prune({ sparsity: 0.5, method: 'movement' })).toThrow(/movement is gathered in training/u);
    expect(() => prune({ sparsity: 0.5, method: 'movement', train: {} })).toThrow(/let the schedule begin later/u);
  });

  test('a training that ends before weights were moved is refused', async () => {
    const step = prune({ sparsity: 0.5, method: 'movement', schedule: 'cubic', train: { epochs: 0 } });
    await expect(runRecipe(network(), [step], given)).rejects.toThrow(/before its first step/u);
  });

  test('a score of anybody’s is told what it needs', async () => {
    registerScore({
      type: 'test-steep',
      needs: 'gradients',
      score: (values, _, __, { gradient }) => values.map((___, index) => Math.abs(gradient?.[index] ?? NaN)),
    });
    expect(await scoresBy('test-steep', network())).toEqual(await scoresBy('gradient', network()));
    expect(() => registerScore({ type: 'test-odd', needs: 'luck' as never, score: (values) => values })).toThrow(
      /needs/u,
    );
  });
});
