// Changes of a low rank: what is trained, what is not, and what becomes of masks and grids.
import { build, tensorDataset, type Module, type Parameter } from '@espalier/nn';
import { Generator, randn } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  finetune,
  gptq,
  lowRank,
  maskOf,
  parseRecipe,
  prune,
  recipeJson,
  runRecipe,
  together,
  type Pass,
} from '../../src/index.ts';
import { at } from '../helpers/at.ts';
import { accuracyOf, logitsOf, train, trained } from '../helpers/blobs.ts';

const data = { train };
const quick = { epochs: 4, batchSize: 64, optimizer: { type: 'adam', lr: 0.01 } } as const;

const parametersOf = (model: Module): readonly (readonly [string, Parameter])[] => [...model.namedParameters()];

async function valuesOf(model: Module): Promise<ReadonlyMap<string, Float32Array>> {
  const all = parametersOf(model).map(async ([name, parameter]) => [name, await parameter.value.data()] as const);
  return new Map(await Promise.all(all)) as ReadonlyMap<string, Float32Array>;
}

/** What a recipe changed of a weight. */
async function changeOf(name: string, before: Module, after: Module): Promise<Float32Array> {
  const [from, to] = [(await valuesOf(before)).get(name), (await valuesOf(after)).get(name)];
  return (to as Float32Array).map((value, index) => value - at(from as Float32Array, index));
}

/** The largest minor of two rows and two columns, of which one is that of the largest number, over its square. */
function largestMinor(matrix: Float32Array, columns: number): number {
  const pivot = matrix.reduce((best, value, index) => (Math.abs(value) > Math.abs(at(matrix, best)) ? index : best), 0);
  const [row, column] = [Math.floor(pivot / columns), pivot % columns];
  let largest = 0;
  for (let index = 0; index < matrix.length; index++) {
    const [i, j] = [Math.floor(index / columns), index % columns];
    const minor =
      at(matrix, index) * at(matrix, pivot) - at(matrix, i * columns + column) * at(matrix, row * columns + j);
    largest = Math.max(largest, Math.abs(minor));
  }
  return largest / at(matrix, pivot) ** 2;
}

describe('low-rank changes', () => {
  test('are of the rank that was asked for, and nothing else changes', async () => {
    const model = await trained();
    const run = (rank: number) =>
      runRecipe(model, [together(lowRank({ rank, include: ['0.weight'] }), finetune(quick))], { data, seed: 1 });
    const [one, two] = [await run(1), await run(2)];
    const [ofOne, ofTwo] = [await changeOf('0.weight', model, one.model), await changeOf('0.weight', model, two.model)];
    expect(Math.max(...ofOne.map(Math.abs))).toBeGreaterThan(0.01);
    expect(largestMinor(ofOne, 16)).toBeLessThan(1e-5);
    expect(largestMinor(ofTwo, 16)).toBeGreaterThan(1e-3);
    for (const name of ['0.bias', '2.weight', '2.bias'])
      expect(Math.max(...(await changeOf(name, model, one.model)).map(Math.abs))).toBe(0);
    for (const [, { trainable, views }] of parametersOf(one.model))
      expect([trainable, views.length]).toEqual([true, 0]);
    expect(one.records[0]?.summary).toBe('train changes of rank 1 of 1 weights for 4 epochs');
    expect(one.records[0]?.details).toEqual({
      '0.weight': { rank: 1, relativeChange: expect.closeTo(0.2, 0) as number },
    });
  });

  test('are none before training, and the same for the same seed', async () => {
    const model = await trained();
    const run = (epochs: number, seed: number) =>
      runRecipe(model, [together(lowRank(), finetune({ ...quick, epochs }))], { data, seed });
    expect(await valuesOf((await run(0, 1)).model)).toEqual(await valuesOf(model));
    const [first, second, other] = [await run(1, 1), await run(1, 1), await run(1, 2)];
    expect(await valuesOf(first.model)).toEqual(await valuesOf(second.model));
    expect(await logitsOf(first.model)).not.toEqual(await logitsOf(other.model));
  });

  test('leave room for vectors, of those that were trained before', async () => {
    const model = await trained();
    const { model: own } = await runRecipe(model, []);
    (own.namedParameters().get('0.bias') as Parameter).trainable = false;
    const step = together(lowRank({ others: 'vectors' }), finetune(quick));
    const { model: made } = await runRecipe(own, [step], { data });
    expect(Math.max(...(await changeOf('2.bias', model, made)).map(Math.abs))).toBeGreaterThan(0);
    expect(Math.max(...(await changeOf('0.bias', model, made)).map(Math.abs))).toBe(0);
    expect(parametersOf(made).map(([, { trainable }]) => trainable)).toEqual([true, false, true, true]);
  });

  test('bring back what pruning took, under the masks', async () => {
    const model = await trained();
    const { model: sparse } = await runRecipe(model, [prune({ sparsity: 0.9 })]);
    const step = together(lowRank({ rank: 4, others: 'vectors' }), finetune(quick));
    const { model: made } = await runRecipe(sparse, [step], { data });
    const [lost, back] = [await accuracyOf(sparse), await accuracyOf(made)];
    expect(back).toBeGreaterThan(lost + 0.05);
    for (const name of ['0.weight', '2.weight']) {
      const kept = (await maskOf(made.namedParameters().get(name) as Parameter)?.kept()) as Uint8Array;
      const values = (await valuesOf(made)).get(name) as Float32Array;
      expect(values.every((value, index) => (value === 0 ? kept[index] === 0 : kept[index] === 1))).toBe(true);
    }
  });

  test('are trained under grids, on which the weights are in the end', async () => {
    const model = await trained();
    const rounding = { bits: 2, group: 16, calibrate: { examples: 64 } } as const;
    const { model: plain } = await runRecipe(model, [gptq(rounding)], { data });
    const step = together(lowRank({ rank: 4 }), finetune(quick), gptq({ ...rounding, steps: 'learned' }));
    const { model: made } = await runRecipe(model, [step], { data });
    expect(await accuracyOf(made)).toBeGreaterThanOrEqual(await accuracyOf(plain));
    expect(await logitsOf(made)).not.toEqual(await logitsOf(plain));
    const weight = made.namedParameters().get('0.weight') as Parameter;
    expect(weight.stored?.matrix?.settings).toMatchObject({ bits: 2, group: 16 });
    const first = ((await weight.value.data()) as Float32Array).subarray(0, 16);
    expect(new Set(first).size).toBeLessThanOrEqual(4);
  });

  test('of a convolution are of its filters as rows', async () => {
    const conv = build({ type: 'conv2d', in: 2, out: 6, kernel: 3, bias: false }, { seed: 1 });
    const x = randn([8, 2, 5, 5], { generator: new Generator(1) });
    const y = x.narrow(2, 0, 3).narrow(3, 0, 3).tile([1, 3, 1, 1]);
    const step = together(
      lowRank({ rank: 1 }),
      finetune({ epochs: 3, loss: 'mse', optimizer: { type: 'sgd', lr: 0.05 } }),
    );
    const { model: made } = await runRecipe(conv, [step], { data: { train: tensorDataset(x, y) } });
    expect(largestMinor(await changeOf('weight', conv, made), 18)).toBeLessThan(1e-4);
  });

  test('are of no higher rank than their matrix', async () => {
    const model = await trained();
    const { records } = await runRecipe(model, [together(lowRank({ rank: 100 }), finetune({ epochs: 0 }))], { data });
    expect(records[0]?.details).toEqual({
      '0.weight': { rank: 16, relativeChange: 0 },
      '2.weight': { rank: 4, relativeChange: 0 },
    });
  });

  test('are JSON', () => {
    const steps = [{ type: 'low-rank', rank: 2, alpha: 2, others: 'vectors', exclude: ['2.*'] }];
    expect(recipeJson(parseRecipe(steps))).toEqual(steps);
  });

  test.each([
    [{ rank: 0 }, 'rank is 0; it must be a whole number of at least 1'],
    [{ alpha: -1 }, 'alpha is -1; it must be a number above 0'],
    [{ alpha: Infinity }, 'alpha is'],
    [{ others: 'all' }, 'others is "all"; it must be one of none, vectors'],
    [{ ranks: 2 }, "'ranks' is no option"],
  ])('%o is refused', (options, why) => {
    expect(() => lowRank(options as never)).toThrow(why);
  });

  test('what has no rank, and what is made final before them, is refused', async () => {
    const model = await trained();
    const run = (...passes: readonly [Pass, ...Pass[]]) => runRecipe(model, [together(...passes)], { data });
    await expect(run(lowRank({ include: ['0.bias'] }))).rejects.toThrow(
      'low-rank: 0.bias has the shape [32] and no rank; exclude it',
    );
    await expect(run(gptq({ bits: 4, group: 16, steps: 'learned' }), lowRank())).rejects.toThrow(
      'low-rank after gptq would make weights dense again',
    );
  });
});
