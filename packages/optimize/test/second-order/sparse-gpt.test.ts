import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Embedding, Linear, Sequential, tensorDataset } from '@espalier/nn';
import { Generator, randint, tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  parseRecipe,
  prune,
  quantizationOf,
  recipeJson,
  runRecipe,
  sparseGpt,
  wanda,
  type Pass,
  type SparseGptOptions,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { sparsifyPart } from '../../src/second-order/sparsify-part.ts';
import { at } from '../helpers/at.ts';
import {
  convolutional,
  images,
  keptOf,
  linear,
  mixtures,
  outputError,
  unlabelled,
  valuesOf,
} from '../helpers/correlated.ts';
import { among, correlated, drawnWeights, inverse, rowsOf } from '../helpers/dense.ts';

const count = (kept: ArrayLike<number>): number => Array.from(kept).filter(Boolean).length;

/** SparseGPT with n of m by its plain definition: each weight with the inverse of what is left of the products. */
function definition(weights: Float64Array, products: Float64Array, columns: number, n: number, m: number): number[] {
  const matrix = rowsOf(products, columns);
  const mean = matrix.reduce((sum, row, index) => sum + at(row, index) / columns, 0);
  const damped = matrix.map((row, index) => row.map((value, column) => value + (index === column ? 0.01 * mean : 0)));
  const behind = (column: number): number[] => Array.from({ length: columns - column }, (_, each) => column + each);
  const inverses = Array.from({ length: columns }, (_, column) => inverse(among(damped, behind(column))));
  return rowsOf(weights, columns).flatMap((row) => {
    const left = [...row];
    let dropped = new Set<number>();
    for (let column = 0; column < columns; column++) {
      if (column % m === 0) {
        const group = behind(column).slice(0, m);
        const scores = group.map((each) => ({ each, score: at(left, each) ** 2 / at(at(at(inverses, each), 0), 0) }));
        scores.sort((a, b) => a.score - b.score || a.each - b.each);
        dropped = new Set(scores.slice(0, Math.max(0, group.length - n)).map(({ each }) => each));
      }
      const settled = dropped.has(column) ? 0 : Math.fround(at(left, column));
      const own = at(inverses, column);
      const error = (at(left, column) - settled) / at(at(own, 0), 0);
      for (const each of behind(column)) left[each] = at(left, each) - error * at(at(own, 0), each - column);
      left[column] = settled;
    }
    return left;
  });
}

describe('pruning a part', () => {
  test.each([
    [2, 4, 16],
    [1, 3, 11],
    [3, 5, 14],
    [2, 4, 150],
  ])(
    '%i of %i is the plain definition on %i columns',
    (n, m, columns) => {
      const products = correlated(columns, Math.ceil(columns / 5), 2);
      const weights = drawnWeights(3, columns, 3);
      const part = { weights, rows: 3, columns, kept: undefined, products };
      const { values, kept } = sparsifyPart(part, { drop: { n, m }, damping: 0.01, round: undefined });
      const wanted = definition(weights, products, columns, n, m);
      for (const [index, value] of values.entries()) expect(value).toBeCloseTo(at(wanted, index), 5);
      expect([...kept]).toEqual(wanted.map((value) => Number(value !== 0)));
    },
    30_000,
  );

  test('drops exactly as many as asked for, and nothing that was dropped comes back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 270 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(1000),
        (rows, columns, share, before, seed) => {
          const weights = drawnWeights(rows, columns, seed);
          // Not evenly: most of what is gone lies in the last columns.
          const gone = Uint8Array.from(weights, (_, index) => Number((index % columns) / columns < 1 - before * share));
          const wanted = Math.floor(share * rows * columns);
          const products = correlated(columns, 3, 1, 10);
          for (const kept of [undefined, gone]) {
            const found = sparsifyPart(
              { weights, rows, columns, kept, products },
              { drop: { count: wanted }, damping: 0.01, round: undefined },
            );
            const left = rows * columns - Math.max(wanted, kept ? rows * columns - count(kept) : 0);
            expect(count(found.kept)).toBe(left);
            for (const [index, each] of found.kept.entries()) {
              if (kept?.[index] === 0) expect(each).toBe(0);
              if (each === 0) expect(found.values[index]).toBe(0);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('of equal ones the first go', () => {
    const products = Float64Array.from({ length: 36 }, (_, index) => Number(index % 7 === 0));
    const part = { weights: new Float64Array(12).fill(1), rows: 2, columns: 6, kept: undefined, products };
    const { kept } = sparsifyPart(part, { drop: { count: 6 }, damping: 0.01, round: undefined });
    expect([...kept]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    const pattern = sparsifyPart(part, { drop: { n: 1, m: 3 }, damping: 0.01, round: undefined });
    expect([...pattern.kept]).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
  });

  test('is by magnitude, without a change, where there is no factor', () => {
    const products = Float64Array.of(1, 3, 3, 1);
    const part = { weights: Float64Array.of(2, -1, 1, 3), rows: 2, columns: 2, kept: undefined, products };
    const found = sparsifyPart(part, { drop: { count: 2 }, damping: 0.01, round: undefined });
    expect([...found.values]).toEqual([2, 0, 0, 3]);
    expect(found.note).toContain('not positive definite');
  });
});

describe('sparseGpt', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'espalier-sparse-gpt-'));
  });
  afterAll(async () => rm(root, { recursive: true, force: true }));

  test.each<[string, SparseGptOptions]>([
    ['half', { sparsity: 0.5 }],
    ['2:4', { pattern: '2:4' }],
  ])('loses less at the output than Wanda and magnitude, on other inputs too: %s', async (_, options) => {
    const model = linear(64, 48, 1);
    const x = mixtures(600, 64, 12, 3);
    const data = { train: unlabelled(x.slice([0, 0], [400, 64]).realizeSync()) };
    const other = x.slice([400, 0], [600, 64]).realizeSync();
    const lossOf = async (pass: Pass): Promise<number> =>
      outputError((await runRecipe(model, [pass], { data })).model, model, other);
    const own = await lossOf(sparseGpt(options));
    expect(own * 2).toBeLessThan(await lossOf(wanda(options)));
    if (options.sparsity !== undefined)
      expect(own * 2).toBeLessThan(await lossOf(prune({ sparsity: options.sparsity, scope: 'local' })));
  });

  test.each([0, 0.3, 0.5, 0.77, 0.9])(
    'drops exactly ⌊%f · size⌋ of each layer, groups of convolutions together',
    async (sparsity) => {
      const { model, records } = await runRecipe(convolutional(), [sparseGpt({ sparsity })], {
        data: { train: images },
      });
      for (const name of ['0.weight', '3.weight']) {
        const kept = await keptOf(model, name);
        expect(kept.length - count(kept)).toBe(Math.floor(sparsity * kept.length + 1e-9));
        expect(records[0]?.details).toMatchObject({ [name]: { kept: count(kept), size: kept.length } });
      }
    },
  );

  test('keeps exactly n of m, and what is gone already stays gone', async () => {
    const data = { train: images };
    const { model: once } = await runRecipe(convolutional(), [prune({ sparsity: 0.2, scope: 'local' })]);
    const { model } = await runRecipe(once, [sparseGpt({ pattern: '2:4' })], { data });
    const [before, kept] = [await keptOf(once, '3.weight'), await keptOf(model, '3.weight')];
    for (const [index, each] of kept.entries()) expect(each).toBeLessThanOrEqual(at(before, index));
    for (let begin = 0; begin < kept.length; begin += 4)
      expect(count(kept.slice(begin, begin + 4))).toBe(Math.min(2, count(before.slice(begin, begin + 4))));
  });

  test('gives the same each time, and leaves the model it was given', async () => {
    const model = convolutional();
    const before = [...valuesOf(model, '3.weight')];
    const run = async (): Promise<Float32Array> =>
      valuesOf((await runRecipe(model, [sparseGpt({ sparsity: 0.6 })], { data: { train: images } })).model, '3.weight');
    expect(await run()).toEqual(await run());
    expect([...valuesOf(model, '3.weight')]).toEqual(before);
  });

  test.each<SparseGptOptions>([
    { sparsity: 0.5 },
    { pattern: '2:4' },
    { sparsity: 0.5, bits: 8 },
    { pattern: '2:4', bits: 4, group: 32 },
    { sparsity: 0.7, bits: 3 },
  ])('comes back from a file with the same numbers: %j', async (options) => {
    const { model } = await runRecipe(convolutional(), [sparseGpt(options)], { data: { train: images } });
    const folder = join(root, JSON.stringify(options).replaceAll(/\W/g, ''));
    await saveOptimized(folder, model);
    const { model: loaded } = await loadOptimized(folder);
    for (const [name, parameter] of model.namedParameters()) {
      const values = valuesOf(model, name);
      expect(valuesOf(loaded, name)).toEqual(values);
      if (!name.endsWith('.weight')) continue;
      const zeros = values.length - count(values);
      const dropped = options.sparsity === undefined ? 0 : Math.floor(options.sparsity * values.length + 1e-9);
      expect(zeros).toBeGreaterThanOrEqual(dropped);
      if (options.bits === 8) expect(quantizationOf(parameter)).toBeDefined();
      if ((options.bits ?? 8) < 8) expect(parameter.stored?.matrix.format.name).toMatch(/^int(4|-n)$/u);
    }
  });

  test('rounding in the same go loses less than rounding afterwards to the nearest', async () => {
    const model = linear(64, 48, 1);
    const x = mixtures(400, 64, 12, 3);
    const data = { train: unlabelled(x) };
    const { model: jointly } = await runRecipe(model, [sparseGpt({ sparsity: 0.5, bits: 4 })], { data });
    const { model: apart } = await runRecipe(
      model,
      parseRecipe([
        { type: 'sparse-gpt', sparsity: 0.5 },
        { type: 'encode', format: 'int4', options: { group: 64 } },
      ]),
      { data },
    );
    expect(outputError(jointly, model, x)).toBeLessThan(outputError(apart, model, x));
  });

  test('an embedding goes by magnitude, with a note, and a weight in two places once', async () => {
    const layer = new Linear({ in: 4, out: 4, bias: false });
    const model = new Sequential([new Embedding({ count: 5, size: 4 }), layer, layer]);
    const ids = randint(0, 5, [40], { generator: new Generator(1) });
    const { model: pruned, records } = await runRecipe(model, [sparseGpt({ sparsity: 0.5 })], {
      data: { train: tensorDataset(ids, ids) },
    });
    expect(Object.keys(records[0]?.details as object)).toEqual(['0.weight', '1.weight']);
    expect(records[0]?.details).toMatchObject({ '0.weight': { note: expect.stringContaining('no input'), kept: 10 } });
    const before = [...valuesOf(model, '0.weight')];
    const least = before.map(Math.abs).toSorted((a, b) => a - b)[9] as number;
    expect([...valuesOf(pruned, '0.weight')]).toEqual(before.map((value) => (Math.abs(value) > least ? value : 0)));
  });

  test('is a step of a recipe in JSON', () => {
    const json = [{ type: 'sparse-gpt', pattern: '2:4', bits: 4, group: 32, damping: 0.1, calibrate: { examples: 9 } }];
    expect(recipeJson(parseRecipe(json))).toEqual(json);
    const fitted = [{ type: 'sparse-gpt', sparsity: 0.5, refit: 4 }];
    expect(recipeJson(parseRecipe(fitted))).toEqual(fitted);
  });
});

describe('sparseGpt refuses', () => {
  test.each([Number.NaN, -Infinity, 1e30])('inputs with %s, by the name of the weight', async (value) => {
    const run = runRecipe(linear(2, 2, 1), [sparseGpt({ sparsity: 0.5 })], {
      data: { train: unlabelled(tensor([[1, value]])) },
    });
    await expect(run).rejects.toThrow(/sparse-gpt: the inputs of weight are not finite/);
  });

  test('data that are missing', async () => {
    await expect(runRecipe(linear(2, 2, 1), [sparseGpt({ sparsity: 0.5 })])).rejects.toThrow(
      /sparse-gpt needs data for calibration/,
    );
  });

  test.each<[object, RegExp]>([
    [{}, /has neither sparsity nor pattern/],
    [{ sparsity: 0.5, pattern: '2:4' }, /has both/],
    [{ sparsity: 1 }, /sparsity is 1/],
    [{ sparsity: 0.5, bits: 7 }, /bits is 7/],
    [{ sparsity: 0.5, bits: 8, group: 32 }, /has a group, but int8/],
    [{ sparsity: 0.5, damping: -1 }, /damping is -1/],
    [{ sparsity: 0.5, refit: 1.5 }, /refit is 1.5/],
    [{ sparsity: 0.5, bits: 8, refit: 2 }, /fits what is rounded/],
    [{ sparsity: 0.5, zeros: true }, /'zeros' is no option/],
  ])('the options %j', (options, message) => {
    expect(() => sparseGpt(options as SparseGptOptions)).toThrow(message);
  });
});
