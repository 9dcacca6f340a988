import type { Parameter } from '@espalier/nn';
import { fromTyped, Generator, randn } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  awq,
  gptq,
  hqq,
  materializeModel,
  parseRecipe,
  recipeJson,
  runRecipe,
  setMask,
  sparseGpt,
  strip,
  type Step,
} from '../../src/index.ts';
import { halfQuadraticGrid, sparseError } from '../../src/rounding/hqq-grid.ts';
import { roundToNearest } from '../../src/second-order/round-part.ts';
import { gridOf } from '../../src/second-order/grid.ts';
import { convolutional, images, linear, mixtures, outputError, unlabelled, valuesOf } from '../helpers/correlated.ts';

const anyNumbers = fc.record({ bits: fc.constantFrom(2, 3, 4), zeros: fc.boolean() });

describe('half-quadratic grids', () => {
  const weights = fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 40 });

  test('are no worse than the grid that reaches over all weights, by the norm they are made for, and hold 0', () => {
    fc.assert(
      fc.property(weights, anyNumbers, (values, numbers) => {
        const grid = halfQuadraticGrid(values, numbers);
        const plain = gridOf(
          values,
          values.map(() => 1),
          { ...numbers, clip: false },
        );
        expect(sparseError(grid, values)).toBeLessThanOrEqual(sparseError(plain, values) * (1 + 1e-12));
        expect(grid.most - grid.least).toBe(2 ** numbers.bits - 1);
        expect(grid.least).toBeLessThanOrEqual(0);
        expect(grid.most).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test.each([
    [2, 0.85],
    [3, 0.95],
    [4, 0.98],
  ])('of bells of weights, those of %d bits lose less than the grids that reach over all of them', (bits, most) => {
    let [own, other] = [0, 0];
    for (let seed = 0; seed < 40; seed++) {
      const values = [...randn([64], { generator: new Generator(seed) }).dataSync()] as number[];
      const ones = values.map(() => 1);
      own += sparseError(halfQuadraticGrid(values, { bits, zeros: true }), values);
      other += sparseError(gridOf(values, ones, { bits, zeros: true, clip: false }), values);
    }
    expect(own / other).toBeLessThan(most);
  });
});

describe.each<[string, (options: object) => Step]>([
  ['awq', (options) => awq({ ...options, calibrate: { examples: 60 } })],
  ['hqq', (options) => hqq(options)],
])('%s', (type, step) => {
  const data = unlabelled(mixtures(80, 48, 5, 2));

  test('stores codes that mean what the model computed with, at any number of bits', async () => {
    for (const options of [{ bits: 8 }, { bits: 4 }, { bits: 3, group: 16 }, { bits: 2, zeros: false }]) {
      const { model } = await runRecipe(linear(48, 10, 1), [step(options)], { data: { train: data } });
      const stored = await materializeModel(model);
      const { x } = await data.batch([0, 1, 2]);
      const wanted = model.call(x);
      const largest = wanted.abs().max().itemSync();
      expect(stored.call(x).sub(wanted).abs().max().itemSync()).toBeLessThan(1e-5 * largest);
      expect((await strip(model)).call(x).sub(wanted).abs().max().itemSync()).toBeLessThan(1e-4 * largest);
      const format = stored.parameters()[0]?.stored?.matrix.format.name;
      expect(format).toBe({ 8: 'int8', 4: 'int4' }[options.bits] ?? 'int-n');
    }
  });

  test('works on convolutions with groups and what follows them, and keeps what was pruned at 0', async () => {
    const model = convolutional();
    const weight = model.parameters()[0] as Parameter;
    setMask(
      weight,
      Uint8Array.from({ length: weight.size }, (_, index) => index % 2),
    );
    const { model: rounded } = await runRecipe(model, [step({ bits: 4, group: 16 })], { data: { train: images } });
    for (const [index, value] of valuesOf(rounded, '0.weight').entries()) if (index % 2 === 0) expect(value).toBe(0);
    const { x } = await images.batch([0, 1, 2, 3]);
    expect(outputError(rounded, model, x)).toBeLessThan(0.05 * model.call(x).square().sum().itemSync());
  });

  test('has a form in JSON, and says what it cannot do', () => {
    const json = [{ type, bits: 3, group: 32, zeros: true, exclude: ['bias'] }];
    expect(recipeJson(parseRecipe(json))).toEqual(json);
    expect(() => step({ bits: 5 })).toThrow(/bits is 5/);
    expect(() => step({ bits: 8, zeros: true })).toThrow(/int8 lies around 0/);
    expect(() => step({ zeros: 1 })).toThrow(/zeros is 1/);
  });
});

test.each<[string, Step]>([
  ['gptq', gptq({ bits: 3 })],
  ['sparse-gpt', sparseGpt({ sparsity: 0.5, bits: 4 })],
  ['awq', awq({ bits: 3 })],
  ['hqq', hqq({ bits: 3 })],
])('one pass of %s works on several models at once', async (_, step) => {
  const train = unlabelled(mixtures(40, 20, 5, 2));
  const rounded = async (seed: number): Promise<readonly [number[], unknown]> => {
    const { model, records } = await runRecipe(linear(20, 6, seed), [step], { data: { train } });
    return [[...valuesOf(model)], records[0]?.details];
  };
  const alone = [await rounded(1), await rounded(2), await rounded(3)];
  expect(await Promise.all([rounded(1), rounded(2), rounded(3)])).toEqual(alone);
});

describe('awq', () => {
  /** What is lost at the output where every eighth input is far larger: by awq, and by the nearest numbers of the same grids. */
  async function losses(seed: number, bits: 2 | 3 | 4): Promise<{ readonly own: number; readonly nearest: number }> {
    const sizes = Float32Array.from({ length: 32 }, (_, at) => (at % 8 === 0 ? 20 : 1));
    const inputs = mixtures(100, 32, 32, seed)
      .mul(fromTyped(sizes, [32]))
      .realizeSync();
    const [model, plain] = [linear(32, 12, seed), linear(32, 12, seed)];
    const options = { bits, zeros: true, clip: false } as const;
    const { model: rounded } = await runRecipe(model, [awq({ ...options, calibrate: { examples: 100 } })], {
      data: { train: unlabelled(inputs) },
    });
    const { values } = roundToNearest(
      { weights: Float64Array.from(valuesOf(model)), rows: 12, columns: 32, kept: undefined, products: undefined },
      { ...options, width: 32 },
    );
    plain.parameters()[0]?.tensor.assign(fromTyped(Float32Array.from(values), [12, 32]).realizeSync());
    return { own: outputError(rounded, model, inputs), nearest: outputError(plain, model, inputs) };
  }

  test('loses no more at the output than the nearest numbers do, on the examples that it chose its exponent by', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(2, 3, 4), async (seed, bits) => {
        const { own, nearest } = await losses(seed, bits);
        expect(own).toBeLessThanOrEqual(nearest * 1.0001);
      }),
      { numRuns: 6 },
    );
  });

  // Of one layer chance decides how much: a few weights of the large channels may be near numbers of the grid as they are.
  test.each([2, 3, 4] as const)('loses little more than half of it at %d bits, over twelve layers', async (bits) => {
    const sum = { own: 0, nearest: 0 };
    for (let seed = 0; seed < 12; seed++) {
      const { own, nearest } = await losses(seed, bits);
      sum.own += own;
      sum.nearest += nearest;
    }
    expect(sum.own).toBeLessThan(0.6 * sum.nearest);
  });
});
