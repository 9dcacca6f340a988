import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, tensorDataset, type Dataset, type Module, type ModuleConfig } from '@espalier/nn';
import { fromTyped, Generator, rand, randint, randn, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  awq,
  copyModel,
  equalize,
  maskOf,
  materializeModel,
  parseRecipe,
  prune,
  quantize,
  recipeJson,
  runRecipe,
  shrink,
  smoothQuant,
  strip,
  type Step,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-scaling-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

/** Something between two layers that gives c · y for c · x. */
const anyBetween = fc.subarray(
  [{ type: 'relu' }, { type: 'leaky-relu', slope: 0.2 }, { type: 'identity' }, { type: 'dropout', p: 0.3 }],
  { minLength: 1 },
);

interface Drawn {
  readonly config: ModuleConfig;
  readonly input: readonly number[];
}

const perceptrons: fc.Arbitrary<Drawn> = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 5 }),
    between: anyBetween,
    norm: fc.boolean(),
    nested: fc.boolean(),
  })
  .map(({ sizes, between, norm, nested }) => {
    const layers = sizes
      .slice(1)
      .flatMap((out, at): ModuleConfig[] => [
        ...(at > 0 ? between : []),
        ...(norm && at === 1 ? [{ type: 'layer-norm', shape: sizes[at] }] : []),
        { type: 'linear', in: sizes[at], out },
      ]);
    const config = { type: 'sequential', layers: nested ? [{ type: 'sequential', layers }] : layers };
    return { config, input: [sizes[0] as number] };
  });

const images: fc.Arbitrary<Drawn> = fc
  .record({ groups: fc.constantFrom(1, 2), pool: fc.constantFrom('max-pool2d', 'avg-pool2d'), flat: fc.boolean() })
  .map(({ groups, pool, flat }) => ({
    config: {
      type: 'sequential',
      layers: [
        { type: 'conv2d', in: 2, out: 4, kernel: 3, padding: 1, groups },
        { type: 'relu' },
        { type: pool, size: 2 },
        { type: 'conv2d', in: 4, out: 6, kernel: 2, groups },
        { type: 'relu' },
        { type: flat ? 'flatten' : 'global-avg-pool' },
        { type: 'linear', in: flat ? 24 : 6, out: 3 },
      ],
    },
    input: [2, 6, 6],
  }));

const anyModel = fc.oneof(perceptrons, images);

const examplesOf = ({ input }: Drawn, seed = 1): { readonly x: Tensor; readonly data: Dataset } => {
  const size = input.reduce((product, each) => product * each, 1);
  const generator = new Generator(seed);
  // Channels of very different sizes.
  const sizes = rand([input[0] as number, ...input.slice(1).map(() => 1)], { generator })
    .mul(6)
    .exp();
  const x = randn([24, ...input], { generator })
    .mul(sizes)
    .realizeSync();
  return { x, data: tensorDataset(x, x.reshape([24, size]).sum(1)) };
};

/** By how much outputs differ, as a part of the largest. */
function apart(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().itemSync() / Math.max(1e-20, b.abs().max().itemSync());
}

const ranges = (model: Module, name: string, axis: 0 | 1): number[] => {
  const { value } = model.namedParameters().get(name) ?? {};
  const others = value?.shape.map((_, each) => each).filter((each) => each !== axis) ?? [];
  return [...(value?.abs().max(others).dataSync() ?? [])];
};

describe.each<[string, () => Step]>([
  ['equalize', () => equalize()],
  ['smooth-quant', () => smoothQuant({ alpha: 0.7 })],
])('%s', (name, step) => {
  test('leaves what a model computes as it is, up to rounding, saved, copied and stripped too', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, fc.nat(1000), async (drawn, seed) => {
        const model = build(drawn.config, { seed });
        const { x, data } = examplesOf(drawn);
        const wanted = model.call(x);
        const scaled = await runRecipe(model, [step()], { data: { train: data } }).catch((error: Error) => error);
        // Where a norm stands between all of them nothing can be equalized, and it says so.
        if (scaled instanceof Error) {
          expect(scaled.message).toMatch(/no two layers follow each other/);
          return;
        }
        expect(apart(scaled.model.call(x), wanted)).toBeLessThan(3e-5);
        expect((await copyModel(scaled.model)).call(x).arraySync()).toEqual(scaled.model.call(x).arraySync());
        expect(apart((await strip(scaled.model)).call(x), wanted)).toBeLessThan(3e-5);
        const folder = join(root, `${name}-${seed}-${Math.random().toString(36).slice(2)}`);
        await saveOptimized(folder, scaled.model);
        const { model: loaded } = await loadOptimized(folder);
        expect(loaded.call(x).arraySync()).toEqual(scaled.model.call(x).arraySync());
      }),
      { numRuns: 12 },
    );
  });

  test('keeps what was pruned at 0, and is refused after rounding', async () => {
    const model = build(
      {
        type: 'sequential',
        layers: [{ type: 'linear', in: 4, out: 6 }, { type: 'relu' }, { type: 'linear', in: 6, out: 3 }],
      },
      { seed: 1 },
    );
    const { data } = examplesOf({ config: { type: 'linear' }, input: [4] });
    const { model: scaled } = await runRecipe(model, [prune({ sparsity: 0.5 }), step()], { data: { train: data } });
    for (const parameter of scaled.parameters()) {
      const kept = await maskOf(parameter)?.kept();
      for (const [index, value] of (await parameter.value.data()).entries())
        if (kept?.[index] === 0) expect(value).toBe(0);
    }
    await expect(runRecipe(model, [quantize(), step()], { data: { train: data } })).rejects.toThrow(
      /scale weights that were rounded already; scale first, then quantize/,
    );
    const cut = runRecipe(model, [step(), shrink({ ratio: 0.5 })], { data: { train: data } });
    await expect(cut).rejects.toThrow(/changes channels that have scales of their own by then/);
    const json = [{ type: name, exclude: ['0.bias'] }];
    expect(recipeJson(parseRecipe(json))).toEqual(json);
  });
});

describe('equalize', () => {
  const stack = (): Module =>
    build(
      {
        type: 'sequential',
        layers: [{ type: 'linear', in: 5, out: 7 }, { type: 'relu' }, { type: 'linear', in: 7, out: 3 }],
      },
      { seed: 3 },
    );

  test('gives a channel the same range on both sides', async () => {
    const { model } = await runRecipe(stack(), [equalize()]);
    const [before, after] = [ranges(model, '0.weight', 0), ranges(model, '2.weight', 1)];
    for (const [channel, range] of before.entries()) expect(after[channel]).toBeCloseTo(range, 5);
  });

  test('rounding with one scale for a tensor loses less behind it, where channels are of different sizes', async () => {
    const model = stack();
    const { tensor } = model.parameters()[0] as { tensor: Tensor };
    const sizes = fromTyped(Float32Array.from([1, 30, 0.1, 3, 0.3, 10, 1]), [7, 1]);
    tensor.assign(tensor.detach().mul(sizes).realizeSync());
    const next = model.namedParameters().get('2.weight')?.tensor as Tensor;
    next.assign(next.detach().div(sizes.t()).realizeSync());
    const { x } = examplesOf({ config: { type: 'linear' }, input: [5] });
    const errorOf = async (...steps: Step[]): Promise<number> =>
      apart((await runRecipe(model, steps)).model.call(x), model.call(x));
    const round = quantize({ granularity: 'tensor', weights: 'int8' });
    expect(await errorOf(equalize(), round)).toBeLessThan((await errorOf(round)) / 3);
  });

  test('a layer that stands in two places, and weights that are tied, are left alone', async () => {
    const shared: ModuleConfig = {
      type: 'sequential',
      layers: [{ type: 'linear', in: 4, out: 4 }, { type: 'relu' }, { type: 'same', as: 'layers[0]' }],
    };
    await expect(runRecipe(build(shared, { seed: 1 }), [equalize()])).rejects.toThrow(
      /no two layers follow each other/,
    );
  });
});

test.each<[string, () => Step, number]>([
  ['smooth-quant', () => smoothQuant(), 3e-5],
  ['awq', () => awq({ bits: 8 }), 0.02],
])('%s leaves the channels of a weight alone that an embedding reads as well', async (_, step, most) => {
  const tied: ModuleConfig = {
    type: 'sequential',
    layers: [
      { type: 'embedding', count: 6, size: 8 },
      { type: 'linear', in: 8, out: 8 },
      { type: 'linear', in: 8, out: 6, bias: false },
    ],
    ties: { '2.weight': '0.weight' },
  };
  const model = build(tied, { seed: 1 });
  const x = randint(0, 6, [20, 4], { generator: new Generator(1) }).realizeSync();
  const { model: scaled } = await runRecipe(model, [step()], { data: { train: tensorDataset(x, x) } });
  const [head, middle] = ['0.weight', '1.weight'].map((name) => scaled.namedParameters().get(name));
  expect([head?.inputs, middle?.inputs].map((views) => views?.length)).toEqual([0, 1]);
  expect(apart(scaled.call(x), model.call(x))).toBeLessThan(most);
  expect(apart((await strip(scaled)).call(x), scaled.call(x))).toBeLessThan(3e-5);
});

describe('smoothQuant', () => {
  const layers: ModuleConfig = {
    type: 'sequential',
    layers: [{ type: 'linear', in: 6, out: 8 }, { type: 'relu' }, { type: 'linear', in: 8, out: 4 }],
  };

  test('where channels are far larger than others, rounding activations costs less behind it', async () => {
    const model = build(layers, { seed: 2 });
    const x = randn([200, 6], { generator: new Generator(5) })
      .mul(fromTyped(Float32Array.from([60, 1, 1, 1, 1, 1]), [6]))
      .realizeSync();
    const w = model.parameters()[0] as { tensor: Tensor };
    w.tensor.assign(
      w.tensor
        .detach()
        .div(fromTyped(Float32Array.from([60, 1, 1, 1, 1, 1]), [6]))
        .realizeSync(),
    );
    const data = tensorDataset(x, x.sum(1));
    const errorOf = async (...steps: Step[]): Promise<number> => {
      const { model: rounded } = await runRecipe(model, steps, { data: { train: data } });
      return (await materializeModel(rounded)).call(x).sub(model.call(x)).square().mean().itemSync();
    };
    const round = quantize({ activations: 'static' });
    expect(await errorOf(smoothQuant(), round)).toBeLessThan((await errorOf(round)) / 4);
  });

  test('the layer before takes the scales where it can; else they stay before the layer', async () => {
    const model = build(layers, { seed: 2 });
    const { data } = examplesOf({ config: layers, input: [6] });
    const { model: scaled, records } = await runRecipe(model, [smoothQuant()], { data: { train: data } });
    expect(records[0]?.details).toMatchObject({ '0.weight': { scales: 'kept' }, '2.weight': { scales: 'folded' } });
    expect([...scaled.namedParameters().values()].map(({ inputs }) => inputs.length)).toEqual([1, 0, 0, 0]);
    // A second time adds no second view.
    const { model: twice } = await runRecipe(scaled, [smoothQuant()], { data: { train: data } });
    expect(twice.parameters()[0]?.inputs).toHaveLength(1);
  });

  test('says where no layer has a weight for itself', async () => {
    const tied = [
      { type: 'embedding', count: 6, size: 8 },
      { type: 'linear', in: 8, out: 6 },
    ];
    const model = build({ type: 'sequential', layers: tied, ties: { '1.weight': '0.weight' } }, { seed: 1 });
    const x = randint(0, 6, [4, 2]);
    await expect(runRecipe(model, [smoothQuant()], { data: { train: tensorDataset(x, x) } })).rejects.toThrow(
      /no linear layer or convolution has a weight among those chosen that nothing else reads/,
    );
  });

  test.each([
    [{ alpha: 2 }, /alpha is 2; it must be a number at least 0 and at most 1/],
    [{ calibrate: { examples: 0 } }, /calibrate.examples is 0/],
    [{ beta: 1 }, /'beta' is no option/],
  ])('%j is refused', (options, message) => {
    expect(() => smoothQuant(options as never)).toThrow(message);
  });
});
