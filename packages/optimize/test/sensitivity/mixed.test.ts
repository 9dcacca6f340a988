/** Each layer gets what it bears, and all together keep the budget. */
import { build, tensorDataset, type Json, type Module } from '@espalier/nn';
import { configure, full, zeros } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  RecipeError,
  gptq,
  measureCost,
  mixed,
  parseRecipe,
  recipeJson,
  runRecipe,
  sensitivity,
  type MixedOptions,
  type PassRecord,
  type SensitivityTable,
} from '../../src/index.ts';
import { features, perceptron, train, trained } from '../helpers/blobs.ts';

const options = [2, 3, 4].map((bits) => ({ type: 'gptq', bits, group: 16, calibrate: { examples: 64 } }));
const data = { train };

async function table(): Promise<SensitivityTable> {
  return sensitivity(await trained(), { data, options, by: 'outputs', examples: 256 });
}

async function weightBytes(model: Module): Promise<number> {
  const { perParameter } = await measureCost(model, { inputShape: [features], latency: false });
  return perParameter.filter(({ name }) => name.endsWith('weight')).reduce((sum, { bytes }) => sum + bytes, 0);
}

describe('mixed', () => {
  test('keeps the budget in the file, and does what the table says does the least damage', async () => {
    const model = await trained();
    const measured = await table();
    const size = model.parameters().reduce((sum, each) => sum + (each.shape.length > 1 ? each.size : 0), 0);
    for (const bits of [4.5, 5, 6, 16]) {
      const { model: small, records } = await runRecipe(model, [mixed({ bits, table: measured })], { data });
      const { bytes, layers } = (records[0] as PassRecord).details as unknown as {
        bytes: number;
        layers: Record<string, { bytes: number }>;
      };
      expect(bytes).toBeLessThanOrEqual((size * bits) / 8);
      expect(await weightBytes(small)).toBe(bytes);
      expect(Object.keys(layers)).toEqual(['0.weight', '2.weight']);
    }
  });

  test('measures where it is given no table, and comes to the same', async () => {
    const model = await trained();
    const step: MixedOptions = { bits: 5, options, examples: 256 };
    const own = await runRecipe(model, [mixed(step)], { data });
    const given = await runRecipe(model, [mixed({ bits: 5, table: await table() })], { data });
    expect(own.records[0]?.details).toEqual(given.records[0]?.details);
    for (const [name, parameter] of own.model.namedParameters())
      expect(await given.model.namedParameters().get(name)?.value.data()).toEqual(await parameter.value.data());
  });

  test('says so where its table is of another model', async () => {
    const notices: string[] = [];
    configure({ warn: (notice) => void notices.push(notice) });
    try {
      await runRecipe(await trained(), [mixed({ bits: 5, table: await table() })], { data });
      expect(notices).toEqual([]);
      const other = build(perceptron(32), { seed: 9 });
      await runRecipe(other, [mixed({ bits: 5, table: await table() })], { data });
      expect(notices.join()).toMatch(/mixed: the table was measured of another model/);
    } finally {
      configure({ warn: (notice) => console.warn(notice) });
    }
  });

  test('with one option is that option', async () => {
    const model = await trained();
    const only = options.slice(0, 1);
    const all = await runRecipe(model, [mixed({ bits: 4, options: only })], { data });
    const same = await runRecipe(model, [gptq({ bits: 2, group: 16, calibrate: { examples: 64 } })], { data });
    for (const [name, parameter] of all.model.namedParameters())
      expect(await same.model.namedParameters().get(name)?.value.data()).toEqual(await parameter.value.data());
  });

  test('refuses a budget below the smallest options before anything is done', async () => {
    for (const [budget, words] of [
      [{ bits: 1 }, /bits is 1, \d+ bytes for \d+ weights, and the smallest options take/],
      [{ bytes: 7 }, /bytes is 7, and the smallest options take/],
    ] as const) {
      const run = runRecipe(await trained(), [mixed({ ...budget, table: await table() })], { data });
      await expect(run).rejects.toThrow(RecipeError);
      await expect(run).rejects.toThrow(words);
    }
  });

  test('says why a layer is too large that none of the options can be had of', async () => {
    const x = full([4, features], Number.NaN);
    const wrong = { train: tensorDataset(x, zeros([4], { dtype: 'i32' })) };
    await expect(runRecipe(await trained(), [mixed({ bits: 5, options })], { data: wrong })).rejects.toThrow(
      /take \d+, since 0\.weight can have none of the options: gptq: the inputs of 0\.weight are not finite/,
    );
  });

  test('is a step of a recipe in JSON, table and all', async () => {
    const steps = [mixed({ bytes: 1000, table: await table() })];
    const json = JSON.parse(JSON.stringify(recipeJson(steps))) as Json;
    expect(recipeJson(parseRecipe(json))).toEqual(recipeJson(steps));
    expect(steps[0]?.effects).toEqual(['numbers', 'format']);
  });

  test.each<[object, RegExp]>([
    [{}, /bits undefined and bytes undefined; give one of both/],
    [{ bits: 3, bytes: 3 }, /bits 3 and bytes 3/],
    [{ bits: 0 }, /bits is 0; it must be a number above 0/],
    [{ bits: 3, options: [] }, /options is \[\]/],
    [{ bits: 3, options: [{ type: 'finetune' }] }, /train nothing/],
    [{ bits: 3, options: [{ type: 'gptq', include: ['a'] }] }, /leave training, include and exclude out/],
    [{ bits: 3, table: { layers: 1 } }, /give what sensitivity measured/],
  ])('refuses %o', (wrong, problem) => {
    expect(() => mixed(wrong as MixedOptions)).toThrow(problem);
  });

  test('refuses a table of another model', async () => {
    const run = runRecipe(await trained(), [mixed({ bits: 5, table: { layers: [] } })], { data });
    await expect(run).rejects.toThrow(/the table has no 0\.weight/);
  });
});
