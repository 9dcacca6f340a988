import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, Embedding, Linear, Sequential, tensorDataset, type Module } from '@espalier/nn';
import { Generator, randint, randn, tensor, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  distill,
  encode,
  finetune,
  gptq,
  measureCost,
  packWeights,
  parseRecipe,
  prune,
  quantizationOf,
  quantize,
  recipeJson,
  runRecipe,
  together,
  type GptqOptions,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { gridAt, onGrid, staticGrids, type Grid } from '../../src/second-order/grid.ts';
import { importanceOf, rowLosses, type Part } from '../../src/second-order/part.ts';
import { roundPart, type RoundOptions } from '../../src/second-order/round-part.ts';
import { at } from '../helpers/at.ts';
import { convolutional, images, linear, mixtures, outputError, unlabelled, valuesOf } from '../helpers/correlated.ts';
import { among, correlated, drawnWeights, inverse, quadratic, rowsOf } from '../helpers/dense.ts';

const drawn = (shape: number[], seed: number): Tensor => randn(shape, { generator: new Generator(seed) });

const partOf = (rows: number, columns: number, seed: number, more: Partial<Part> = {}): Part => ({
  weights: drawnWeights(rows, columns, seed),
  rows,
  columns,
  kept: undefined,
  products: correlated(columns, Math.max(2, columns >> 2), seed),
  ...more,
});

const usual: RoundOptions = {
  bits: 3,
  width: 256,
  zeros: false,
  clip: false,
  actOrder: true,
  staticGroups: true,
  damping: 0.01,
};

/** GPTQ by its plain definition: one weight after another, each time with the inverse of what is left of the products. */
function definition(part: Part, grids: readonly Grid[], options: RoundOptions): number[] {
  const { columns } = part;
  const products = rowsOf(part.products as Float64Array, columns);
  const diagonal = products.map((row, index) => at(row, index));
  const mean = diagonal.reduce((sum, each) => sum + each, 0) / columns;
  const damped = products.map((row, index) =>
    row.map((value, column) => value + (index === column ? options.damping * mean : 0)),
  );
  const order = diagonal.map((_, column) => column);
  if (options.actOrder) order.sort((a, b) => at(diagonal, b) - at(diagonal, a) || a - b);
  return rowsOf(part.weights, columns).flatMap((weights, row) => {
    const left = [...weights];
    for (const [step, column] of order.entries()) {
      const behind = order.slice(step);
      const inverted = inverse(among(damped, behind));
      const isGone = part.kept?.[row * columns + column] === 0;
      const rounded = isGone ? 0 : onGrid(gridAt(grids, row, column, columns, options.width), at(left, column));
      const error = (at(left, column) - rounded) / at(at(inverted, 0), 0);
      for (const [place, other] of behind.entries()) left[other] = at(left, other) - error * at(at(inverted, 0), place);
      left[column] = rounded;
    }
    return left;
  });
}

describe('rounding in turn', () => {
  test.each<[string, Partial<RoundOptions>, boolean]>([
    ['as it is', {}, false],
    ['column after column', { actOrder: false }, false],
    ['in groups', { width: 4 }, false],
    ['with zero points', { zeros: true, bits: 2, width: 8 }, false],
    ['of 8 bits', { bits: 8 }, false],
    ['under a mask', {}, true],
  ])('is the plain definition, %s', (_, options, isMasked) => {
    const all = { ...usual, ...options };
    for (let seed = 1; seed <= 8; seed++) {
      const [rows, columns] = [3, 13];
      const mask = Uint8Array.from({ length: rows * columns }, (__, index) => Number((index * seed) % 3 > 0));
      const plain = partOf(rows, columns, seed);
      const part = isMasked
        ? { ...plain, kept: mask, weights: plain.weights.map((weight, index) => weight * at(mask, index)) }
        : plain;
      const wanted = rowsOf(definition(part, staticGrids(part, importanceOf(part), all), all), columns);
      const found = roundPart(part, all);
      const products = rowsOf(part.products as Float64Array, columns);
      const weights = rowsOf(part.weights, columns);
      let own = 0;
      for (const [row, values] of rowsOf(found.values, columns).entries()) {
        const loss = (of: readonly number[]): number =>
          quadratic(
            at(weights, row).map((weight, column) => weight - at(of, column)),
            products,
          );
        // A row that nearest numbers suit better has those.
        if (loss(values) < loss(at(wanted, row)) * (1 - 1e-9)) continue;
        expect(values).toEqual(at(wanted, row));
        own++;
      }
      expect(own).toBeGreaterThan(0);
    }
  });

  test('is the same over blocks of columns as one column at a time', () => {
    const part = partOf(2, 140, 3, { products: correlated(140, 30, 3) });
    const found = roundPart(part, { ...usual, actOrder: false });
    const wanted = definition(part, staticGrids(part, importanceOf(part), usual), { ...usual, actOrder: false });
    expect([...found.values]).toEqual(wanted);
  });

  test('is each row of the sweep with narrower grids that it loses less by, where they may be', () => {
    const options = { ...usual, bits: 2, clip: true };
    let [narrow, wide] = [0, 0];
    for (let seed = 1; seed <= 12; seed++) {
      const columns = 24;
      const part = partOf(4, columns, seed);
      const narrower = definition(part, staticGrids(part, importanceOf(part), options), options);
      const [of, whole, both] = [
        narrower,
        roundPart(part, { ...options, clip: false }).values,
        roundPart(part, options).values,
      ].map((all) => rowsOf(all, columns)) as [number[][], number[][], number[][]];
      for (const row of both.keys()) {
        const [own, other] = [of, whole].map((values) => rowLosses(part, Float64Array.from(values.flat()))[row]) as [
          number,
          number,
        ];
        const isNarrower = own <= other;
        expect(at(both, row)).toEqual(at(isNarrower ? of : whole, row));
        if (isNarrower) narrow++;
        else wide++;
      }
    }
    expect(Math.min(narrow, wide)).toBeGreaterThan(3);
  });

  test('never loses more at the output than rounding to the nearest numbers', () => {
    const options = fc.record({
      bits: fc.constantFrom(2, 3, 4, 8),
      width: fc.constantFrom(4, 16, 64),
      zeros: fc.boolean(),
      clip: fc.boolean(),
      order: fc.constantFrom<[boolean, boolean]>([true, true], [false, true], [false, false]),
      damping: fc.constantFrom(0, 0.01, 0.3),
    });
    fc.assert(
      fc.property(
        options,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(1000),
        fc.integer({ min: 1, max: 50 }),
        (drawnOptions, columns, seed, inputs) => {
          const {
            order: [actOrder, staticGroups],
            ...rest
          } = drawnOptions;
          const width = rest.bits === 8 ? columns : rest.width;
          const zeros = rest.zeros && rest.bits < 8;
          const part = partOf(3, columns, seed, { products: correlated(columns, 3, seed, inputs) });
          const found = roundPart(part, { ...rest, width, zeros, actOrder, staticGroups });
          const products = rowsOf(part.products as Float64Array, columns);
          const loss = (values: ArrayLike<number>): number =>
            rowsOf(part.weights, columns).reduce(
              (sum, row, index) =>
                sum +
                quadratic(
                  row.map((weight, column) => weight - at(values, index * columns + column)),
                  products,
                ),
              0,
            );
          const grids = staticGrids(part, importanceOf(part), { ...rest, width, zeros, clip: false });
          const nearest = part.weights.map((weight, index) =>
            onGrid(gridAt(grids, Math.floor(index / columns), index % columns, columns, width), weight),
          );
          const slack =
            1e-9 *
            quadratic(
              Array.from({ length: columns }, () => 1),
              products.map((row) => row.map(Math.abs)),
            );
          expect(found.loss).toBeCloseTo(loss(found.values), 6);
          expect(found.plainLoss).toBeCloseTo(loss(nearest), 6);
          expect(loss(found.values)).toBeLessThanOrEqual(loss(nearest) + slack);
          for (const [index, value] of found.values.entries())
            expect(
              onGrid(gridAt(found.grids, Math.floor(index / columns), index % columns, columns, width), value),
            ).toBe(value);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('loses at most a fifth of it at 3 bits behind correlated inputs', () => {
    const part = partOf(32, 96, 5, { products: correlated(96, 12, 5, 400) });
    for (const width of [128, 32]) {
      const { loss, plainLoss } = roundPart(part, { ...usual, width });
      expect(loss * 5).toBeLessThan(plainLoss);
    }
  });

  test('weights of inputs that are always 0 are 0', () => {
    const products = Float64Array.of(1, 0, 0.5, 0, 0, 0, 0.5, 0, 1);
    const { values, loss } = roundPart(
      { weights: Float64Array.of(0.3, 5, 0.7), rows: 1, columns: 3, kept: undefined, products },
      { ...usual, bits: 4 },
    );
    expect(values[1]).toBe(0);
    expect(loss).toBeLessThan(0.01);
  });

  test('is to the nearest, with a note, where there is no factor', () => {
    const part = partOf(2, 3, 1, { products: Float64Array.of(1, 3, 0, 3, 1, 0, 0, 0, 1) });
    const { values, loss, plainLoss, note } = roundPart(part, usual);
    const grids = staticGrids(part, importanceOf(part), { ...usual, clip: false });
    expect(values).toEqual(
      part.weights.map((weight, index) => onGrid(gridAt(grids, Math.floor(index / 3), index % 3, 3, 256), weight)),
    );
    expect(loss).toBe(plainLoss);
    expect(note).toContain('not positive definite');
  });
});

describe('gptq', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'espalier-gptq-'));
  });
  afterAll(async () => rm(root, { recursive: true, force: true }));

  test.each<GptqOptions>([
    { bits: 8 },
    { bits: 4 },
    { bits: 4, group: 16 },
    { bits: 4, group: 16, zeros: true, actOrder: false },
    { bits: 3, group: 32 },
    { bits: 3, zeros: true },
    { bits: 2, group: 16 },
    { bits: 2, zeros: true, actOrder: false, staticGroups: true },
  ])('comes back from a file with the same numbers: %j', async (options) => {
    const { model, records } = await runRecipe(convolutional(), [gptq(options)], { data: { train: images } });
    const folder = join(root, JSON.stringify(options).replaceAll(/\W/g, ''));
    await saveOptimized(folder, model);
    const { model: loaded } = await loadOptimized(folder);
    for (const [name, parameter] of model.namedParameters()) {
      expect(valuesOf(loaded, name)).toEqual(parameter.value.dataSync());
      if (!name.endsWith('.weight')) continue;
      if (options.bits === 8) expect(quantizationOf(parameter)).toBeDefined();
      else expect(parameter.stored?.matrix.format.name).toMatch(/^int(4|-n)$/u);
      const row = valuesOf(model, name).subarray(0, Math.min(options.group ?? 9, 9));
      expect(new Set(row).size).toBeLessThanOrEqual(2 ** (options.bits as number));
      const figures = Reflect.get(records[0]?.details as object, name) as {
        outputError: number;
        nearestOutputError: number;
      };
      expect(figures.outputError).toBeLessThanOrEqual(figures.nearestOutputError);
    }
  });

  test('is nearer at the output than the same format to the nearest numbers, on other inputs too', async () => {
    const model = linear(64, 32, 1);
    const x = mixtures(600, 64, 8, 3);
    const train = unlabelled(x.slice([0, 0], [400, 64]).realizeSync());
    const { model: rounded } = await runRecipe(model, [gptq({ bits: 4, group: 32 })], { data: { train } });
    const { model: nearest } = await runRecipe(model, [encode({ format: 'int4', options: { group: 32 } })]);
    const other = x.slice([400, 0], [600, 64]).realizeSync();
    expect(outputError(rounded, model, other) * 5).toBeLessThan(outputError(nearest, model, other));
  });

  test('gives the same each time', async () => {
    const run = async (): Promise<Float32Array> =>
      valuesOf((await runRecipe(convolutional(), [gptq({ bits: 3 })], { data: { train: images } })).model, '3.weight');
    expect(await run()).toEqual(await run());
  });

  test('leaves what was pruned at 0', async () => {
    const steps = [prune({ sparsity: 0.5, scope: 'local' }), gptq({ bits: 4 })];
    const { model } = await runRecipe(convolutional(), steps, { data: { train: images } });
    const { model: pruned } = await runRecipe(convolutional(), steps.slice(0, 1));
    for (const [index, value] of valuesOf(pruned, '3.weight').entries())
      if (value === 0) expect(Math.abs(at(valuesOf(model, '3.weight'), index))).toBe(0);
  });

  test('layers see what the rounded ones before them give', async () => {
    const model = build(
      {
        type: 'sequential',
        layers: [
          { type: 'linear', in: 16, out: 16 },
          { type: 'linear', in: 16, out: 8 },
        ],
      },
      { seed: 1 },
    );
    const x = mixtures(200, 16, 3, 2);
    const options: GptqOptions = { bits: 2 };
    const { model: both } = await runRecipe(model, [gptq(options)], { data: { train: unlabelled(x) } });
    const [first, second] = [...both.children().values()] as [Module, Module];
    const alone = await runRecipe(new Sequential([[...model.children().values()][1] as Module]), [gptq(options)], {
      data: { train: unlabelled(first.call(x).realizeSync()) },
    });
    expect(valuesOf(alone.model, '0.weight')).toEqual(valuesOf(second));
  });

  test('an embedding is rounded to the nearest, with a note, and a weight in two places once', async () => {
    const layer = new Linear({ in: 16, out: 16, bias: false });
    const model = new Sequential([new Embedding({ count: 5, size: 16 }), layer, layer]);
    const ids = randint(0, 5, [40], { generator: new Generator(1) });
    const { records } = await runRecipe(model, [gptq({ bits: 4 })], { data: { train: tensorDataset(ids, ids) } });
    expect(records[0]?.details).toMatchObject({
      '0.weight': { note: expect.stringContaining('no input of it was seen') },
    });
    expect(Object.keys(records[0]?.details as object)).toEqual(['0.weight', '1.weight']);
    expect(records[0]?.details).not.toMatchObject({ '0.weight': { outputError: expect.any(Number) } });
  });

  test('a layer of inputs that are always 0 is rounded to the nearest, with a note', async () => {
    const { records } = await runRecipe(linear(4, 2, 1), [gptq()], {
      data: { train: unlabelled(tensor([[0, 0, 0, 0]])) },
    });
    expect(records[0]?.details).toMatchObject({ weight: { note: 'its inputs are all 0 on the examples' } });
  });

  test('a layer of too many inputs is rounded to the nearest, with a note, and its inputs are not multiplied', async () => {
    const { records } = await runRecipe(linear(4100, 2, 1), [gptq()], {
      data: { train: unlabelled(drawn([2, 4100], 1)) },
    });
    expect(records[0]?.details).toMatchObject({
      weight: { note: expect.stringContaining('4100 inputs, more than the 4096') },
    });
  });

  test('what is trained in the same stage ends on the same grid', async () => {
    const x = mixtures(64, 16, 4, 1);
    const train = tensorDataset(x, drawn([64, 4], 2));
    const steps = [
      together(
        gptq({ bits: 4, group: 16 }),
        finetune({ epochs: 1, loss: 'mse', optimizer: { type: 'sgd', lr: 0.01 } }),
      ),
    ];
    await expect(runRecipe(linear(16, 4, 1), steps, { data: { train } })).rejects.toThrow(/finetune after gptq/);
    const eight = [
      together(gptq({ bits: 8 }), finetune({ epochs: 1, loss: 'mse', optimizer: { type: 'sgd', lr: 0.01 } })),
    ];
    const { model } = await runRecipe(linear(16, 4, 1), eight, { data: { train } });
    const parameter = model.namedParameters().get('weight');
    expect(parameter?.tensor.dataSync()).toEqual(parameter?.value.dataSync());
  });

  test.each([2, 3, 4] as const)(
    'takes %s bits a weight in files and in memory, and comes back as it was',
    async (bits) => {
      for (const scales of ['f32', 'f16'] as const) {
        const { model } = await runRecipe(linear(64, 32, 1), [gptq({ bits, group: 32, scales })], {
          data: { train: unlabelled(mixtures(40, 64, 4, 1)) },
        });
        const folder = join(root, `${bits} ${scales}`);
        await saveOptimized(folder, model);
        const { model: back } = await loadOptimized(folder);
        expect(valuesOf(back)).toEqual(valuesOf(model));
        const cost = await measureCost(back, { inputShape: [64], latency: false });
        const weight = cost.perParameter.find(({ layout }) => layout === 'encoded');
        expect(weight?.bytes).toBe((32 * 64 * bits) / 8 + 32 * 2 * (scales === 'f32' ? 4 : 2));
        expect(back.parameters()[0]?.stored?.matrix.bytes).toBe(weight?.bytes);
        expect(await packWeights(back)).toEqual(await packWeights(model));
      }
    },
  );

  test('is a step of a recipe in JSON; rounds once, and comes after pruning', async () => {
    const json = [{ type: 'gptq', bits: 3, group: 32, zeros: true, damping: 0.1, calibrate: { examples: 9 } }];
    expect(recipeJson(parseRecipe(json))).toEqual(json);
    const data = { train: unlabelled(drawn([8, 4], 1)) };
    await expect(runRecipe(linear(4, 2, 1), [quantize(), gptq()], { data })).rejects.toThrow(
      /gptq after quantize would round/,
    );
    await expect(runRecipe(linear(4, 2, 1), [gptq(), prune({ sparsity: 0.5 })], { data })).rejects.toThrow(
      /prune after gptq/,
    );
    const { records } = await runRecipe(linear(4, 2, 1), parseRecipe(json), { data });
    expect(records[0]?.summary).toBe(
      'round to 3 bits with a scale and a zero point for each 32 columns by GPTQ the weights of 1 tensors, calibrated on 8 examples',
    );
  });
});

describe('gptq refuses', () => {
  test.each([Number.NaN, Infinity, 1e30])('inputs with %s, by the name of the weight', async (value) => {
    const run = runRecipe(linear(2, 2, 1), [gptq()], { data: { train: unlabelled(tensor([[1, value]])) } });
    await expect(run).rejects.toThrow(/gptq: the inputs of weight are not finite/);
  });

  test('data that are missing or empty', async () => {
    await expect(runRecipe(linear(2, 2, 1), [gptq()])).rejects.toThrow(/gptq needs data for calibration/);
    const empty = tensorDataset(
      { data: new Float32Array(0), shape: [0, 2] },
      { data: new Float32Array(0), shape: [0, 1] },
    );
    await expect(runRecipe(linear(2, 2, 1), [gptq()], { data: { train: empty } })).rejects.toThrow(
      /data\.train has no example/,
    );
  });

  test.each<[object, RegExp]>([
    [{ bits: 5 }, /bits is 5; it must be one of 2, 3, 4, 8/],
    [{ group: 24 }, /group is 24; it must be a power of two/],
    [{ bits: 8, group: 32 }, /has a group, but int8/],
    [{ bits: 8, zeros: true }, /has zeros, but int8/],
    [{ zeros: 1 }, /zeros is 1; it must be true or false/],
    [{ actOrder: true, staticGroups: false }, /actOrder without staticGroups/],
    [{ staticGroups: false }, /actOrder without staticGroups/],
    [{ damping: 2 }, /damping is 2/],
    [{ calibrate: { examples: 1.5 } }, /calibrate\.examples is 1\.5/],
    [{ order: 'act' }, /'order' is no option/],
  ])('the options %j', (options, message) => {
    expect(() => gptq(options as GptqOptions)).toThrow(message);
  });
});

describe('a stage that trains', () => {
  const x = mixtures(400, 32, 6, 3);
  const data = { train: unlabelled(x) };
  const base = linear(32, 8, 1);

  test.each<GptqOptions>([
    { bits: 3, group: 16, scales: 'f16', steps: 'learned' },
    { bits: 3, zeros: true, steps: 'learned' },
    { bits: 2, group: 16 },
  ])('goes on under the grids, and ends on them: %j', async (options) => {
    const teach = (lr: number): ReturnType<typeof runRecipe> =>
      runRecipe(
        base,
        [
          together(
            distill({
              alpha: 1,
              weakTeacher: 'use',
              train: { epochs: 20, batchSize: 32, optimizer: { type: 'adam', lr }, loss: 'mse' },
            }),
            gptq(options),
          ),
        ],
        { data },
      );
    const [{ model: still }, { model: trained }] = [await teach(1e-12), await teach(2e-3)];
    expect(valuesOf(trained)).not.toEqual(valuesOf(still));
    // Of a few weights each counts for much, and one that goes to the next number of a fine grid may cost more than all others bring.
    if (options.bits === 2) expect(outputError(trained, base, x)).toBeLessThan(0.95 * outputError(still, base, x));
    const [parameter] = trained.parameters();
    expect(parameter?.stored?.matrix.format.name).toBe('int-n');
    const values = valuesOf(trained);
    const group = options.group ?? 32;
    for (let begin = 0; begin < values.length; begin += group)
      expect(new Set(values.subarray(begin, begin + group)).size).toBeLessThanOrEqual(2 ** (options.bits as number));
  });

  test('without steps it ends where it would without the stage', async () => {
    const alone = await runRecipe(base, [gptq({ bits: 3 })], { data });
    const staged = await runRecipe(base, [together(finetune({ epochs: 0, loss: 'mse' }), gptq({ bits: 3 }))], { data });
    expect(valuesOf(staged.model)).toEqual(valuesOf(alone.model));
  });
});
