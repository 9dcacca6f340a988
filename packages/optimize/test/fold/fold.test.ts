/** Batch norms as a part of the layers before them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  build,
  Module,
  registerModule,
  tensorDataset,
  type Dataset,
  type ModuleConfig,
  type Parameter,
  type Sequential,
} from '@espalier/nn';
import { concat, fromTyped, Generator, rand, randn, zeros, type Tensor } from '@espalier/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cluster,
  encode,
  equalize,
  fold,
  maskOf,
  parseRecipe,
  prune,
  quantize,
  recipeJson,
  runRecipe,
  shrink,
  storedBytes,
  together,
  type Step,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';

const sequential = (...layers: readonly ModuleConfig[]): ModuleConfig => ({ type: 'sequential', layers });
const norm = (features: number, rest = {}): ModuleConfig => ({ type: 'batch-norm', features, ...rest });

/** A model with other moments, gains and offsets than those it was made with. */
function lived(config: ModuleConfig, seed = 1): Module {
  const model = build(config, { seed });
  const generator = new Generator(seed);
  for (const [name, tensor] of model.rawTensors()) {
    const drawn = name.endsWith('running_var') ? rand(tensor.shape, { generator }).mul(3).add(0.01) : randn(tensor.shape, { generator }); // prettier-ignore
    tensor.assign(drawn.cast(tensor.dtype).realizeSync());
  }
  return model.eval();
}

async function folded(
  model: Module,
  example: readonly number[] | undefined,
  ...before: readonly Step[]
): Promise<Module> {
  const train = example && examplesOf(example);
  const recipe = [...before, fold()];
  return (await runRecipe(model, recipe, { ...(train && { data: { train } }), seed: 1 })).model;
}

function examplesOf(shape: readonly number[]): Dataset {
  return tensorDataset(randn([6, ...shape], { generator: new Generator(2) }), zeros([6], { dtype: 'i32' }));
}

async function expectSame(model: Module, other: Module, example: readonly number[]): Promise<void> {
  const x = randn([5, ...example], { generator: new Generator(3) });
  const [expected, found] = await Promise.all([model, other].map((each) => each.eval().call(x).data()));
  const size = Math.max(1e-3, ...Array.from(expected as Float32Array, Math.abs));
  for (const [index, value] of (found as Float32Array).entries())
    expect(Math.abs(value - ((expected as Float32Array)[index] as number)) / size).toBeLessThan(2e-5);
}

interface Drawn {
  readonly config: ModuleConfig;
  readonly example: readonly number[];
  readonly norms: number;
}

const affine = fc.record({ affine: fc.boolean(), epsilon: fc.constantFrom(1e-5, 1e-2) });

const perceptrons: fc.Arbitrary<Drawn> = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 }),
    affine,
    bias: fc.boolean(),
  })
  .map(({ sizes, affine: options, bias }) => ({
    config: sequential(
      ...sizes
        .slice(1)
        .flatMap((out, at) => [{ type: 'linear', in: sizes[at], out, bias }, norm(out, options), { type: 'relu' }]),
    ),
    example: [sizes[0] as number],
    norms: sizes.length - 1,
  }));

const convolutions: fc.Arbitrary<Drawn> = fc
  .record({
    groups: fc.integer({ min: 1, max: 2 }),
    own: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 2 }),
    bias: fc.boolean(),
    affine,
    isNested: fc.boolean(),
  })
  .map(({ groups, own, stride, bias, affine: options, isNested }) => {
    const channels = groups * own;
    const body = sequential({ type: 'conv2d', in: channels, out: channels, kernel: 3, padding: 1, groups, bias }, norm(channels, options)); // prettier-ignore
    const first = [{ type: 'conv2d', in: 2, out: channels, kernel: 3, padding: 1, stride }, norm(channels, options)];
    return {
      config: sequential(...(isNested ? [sequential(...first)] : first), { type: 'relu' }, { type: 'residual', body }),
      example: [2, 5, 6],
      norms: 2,
    };
  });

describe('fold', () => {
  test('the model computes what it did, without norms', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(perceptrons, convolutions), fc.integer({ min: 1, max: 999 }), async (drawn, seed) => {
        const { config, example, norms } = drawn;
        const model = lived(config, seed);
        const small = await folded(model, example);
        expect([...small.namedModules().values()].filter(({ type }) => type === 'batch-norm')).toEqual([]);
        expect([...model.namedModules().values()].filter(({ type }) => type === 'batch-norm')).toHaveLength(norms);
        expect([...small.namedBuffers().keys()]).toEqual([]);
        await expectSame(model, small, example);
      }),
      { numRuns: 40 },
    ));

  test('pruned weights stay pruned, and what else a model has keeps its name', async () => {
    const config = sequential({ type: 'conv2d', in: 2, out: 4, kernel: 3, bias: false }, norm(4), { type: 'flatten' }, { type: 'linear', in: 36, out: 3 }); // prettier-ignore
    const model = lived(config);
    const { model: pruned } = await runRecipe(model, [prune({ sparsity: 0.5, scope: 'global' })]);
    const small = await folded(pruned, undefined);
    await expectSame(pruned, small, [2, 5, 5]);
    expect([...small.namedParameters().keys()]).toEqual(['0.weight', '0.bias', '3.weight', '3.bias']);
    for (const [name, parameter] of small.namedParameters())
      expect(await maskOf(parameter)?.kept()).toEqual(
        await maskOf(pruned.namedParameters().get(name) ?? parameter)?.kept(),
      );
    expect(maskOf(small.namedParameters().get('3.weight') as never)).toBeDefined();
  });

  test.each([fold(), equalize()])(
    'pruned weights that come from a file take $config.type like those in memory',
    async (pass) => {
      const model = lived(sequential({ type: 'conv2d', in: 3, out: 40, kernel: 3, bias: false }, norm(40), { type: 'relu' }, { type: 'conv2d', in: 40, out: 40, kernel: 3 }, { type: 'relu' }, { type: 'conv2d', in: 40, out: 3, kernel: 1 })); // prettier-ignore
      const { model: pruned } = await runRecipe(model, [prune({ sparsity: 0.95, scope: 'global' })]);
      const root = await mkdtemp(join(tmpdir(), 'espalier-fold-'));
      await saveOptimized(join(root, 'pruned'), pruned);
      const { model: loaded } = await loadOptimized(join(root, 'pruned'));
      expect([...loaded.namedParameters().values()].some(({ stored }) => stored !== undefined)).toBe(true);
      const { model: made } = await runRecipe(loaded, [pass]);
      await expectSame(pruned, made, [3, 5, 5]);
      for (const [name, parameter] of made.namedParameters())
        expect(await maskOf(parameter)?.kept()).toEqual(
          name.endsWith('weight') ? await maskOf(pruned.namedParameters().get(name) ?? parameter)?.kept() : undefined,
        );
      await rm(root, { recursive: true });
    },
  );

  test('what was folded is rounded, clustered, saved and loaded like any model', async () => {
    const model = lived(
      sequential({ type: 'conv2d', in: 1, out: 20, kernel: 3, bias: false }, norm(20), { type: 'relu' }),
    );
    const root = await mkdtemp(join(tmpdir(), 'espalier-fold-'));
    for (const last of [quantize(), cluster({ bits: 4 })]) {
      const { model: made } = await runRecipe(model, [prune({ sparsity: 0.6 }), fold(), last]);
      await saveOptimized(join(root, last.config.type), made);
      await expectSame(made, (await loadOptimized(join(root, last.config.type))).model, [1, 6, 6]);
    }
    await rm(root, { recursive: true });
  });

  test('patterns name the layers that take a norm up; the record says which norms stay, and why', async () => {
    const config = sequential(norm(2), { type: 'conv2d', in: 2, out: 3, kernel: 1 }, norm(3), { type: 'relu' }, { type: 'conv2d', in: 3, out: 3, kernel: 1 }, norm(3)); // prettier-ignore
    const { records } = await runRecipe(lived(config), [fold({ exclude: ['4'] })]);
    expect(records[0]).toMatchObject({
      summary: 'make 1 batch norm a part of the layers before them',
      details: { folded: ['1'], kept: { 0: 'no layer with a weight is right before it' } },
    });
    await expect(runRecipe(lived(config), [fold({ include: ['2'] })])).rejects.toThrow(
      'no layer is left that takes up a batch norm; there are 1, 4',
    );
  });

  test('norms of positions stay, and those of linear layers without an example', async () => {
    const positions = lived(sequential({ type: 'linear', in: 2, out: 3 }, norm(3)));
    await expectSame(positions, await folded(positions, [2]), [2]);
    await expect(folded(positions, [3, 2])).rejects.toThrow('it norms positions, not what a linear layer gives');
    await expect(folded(positions, undefined)).rejects.toThrow('no example tells what it norms');
  });

  test('what stands in two places, is shared, or rounded keeps its norm', async () => {
    const conv = { type: 'conv2d', in: 2, out: 2, kernel: 1, bias: false };
    const same = (as: string): ModuleConfig => ({ type: 'same', as });
    for (const config of [
      sequential(conv, norm(2), same('layers[0]'), norm(2)),
      sequential(conv, norm(2, { affine: false }), conv, same('layers[1]')),
      { ...sequential(conv, norm(2), conv), ties: { '2.weight': '0.weight' } },
    ])
      await expect(folded(lived(config), undefined)).rejects.toThrow('has a second place, or shares a parameter');
    const model = lived(sequential(conv, norm(2)));
    await expect(folded(model, undefined, quantize())).rejects.toThrow('would scale weights that were rounded already');
    const { model: rounded } = await runRecipe(model, [quantize()]);
    await expect(folded(rounded, undefined)).rejects.toThrow('would scale weights that were rounded already');
    await expect(folded(lived(sequential(conv)), undefined)).rejects.toThrow('there are none, leave it out');
  });

  test('a channel that never moved, and one without a gain', async () => {
    const model = lived(sequential({ type: 'conv2d', in: 1, out: 3, kernel: 1 }, norm(3)));
    model
      .namedBuffers()
      .get('1.running_var')
      ?.assign(fromTyped(Float32Array.from([0, 1e30, 1]), [3]));
    model
      .namedParameters()
      .get('1.weight')
      ?.tensor.assign(fromTyped(Float32Array.from([0, 1, -2]), [3]));
    await expectSame(model, await folded(model, undefined), [1, 2, 2]);
  });

  test('it trains on, is cut, and is JSON', async () => {
    const model = lived(sequential({ type: 'conv2d', in: 1, out: 8, kernel: 3, bias: false }, norm(8), { type: 'relu' }, { type: 'flatten' }, { type: 'linear', in: 32, out: 2 })); // prettier-ignore
    const data = { train: examplesOf([1, 4, 4]) };
    const small = await folded(model, undefined);
    const { model: cut } = await runRecipe(
      small,
      [shrink({ ratio: 0.5, roundTo: 1, train: { epochs: 1, loss: 'cross-entropy' } })],
      { data },
    );
    expect(cut.call(zeros([1, 1, 4, 4])).shape).toEqual([1, 2]);
    expect(recipeJson(parseRecipe([{ type: 'fold', exclude: ['1'] }]))).toEqual([{ type: 'fold', exclude: ['1'] }]);
  });
});

/** A module that reads what is between the layers of a sequence, which does not show from outside. */
class Between extends Module {
  readonly type = 'between-layers';
  readonly #body: Sequential;

  constructor(body: Sequential) {
    super();
    this.#body = this.addModule('body', body);
  }

  forward(x: Tensor): Tensor {
    const seen: Tensor[] = [];
    for (const layer of this.#body.layers) seen.push(layer.call(seen.at(-1) ?? x));
    return concat(seen, 1);
  }

  config(): ModuleConfig {
    return { type: this.type, body: this.#body.config() };
  }
}
registerModule({
  type: 'between-layers',
  build: (config, _, __, child) => new Between(child(config['body'], 'body') as Sequential),
});

describe('what reads between layers', () => {
  test.each([
    ['fold', fold(), [norm(3)]],
    ['equalize', equalize(), [{ type: 'relu' }, { type: 'conv2d', in: 3, out: 2, kernel: 1 }]],
  ] as const)('%s finds by an example that outputs change, and names what to do', async (_, pass, behind) => {
    const first = { type: 'conv2d', in: 2, out: 3, kernel: 1 };
    const model = lived({ type: 'between-layers', body: sequential(first, ...behind) });
    await expect(runRecipe(model, [pass], { data: { train: examplesOf([2, 4, 4]) } })).rejects.toThrow(
      /changes what the model computes, by 0?\.?\d.* of its largest output: .* exclude/,
    );
  });
});

describe('fold beside other passes', () => {
  const net = (): Module =>
    lived(sequential({ type: 'linear', in: 8, out: 8 }, norm(8), { type: 'linear', in: 8, out: 2 }));

  test('is refused behind a pruning that goes on in the same training, and works before it', async () => {
    const data = { train: examplesOf([8]) };
    const gradual = prune({ sparsity: 0.5, train: { epochs: 1, loss: 'cross-entropy' } });
    await expect(runRecipe(net(), [together(gradual, fold())], { data })).rejects.toThrow(
      'fold puts layers in the place of those that prune masks, in one training; name fold first',
    );
    const { model } = await runRecipe(net(), [together(fold(), gradual)], { data });
    const kept = (await maskOf(model.namedParameters().get('0.weight') as Parameter)?.kept()) ?? [];
    expect(Array.from(kept).filter((each) => each === 0).length).toBeGreaterThan(0);
  });

  test('comes before what cuts channels, and not behind what rounds', async () => {
    const data = { train: examplesOf([8]) };
    const { model } = await runRecipe(net(), [fold(), shrink({ ratio: 0.5 })], { data });
    expect(model.namedParameters().get('0.weight')?.shape[0]).toBe(4);
    await expect(runRecipe(net(), [quantize(), fold()], { data })).rejects.toThrow('fold first, then quantize');
  });

  test('trains the offsets that it makes where nothing but the weight was trained', async () => {
    const plain = lived(sequential({ type: 'linear', in: 4, out: 3, bias: false }, norm(3, { affine: false })));
    const { model } = await runRecipe(plain, [fold()], { data: { train: examplesOf([4]) } });
    expect(model.namedParameters().get('0.bias')?.trainable).toBe(true);
  });

  test('leaves a model that is stored in a format as it is stored, whoever asks', async () => {
    const { model } = await runRecipe(net(), [encode({ format: 'int4', options: { group: 16 } })]);
    const stored = await storedBytes(model);
    await runRecipe(model, []);
    await expect(runRecipe(model, [prune({ sparsity: 0.5 })])).rejects.toThrow('encode last');
    expect(await storedBytes(model)).toBe(stored);
  });
});
