import {
  build,
  Embedding,
  Linear,
  Module,
  registerModule,
  Sequential,
  tensorDataset,
  type CallContext,
  type ModuleConfig,
} from '@espalier/nn';
import { Generator, randint, randn, tensor, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRecipe, prune, quantize, recipeJson, runRecipe, wanda, type WandaOptions } from '../../src/index.ts';
import { at } from '../helpers/at.ts';
import { keptOf, linear, mixtures, unlabelled, valuesOf } from '../helpers/correlated.ts';

const drawn = (shape: number[], seed: number): Tensor => randn(shape, { generator: new Generator(seed) });

/** What Wanda keeps of one row, by its definition: rank, then take. */
function definition(row: readonly number[], norms: readonly number[], drop: number): number[] {
  const order = row
    .map((weight, column) => ({ column, score: Math.abs(weight) * at(norms, column) }))
    .toSorted((a, b) => a.score - b.score || a.column - b.column);
  const gone = new Set(order.slice(0, drop).map(({ column }) => column));
  return row.map((_, column) => (gone.has(column) ? 0 : 1));
}

describe('wanda', () => {
  test('drops the smallest |w| · ‖x‖ of each row, and leaves the others as they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(99),
        async (n, m, seed) => {
          const model = linear(n, m, seed);
          const x = drawn([40, n], seed + 1);
          const { model: pruned, records } = await runRecipe(model, [wanda({ sparsity: 0.6 })], {
            data: { train: unlabelled(x) },
          });
          const norms = [...x.square().sum(0).sqrt().dataSync()];
          const before = [...valuesOf(model)];
          const rows = Array.from({ length: m }, (_, row) => before.slice(row * n, (row + 1) * n));
          const wanted = rows.flatMap((row) => definition(row, norms, Math.floor(0.6 * n + 1e-9)));
          expect(await keptOf(pruned)).toEqual(wanted);
          expect([...valuesOf(pruned)]).toEqual(before.map((value, index) => (wanted[index] === 1 ? value : 0)));
          expect(records[0]?.details).toMatchObject({ weight: { size: n * m, kept: wanted.filter(Boolean).length } });
        },
      ),
      { numRuns: 25 },
    );
  });

  test('a large weight of an input that is hardly there goes before a small one that is', async () => {
    const model = new Linear({ in: 2, out: 1, bias: false, init: 'ones' });
    model.weight.tensor.assign(tensor([[5, 1]]));
    const x = tensor([
      [0.01, 1],
      [-0.01, 2],
    ]);
    const { model: pruned } = await runRecipe(model, [wanda({ sparsity: 0.5 })], { data: { train: unlabelled(x) } });
    expect([...valuesOf(pruned)]).toEqual([0, 1]);
  });

  test.each([
    ['1:2', 7],
    ['2:4', 10],
    ['3:8', 12],
  ])('keeps exactly %s, in a last group of fewer columns too', async (pattern, columns) => {
    const [n, m] = pattern.split(':').map(Number) as [number, number];
    const { model } = await runRecipe(linear(columns, 6, 3), [wanda({ pattern })], {
      data: { train: unlabelled(drawn([30, columns], 4)) },
    });
    const kept = await keptOf(model);
    for (let row = 0; row < 6; row++)
      for (let begin = 0; begin < columns; begin += m) {
        const group = kept.slice(row * columns + begin, row * columns + Math.min(columns, begin + m));
        expect(group.filter(Boolean)).toHaveLength(Math.min(n, group.length));
      }
  });

  test('of equal scores the first ones go', async () => {
    const model = build({ type: 'linear', in: 6, out: 2, bias: false, init: 'ones' });
    const x = tensor(Array.from({ length: 4 }, () => [1, 1, 1, 1, 1, 1]));
    const { model: pruned } = await runRecipe(model, [wanda({ sparsity: 0.5 })], { data: { train: unlabelled(x) } });
    expect(await keptOf(pruned)).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
  });

  test('a convolution has the norm of each place under its kernel, group by group', async () => {
    const config: ModuleConfig = {
      type: 'conv2d',
      in: 4,
      out: 4,
      kernel: 2,
      groups: 2,
      padding: 1,
      stride: 2,
      bias: false,
    };
    const model = build(config, { seed: 1 });
    const x = drawn([50, 4, 5, 5], 2)
      .mul(tensor([1, 10, 0.1, 3]).reshape([1, 4, 1, 1]))
      .realizeSync();
    const { model: pruned } = await runRecipe(model, [wanda({ sparsity: 0.5 })], { data: { train: unlabelled(x) } });
    const images = x
      .pad([
        [0, 0],
        [0, 0],
        [1, 1],
        [1, 1],
      ])
      .arraySync() as number[][][][];
    const before = [...valuesOf(model)];
    const wanted = Array.from({ length: 4 }, (_, out) => {
      const norms: number[] = [];
      for (let channel = 0; channel < 2; channel++)
        for (const dy of [0, 1])
          for (const dx of [0, 1]) {
            let sum = 0;
            for (const image of images)
              for (const y of [0, 2, 4])
                for (const left of [0, 2, 4])
                  sum += at(at(at(image, Math.floor(out / 2) * 2 + channel), y + dy), left + dx) ** 2;
            norms.push(Math.sqrt(sum));
          }
      return definition(before.slice(out * 8, out * 8 + 8), norms, 4);
    }).flat();
    expect(await keptOf(pruned)).toEqual(wanted);
  });

  test('sees what the layers before it give once they are pruned', async () => {
    const config: ModuleConfig = {
      type: 'sequential',
      layers: [{ type: 'linear', in: 8, out: 8 }, { type: 'relu' }, { type: 'linear', in: 8, out: 4, bias: false }],
    };
    const model = build(config, { seed: 7 });
    const x = mixtures(100, 8, 3, 8);
    const { model: pruned } = await runRecipe(model, [wanda({ sparsity: 0.75 })], { data: { train: unlabelled(x) } });
    const hidden = new Sequential([...pruned.children().values()].slice(0, 2)).call(x);
    const norms = [...hidden.square().sum(0).sqrt().dataSync()];
    const before = [...valuesOf(model, '2.weight')];
    const wanted = Array.from({ length: 4 }, (_, row) =>
      definition(before.slice(row * 8, row * 8 + 8), norms, 6),
    ).flat();
    expect(await keptOf(pruned, '2.weight')).toEqual(wanted);
  });

  test('what is gone stays gone, and rows of which more is gone stay as they are', async () => {
    const model = linear(8, 3, 5);
    const x = drawn([30, 8], 6);
    const { model: once } = await runRecipe(model, [prune({ sparsity: 0.5 })]);
    const gone = await keptOf(once);
    const { model: twice } = await runRecipe(model, [prune({ sparsity: 0.5 }), wanda({ sparsity: 0.5 })], {
      data: { train: unlabelled(x) },
    });
    const kept = await keptOf(twice);
    for (const [index, each] of kept.entries()) expect(each).toBeLessThanOrEqual(at(gone, index));
    for (let row = 0; row < 3; row++) {
      const count = (of: number[]): number => of.slice(row * 8, row * 8 + 8).filter(Boolean).length;
      expect(count(kept)).toBe(Math.min(4, count(gone)));
    }
  });

  test('weights whose inputs are not seen go by magnitude, which the report notes; a weight in two places goes once', async () => {
    const layer = new Linear({ in: 4, out: 4, bias: false });
    const model = new Sequential([new Embedding({ count: 5, size: 4 }), layer, new Sequential([layer])]);
    const ids = randint(0, 5, [20], { generator: new Generator(1) });
    const { model: pruned, records } = await runRecipe(model, [wanda({ sparsity: 0.5 })], {
      data: { train: tensorDataset(ids, ids) },
    });
    expect(Object.keys(records[0]?.details as object)).toEqual(['0.weight', '1.weight']);
    expect(records[0]?.details).toMatchObject({ '0.weight': { note: expect.stringContaining('no input'), kept: 10 } });
    expect(records[0]?.details).not.toMatchObject({ '1.weight': { note: expect.anything() } });
    const table = [...valuesOf(model, '0.weight')];
    const wanted = Array.from({ length: 5 }, (_, row) =>
      definition(table.slice(row * 4, row * 4 + 4), [1, 1, 1, 1], 2),
    );
    expect(await keptOf(pruned, '0.weight')).toEqual(wanted.flat());
  });

  test('so do those of a layer whose inputs are all 0', async () => {
    const model = linear(6, 4, 1);
    const data = { train: unlabelled(drawn([8, 6], 1).mul(0)) };
    const { model: pruned, records } = await runRecipe(model, [wanda({ sparsity: 0.5 })], { data });
    const before = [...valuesOf(model)];
    const rows = Array.from({ length: 4 }, (_, row) => before.slice(row * 6, (row + 1) * 6));
    expect(await keptOf(pruned)).toEqual(rows.flatMap((row) => definition(row, Array(6).fill(1), 3)));
    expect(records[0]?.details).toMatchObject({ weight: { note: expect.stringContaining('all 0') } });
  });

  test('so do those of a layer that no example meets', async () => {
    class Aside extends Module {
      readonly type = 'aside';
      readonly used = this.addModule('used', new Linear({ in: 4, out: 2 }));
      readonly spare = this.addModule('spare', new Linear({ in: 4, out: 2 }));
      forward(x: Tensor, context?: CallContext): Tensor {
        return this.used.call(x, context);
      }
      config(): ModuleConfig {
        return { type: this.type };
      }
    }
    registerModule({ type: 'aside', build: () => new Aside() });
    const { records } = await runRecipe(new Aside(), [wanda({ sparsity: 0.5 })], {
      data: { train: unlabelled(drawn([8, 4], 1)) },
    });
    expect(records[0]?.details).toMatchObject({
      'spare.weight': { note: expect.stringContaining('no input'), kept: 4 },
    });
    expect(records[0]?.details).not.toMatchObject({ 'used.weight': { note: expect.anything() } });
  });

  test('is a step of a recipe in JSON, and comes before quantization', async () => {
    const json = [{ type: 'wanda', pattern: '2:4', calibrate: { examples: 8 } }, { type: 'quantize' }];
    expect(recipeJson(parseRecipe(json))).toEqual(json);
    const data = { train: unlabelled(drawn([8, 4], 1)) };
    await runRecipe(linear(4, 2, 1), parseRecipe(json), { data });
    await expect(runRecipe(linear(4, 2, 1), [quantize(), wanda({ sparsity: 0.5 })], { data })).rejects.toThrow(
      /wanda after quantize ranks weights that were rounded already/,
    );
  });

  test('takes as many examples as asked for, and says so', async () => {
    const { records } = await runRecipe(linear(4, 2, 1), [wanda({ sparsity: 0.5, calibrate: { examples: 3 } })], {
      data: { train: unlabelled(drawn([8, 4], 1)) },
    });
    expect(records[0]?.summary).toBe('drop 50 % by weight and input of 1 tensors, calibrated on 3 examples');
  });
});

describe('wanda refuses', () => {
  test.each([Number.NaN, Infinity, -Infinity, 1e30])('inputs with %s, by the name of the weight', async (value) => {
    const x = tensor([
      [1, 2],
      [value, 1],
    ]);
    const run = runRecipe(linear(2, 2, 1), [wanda({ sparsity: 0.5 })], { data: { train: unlabelled(x) } });
    await expect(run).rejects.toThrow(/wanda: the inputs of weight are not finite/);
  });

  test('data that are missing or empty', async () => {
    await expect(runRecipe(linear(2, 2, 1), [wanda({ sparsity: 0.5 })])).rejects.toThrow(
      /wanda needs data for calibration/,
    );
    const empty = tensorDataset(
      { data: new Float32Array(0), shape: [0, 2] },
      { data: new Float32Array(0), shape: [0, 1] },
    );
    await expect(runRecipe(linear(2, 2, 1), [wanda({ sparsity: 0.5 })], { data: { train: empty } })).rejects.toThrow(
      /data\.train has no example/,
    );
  });

  test('what is no matrix', async () => {
    const model = build({ type: 'linear', in: 2, out: 2 });
    await expect(
      runRecipe(model, [wanda({ sparsity: 0.5, include: ['bias'] })], {
        data: { train: unlabelled(drawn([4, 2], 1)) },
      }),
    ).rejects.toThrow(/bias is no factor of inputs: its shape is \[2\]/);
  });

  test.each<[object, RegExp]>([
    [{}, /has neither sparsity nor pattern/],
    [{ sparsity: 0.5, pattern: '2:4' }, /has both/],
    [{ sparsity: 1 }, /sparsity is 1; it must be a number at least 0 and below 1/],
    [{ sparsity: Number.NaN }, /sparsity is NaN/],
    [{ pattern: '4:4' }, /pattern is "4:4"; it must be n:m/],
    [{ pattern: '2:17' }, /pattern is "2:17"/],
    [{ pattern: 24 }, /pattern is 24/],
    [{ sparsity: 0.5, calibrate: { examples: 0 } }, /calibrate\.examples is 0/],
    [{ sparsity: 0.5, calibrate: true }, /the options are true/],
    [{ sparsity: 0.5, samples: 3 }, /'samples' is no option/],
  ])('the options %j', (options, message) => {
    expect(() => wanda(options as WandaOptions)).toThrow(message);
  });
});
