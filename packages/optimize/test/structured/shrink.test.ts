/** The pass that cuts units off. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  accuracy,
  build,
  countParameters,
  evaluate,
  fit,
  SGD,
  crossEntropy,
  tensorDataset,
  type Dataset,
  type Module,
  type ModuleConfig,
} from '@espalier/nn';
import { Generator, randn, tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  compress,
  distill,
  encode,
  modelWidths,
  parseRecipe,
  prune,
  quantize,
  recalibrateNorms,
  recipeJson,
  registerScore,
  runRecipe,
  setMask,
  shrink,
  together,
  type ShrinkOptions,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { accuracyOf, logitsOf, perceptron, train, trained, validate } from '../helpers/blobs.ts';

const data = { train };
const sizes = (model: Module): number[] =>
  [...model.namedParameters()].flatMap(([name, { shape }]) => (name.endsWith('weight') ? (shape[0] ?? []) : []));

/** What one recipe of a shrink gives. */
async function shrunk(options: ShrinkOptions, seed = 1): Promise<{ model: Module; summary: string; details: unknown }> {
  const { model, records } = await runRecipe(await trained(), [shrink(options)], { data, seed });
  return { model, summary: records[0]?.summary ?? '', details: records[0]?.details };
}

/** Images of one of two kinds of stripes. */
function stripes(count: number, seed: number): Dataset {
  const noise = randn([count, 1, 6, 6], { generator: new Generator(seed) }).dataSync();
  const y = Int32Array.from({ length: count }, (_, index) => index % 2);
  const x = noise.map((value, index) => {
    const [row, column] = [Math.floor(index / 6) % 6, index % 6];
    return 0.5 * value + ((y[Math.floor(index / 36)] === 0 ? row : column) % 2);
  });
  return tensorDataset({ data: x as Float32Array<ArrayBuffer>, shape: [count, 1, 6, 6] }, { data: y, shape: [count] });
}

const conv = (from: number, out: number): ModuleConfig[] => [
  { type: 'conv2d', in: from, out, kernel: 3, padding: 1, bias: false },
  { type: 'batch-norm', features: out },
  { type: 'relu' },
];
const network: ModuleConfig = {
  type: 'sequential',
  layers: [
    ...conv(1, 8),
    { type: 'residual', body: { type: 'sequential', layers: [...conv(8, 6), ...conv(6, 8).slice(0, 2)] } },
    { type: 'global-avg-pool' },
    { type: 'linear', in: 8, out: 2 },
  ],
};

describe('shrink', () => {
  test('gives a model of smaller layers, and says what it did', async () => {
    const { model, summary, details } = await shrunk({ ratio: 0.5 });
    expect(sizes(model)).toEqual([16, 4]);
    expect(model.config()).toMatchObject({ layers: [{ in: 16, out: 16 }, {}, { in: 16, out: 4 }] });
    expect(summary).toBe('cut 16 of 32 units by magnitude, the same share of each width: 676 weights become 340');
    expect(details).toEqual({ '0.weight[0]': { kind: 'neuron', size: 32, kept: 16 } });
  });

  test('leaves the given model as it is', async () => {
    const before = await trained();
    const logits = await logitsOf(before);
    await shrunk({ ratio: 0.5, train: { epochs: 1 } });
    expect(await logitsOf(before)).toEqual(logits);
  });

  test.each<[string]>([['magnitude'], ['l1'], ['lamp'], ['wanda']])(
    'by %s costs less than at random',
    async (method) => {
      const own = await accuracyOf((await shrunk({ ratio: 0.5, method })).model);
      const others = [];
      for (const seed of [1, 2, 3, 4, 5])
        others.push(await accuracyOf((await shrunk({ ratio: 0.5, method: 'random' }, seed)).model));
      expect(own).toBeGreaterThan(others.reduce((sum, each) => sum + each / others.length, 0));
    },
  );

  test('is made up for by training, alone and by the answers of the model it was', async () => {
    const before = await accuracyOf(await trained());
    const fast = { epochs: 6, batchSize: 32, optimizer: { type: 'adam', lr: 0.01 } };
    const { model } = await shrunk({ ratio: 0.75, train: fast });
    expect(await accuracyOf(model)).toBeGreaterThan(before - 0.03);
    const steps = [together(shrink({ ratio: 0.75 }), distill({ train: fast }))];
    const { model: taught } = await runRecipe(await trained(), steps, { data, seed: 1 });
    expect(sizes(taught)).toEqual([8, 4]);
    expect(await accuracyOf(taught)).toBeGreaterThan(await accuracyOf((await shrunk({ ratio: 0.75 })).model));
  });

  test('comes before pruning and quantizing, which see the smaller layers', async () => {
    const steps = [shrink({ ratio: 0.5 }), prune({ sparsity: 0.5 }), quantize()];
    const { model } = await runRecipe(await trained(), steps, { data, seed: 1 });
    expect(sizes(model)).toEqual([16, 4]);
    const folder = join(await mkdtemp(join(tmpdir(), 'shrink-')), 'model');
    await saveOptimized(folder, model);
    const { model: loaded } = await loadOptimized(folder);
    expect(countParameters(loaded)).toBe(countParameters(model));
    const [made, wanted] = [await logitsOf(loaded), await logitsOf(model)];
    for (const [index, value] of made.entries()) expect(value).toBeCloseTo(wanted[index] as number, 4);
  });

  test('rounds up to what kernels like', async () => {
    expect(sizes((await shrunk({ ratio: 0.9, roundTo: 8 })).model)).toEqual([8, 4]);
    expect(sizes((await shrunk({ ratio: 0.3, roundTo: 16 })).model)).toEqual([32, 4]);
  });

  test('cuts kinds and layers that are asked for', async () => {
    const model = build(network, { seed: 1 });
    const images = { train: stripes(64, 1) };
    const of = async (options: Partial<ShrinkOptions>): Promise<number[]> => {
      const { model: small } = await runRecipe(model, [shrink({ ratio: 0.5, ...options })], { data: images });
      return [...small.namedParameters()].flatMap(([name, { shape }]) =>
        shape.length === 4 && name ? (shape[0] ?? []) : [],
      );
    };
    expect(await of({})).toEqual([4, 3, 4]);
    expect(await of({ structure: 'channel', exclude: ['0.*'] })).toEqual([8, 3, 8]);
    expect(await of({ include: ['0.weight'] })).toEqual([4, 6, 4]);
    await expect(of({ structure: 'head' })).rejects.toThrow(
      /no width is left to cut; there are 0\.weight\[0\] \(channel\), .*it is an axis of what the model gives/,
    );
  });

  test('measures the moments of norms anew, on which the model then relies', async () => {
    const images = stripes(256, 1);
    const model = build(network, { seed: 1 });
    await fit(model, images, {
      loss: crossEntropy,
      optimizer: new SGD({ lr: 0.1, momentum: 0.9 }),
      epochs: 6,
      batchSize: 32,
      seed: 1,
    });
    const options = { data: { train: images }, seed: 1, loss: 'cross-entropy' } as const;
    const cut = async (recalibrate?: number): Promise<{ share: number; summary: string }> => {
      const step = shrink({ ratio: 0.5, method: 'taylor', ...(recalibrate !== undefined && { recalibrate }) });
      const { model: small, records } = await runRecipe(model, [step], options);
      const { accuracy: share } = await evaluate(small, stripes(256, 2), { accuracy });
      return { share, summary: records[0]?.summary ?? '' };
    };
    const [with_, without] = [await cut(), await cut(0)];
    expect(with_.summary).toMatch(/3 norms measured anew/);
    expect(without.summary).not.toMatch(/anew/);
    expect(with_.share).toBeGreaterThanOrEqual(without.share);
    expect(await recalibrateNorms(await trained(), train)).toBe(0);
  });

  test('scores by the scales of norms, of widths that have some', async () => {
    const model = build(network, { seed: 1 });
    const scale = model.namedParameters().get('3.body.1.weight')?.tensor as Tensor;
    scale.assign(tensor([0.1, 3, 2, 0.2, 1, 0.3]));
    const step = shrink({ ratio: 0.5, method: 'norm-scale', include: ['3.body.0.weight'], recalibrate: 0 });
    const { model: small } = await runRecipe(model, [step], { data: { train: stripes(64, 1) } });
    expect([...(small.namedParameters().get('3.body.1.weight')?.tensor.dataSync() ?? [])]).toEqual([3, 2, 1]);
    await expect(runRecipe(await trained(), [shrink({ ratio: 0.5, method: 'norm-scale' })], { data })).rejects.toThrow(
      /no batch norm scales 0\.weight\[0\]/,
    );
  });

  test('takes scores of single weights from outside, added up', async () => {
    registerScore({ type: 'small-first', score: (values) => values.map((value) => -Math.abs(value)) });
    const { model, summary } = await shrunk({ ratio: 0.5, method: 'small-first' });
    expect(summary).toMatch(/by small-first/);
    expect(await accuracyOf(model)).toBeLessThan(await accuracyOf((await shrunk({ ratio: 0.5 })).model));
  });

  test('is JSON, and a step of recipes', async () => {
    const options: ShrinkOptions = {
      ratio: 0.25,
      structure: ['neuron'],
      scope: 'global',
      roundTo: 4,
      train: { epochs: 1 },
    };
    const [step] = parseRecipe([{ type: 'shrink', ...options }]);
    expect(recipeJson([step as never])).toEqual([{ type: 'shrink', ...options }]);
  });

  test('has a knob that a budget may turn', async () => {
    const { knob } = shrink({ ratio: 0.5 });
    expect(await knob?.range(await trained(), [])).toMatchObject({ low: 0, start: 0.5 });
    const { model } = await runRecipe(await trained(), [knob?.at(0.25) as never], { data, seed: 1 });
    expect(sizes(model)).toEqual([24, 4]);
  });

  test('is turned by a budget until the accuracy is at its floor', async () => {
    const { model, report } = await compress(await trained(), {
      data: { train, validate },
      goal: { maxDrop: 0.05, maxTrials: 6 },
      steps: [shrink({ ratio: 0.25 })],
      latency: false,
    });
    expect(report.trials.length).toBeGreaterThan(1);
    expect(countParameters(model)).toBeLessThan(countParameters(await trained()) * 0.8);
    expect(await accuracyOf(model)).toBeGreaterThanOrEqual((await accuracyOf(await trained())) - 0.05);
  });

  test.each<[unknown, RegExp]>([
    [{ ratio: 1 }, /ratio is 1; it must be a number at least 0 and below 1/],
    [{ ratio: 0.5, structure: 'block' }, /structure is "block"; it must be one of neuron, channel, head/],
    [{ ratio: 0.5, structure: [] }, /structure is/],
    [{ ratio: 0.5, method: 'sum' }, /method is "sum"/],
    [{ ratio: 0.5, method: 'movement' }, /movement scores by what a training moves/],
    [{ ratio: 0.5, scope: 'all' }, /scope is "all"; it must be one of local, global, isomorphic/],
    [{ ratio: 0.5, maximum: 0.8 }, /under local scope each loses the ratio/],
    [{ ratio: 0.5, scope: 'global', maximum: 0.4 }, /maximum is 0\.4/],
    [{ ratio: 0.5, roundTo: 0 }, /roundTo is 0; it must be a whole number of at least 1/],
    [{ ratio: 0.5, size: 3 }, /'size' is no option/],
    [{ ratio: 0.5, calibrate: { examples: 0 } }, /calibrate\.examples is 0/],
  ])('refuses %j', (options, message) => {
    expect(() => shrink(options as ShrinkOptions)).toThrow(message);
  });

  test('refuses models whose weights are masked or stored, and orders that lose work', async () => {
    const masked = build(perceptron(8), { seed: 1 });
    const [first] = masked.parameters();
    if (first) setMask(first, new Uint8Array(first.size).fill(1));
    await expect(runRecipe(masked, [shrink({ ratio: 0.5 })], { data })).rejects.toThrow(/shrink first, then prune/);
    const model = await trained();
    const refused = async (steps: Parameters<typeof runRecipe>[1], message: RegExp): Promise<void> =>
      expect(runRecipe(model, steps, { data, loss: 'cross-entropy' })).rejects.toThrow(message);
    await refused([prune({ sparsity: 0.5 }), shrink({ ratio: 0.5 })], /shrink after prune cuts layers whose masks/);
    await refused([quantize(), shrink({ ratio: 0.5 })], /shrink first, then quantize/);
    await refused([encode({ format: 'int8' }), shrink({ ratio: 0.5 })], /encode last/);
    await refused(
      [shrink({ ratio: 0.5 }), distill({ student: perceptron(4) })],
      /distill after shrink puts a new network in place and loses what was cut/,
    );
    await expect(runRecipe(model, [shrink({ ratio: 0.5 })])).rejects.toThrow(/give data\.train/);
    await refused([shrink({ ratio: 0.5, include: ['9.*'] })], /'9\.\*' matches no parameter/);
  });

  test('names the widths that there are', async () => {
    const { widths } = modelWidths(await trained(), { shape: [2, 16] });
    expect(widths.map(({ name, size }) => [name, size])).toEqual([['0.weight[0]', 32]]);
  });
});
