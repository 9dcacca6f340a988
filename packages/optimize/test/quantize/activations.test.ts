import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, tensorDataset, type Dataset, type Module, type ModuleConfig } from '@espalier/nn';
import {
  createReferenceDevice,
  fromTyped,
  Generator,
  gradients,
  randn,
  rand,
  tensor,
  type Tensor,
} from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyModel, materializeModel, quantize, runRecipe, strip, type QuantizeOptions } from '../../src/index.ts';
import { DynamicRounding, StaticRounding } from '../../src/quantize/activations/rounded-input.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { accuracyOf, train, trained } from '../helpers/blobs.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-activations-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const convolutions = (groups: number): ModuleConfig => ({
  type: 'sequential',
  layers: [
    { type: 'conv2d', in: 2, out: 4, kernel: 3, padding: 1, groups },
    { type: 'relu' },
    { type: 'conv2d', in: 4, out: 3, kernel: [2, 3], stride: 2, padding: 1 },
    { type: 'flatten' },
    { type: 'linear', in: 48, out: 3 },
  ],
});
const images: Dataset = tensorDataset(
  randn([40, 2, 6, 7], { generator: new Generator(1) }),
  rand([40], { generator: new Generator(2) }),
);

const kinds: readonly NonNullable<QuantizeOptions['activations']>[] = [
  'dynamic',
  'static',
  { type: 'static', zeros: false, examples: 20 },
  { type: 'static', observer: { type: 'percentile', percentile: 99.9 } },
  { type: 'static', observer: 'mse' },
  { type: 'static', observer: 'entropy' },
  { type: 'static', observer: { type: 'moving-average', momentum: 0.5 } },
];

/** How far two outputs are apart, as a part of the largest. */
function apart(a: Tensor, b: Tensor): number {
  const largest = a.abs().max().itemSync();
  return a.sub(b).abs().max().itemSync() / largest;
}

const roundedBy = async (model: Module, data: Dataset, activations: QuantizeOptions['activations']): Promise<Module> =>
  (await runRecipe(model, [quantize({ ...(activations && { activations }) })], { data: { train: data } })).model;

describe.each(kinds.map((kind) => [JSON.stringify(kind), kind] as const))('activations %s', (_, activations) => {
  test('a perceptron keeps its accuracy, and computes from codes what it computed under views', async () => {
    const model = await trained();
    const rounded = await roundedBy(model, train, activations);
    expect(Math.abs((await accuracyOf(rounded)) - (await accuracyOf(model)))).toBeLessThanOrEqual(0.02);
    const { x } = await train.batch([0, 1, 2, 3, 4]);
    const stored = await materializeModel(rounded);
    expect(stored.parameters()[0]?.stored?.matrix.format.name).toBe('int8');
    expect(apart(rounded.call(x), stored.call(x))).toBeLessThan(1e-5);
    // Rounded they are, each layer's.
    expect(apart(rounded.call(x), (await strip(rounded)).call(x))).toBeGreaterThan(1e-6);
  });

  test.each([1, 2])('convolutions of %d groups round their windows the same way, stored or not', async (groups) => {
    const model = build(convolutions(groups), { seed: 4 });
    const rounded = await roundedBy(model, images, activations);
    const { x } = await images.batch([0, 5, 9]);
    expect(apart(rounded.call(x), (await materializeModel(rounded)).call(x))).toBeLessThan(1e-5);
    // Of few examples the tail is most of what divergence weighs.
    expect(apart(model.call(x), rounded.call(x))).toBeLessThan(
      JSON.stringify(activations).includes('entropy') ? 0.6 : 0.1,
    );
  });

  test('saved and loaded it computes the same bytes, and so does a copy', async () => {
    const rounded = await roundedBy(build(convolutions(1), { seed: 6 }), images, activations);
    const folder = join(root, Math.random().toString(36).slice(2));
    await saveOptimized(folder, rounded);
    const { model: loaded } = await loadOptimized(folder);
    const { x } = await images.batch([1, 2, 3]);
    const wanted = (await materializeModel(rounded)).call(x).arraySync();
    expect(loaded.call(x).arraySync()).toEqual(wanted);
    expect((await copyModel(loaded)).call(x).arraySync()).toEqual(wanted);
    expect((await copyModel(rounded)).call(x).arraySync()).toEqual(rounded.call(x).arraySync());
    await saveOptimized(`${folder}-again`, loaded);
    expect((await loadOptimized(`${folder}-again`)).model.call(x).arraySync()).toEqual(wanted);
  });
});

describe('static scales', () => {
  const layers: ModuleConfig = {
    type: 'sequential',
    layers: [
      { type: 'linear', in: 3, out: 4 },
      { type: 'linear', in: 4, out: 2 },
    ],
  };

  test('cover what examples show, layer by layer, behind the layers that were rounded before', async () => {
    const model = build(layers, { seed: 1 });
    const x = randn([30, 3], { generator: new Generator(3) });
    const data = tensorDataset(x, x.sum(1));
    const rounded = await roundedBy(model, data, { type: 'static', zeros: false });
    const [first, second] = [...rounded.children().values()];
    const views = [...rounded.namedParameters().values()].flatMap(({ inputs }) => inputs) as StaticRounding[];
    expect(views).toHaveLength(2);
    expect(views[0]?.scale).toBeCloseTo(x.abs().max().itemSync() / 127, 6);
    const between = first?.call(x) as Tensor;
    expect(views[1]?.scale).toBeCloseTo(between.abs().max().itemSync() / 127, 6);
    expect(rounded.call(x).arraySync()).toEqual(second?.call(between).arraySync());
  });

  test('with a zero point use all codes of a range that does not lie around 0', async () => {
    const model = build({ type: 'linear', in: 3, out: 2 }, { seed: 1 });
    const x = rand([50, 3], { generator: new Generator(3) }).add(1);
    const most = x.max().itemSync();
    const rounded = await roundedBy(model, tensorDataset(x, x.sum(1)), 'static');
    const [view] = rounded.parameters().flatMap(({ inputs }) => inputs) as StaticRounding[];
    expect(view?.zero).toBe(-128);
    expect(view?.scale).toBeCloseTo(most / 255, 6);
  });

  test.each([
    [
      'a type that is none',
      { activations: 'sometimes' },
      /activations is "sometimes"; it must be one of dynamic, static/,
    ],
    ['options of static scales', { activations: { type: 'dynamic', examples: 3 } }, /without examples; leave it out/],
    ['no examples', { activations: { type: 'static', examples: 0 } }, /examples is 0/],
    ['an option of another observer', { observer: { type: 'mse', percentile: 99 } }, /'percentile' is no option/],
    ['an observer that is none', { activations: { type: 'static', observer: 'best' } }, /observer is "best"/],
  ])('%s is refused', (_, options, message) => {
    expect(() => quantize(options as never)).toThrow(message);
  });

  test('static scales without data are refused before work starts, and inputs that are not finite by name', async () => {
    const model = build(layers, { seed: 1 });
    await expect(runRecipe(model, [quantize({ activations: 'static' })])).rejects.toThrow(/give data.train/);
    const x = tensor([[1, Infinity, 2]]);
    await expect(roundedBy(model, tensorDataset(x, tensor([1])), 'static')).rejects.toThrow(
      /inputs of 0.weight are not finite/,
    );
  });
});

describe('rounding of activations', () => {
  const anyRows = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 6, maxLength: 6 });

  test('static: no number inside the range moves by more than half a step, those outside to its end; the gradient passes where none is clamped', () => {
    fc.assert(
      fc.property(
        anyRows,
        fc.float({ min: Math.fround(0.01), max: 1, noNaN: true }),
        fc.integer({ min: -128, max: 127 }),
        (values, scale, zero) => {
          const x = fromTyped(Float32Array.from(values), [2, 3]).requiresGradients();
          const y = new StaticRounding({ scale, zero }).apply(x);
          const slopes = gradients(y.sum(), [x])[0]?.dataSync() ?? [];
          const [low, high] = [(-128 - zero) * scale, (127 - zero) * scale];
          for (const [index, value] of (y.dataSync() as Float32Array).entries()) {
            const given = values[index] as number;
            const clamped = Math.min(high, Math.max(low, given));
            expect(Math.abs(value - clamped)).toBeLessThanOrEqual(scale * 0.5001);
            const distance = Math.min(Math.abs(given - low), Math.abs(given - high));
            if (distance > scale * 1e-3) expect(slopes[index]).toBe(given > low && given < high ? 1 : 0);
          }
        },
      ),
    );
  });

  test('dynamic: each row is a matter of its own, and is what the engine makes of it', () => {
    fc.assert(
      fc.property(anyRows, (values) => {
        const x = fromTyped(Float32Array.from(values), [2, 3]);
        const y = new DynamicRounding().apply(x, 1);
        const alone = new DynamicRounding().apply(x.narrow(0, 0, 1), 1);
        expect(y.narrow(0, 0, 1).arraySync()).toEqual(alone.arraySync());
        const most = x.abs().max([1]).dataSync();
        for (const [index, value] of (y.dataSync() as Float32Array).entries())
          expect(Math.abs(value - (values[index] as number))).toBeLessThanOrEqual(
            ((most[Math.floor(index / 3)] as number) / 127) * 0.5001 + 2 ** -140,
          );
      }),
    );
    const lost = new DynamicRounding().apply(tensor([[1, NaN], [1, 2]]), 1).arraySync() as number[][]; // prettier-ignore
    expect(lost[0]).toEqual([NaN, NaN]);
    expect(lost[1]).toEqual([Math.fround(Math.fround(2 / 127) * 64), 2]);
  });

  test('a model goes on the reference device with its rounding', async () => {
    const rounded = await roundedBy(await trained(), train, 'static');
    const device = createReferenceDevice('activations');
    const copy = await copyModel(await materializeModel(rounded), { device });
    const { x } = await train.batch([0, 1]);
    const here = (await materializeModel(rounded)).call(x);
    const there = copy.call(await x.to(device));
    expect(apart(here, fromTyped((await there.data()) as Float32Array, there.shape))).toBeLessThan(1e-5);
  });
});
