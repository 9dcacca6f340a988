import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  build,
  cloneModel,
  crossEntropy,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  Module,
  mse,
  noteTrainedBy,
  registerModule,
  trainedBy,
  writeSafetensors,
  type ModuleConfig,
  type RawTensor,
} from '@espalier/nn';
import { loadModel, saveModel } from '@espalier/nn/node';
import { createCpuDevice, memory, ones, type Shape, type Tensor } from '@espalier/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  finetune,
  loadOptimizedFrom,
  maskOf,
  prune,
  quantize,
  runRecipe,
  storedBytes,
  strip,
  type Step,
} from '../../src/index.ts';
import { loadOptimized, saveOptimized } from '../../src/node/index.ts';
import { expectSameLogits, logitsOf, perceptron, train, trained } from '../helpers/blobs.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-optimize-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const recipes: Readonly<Record<string, Step[]>> = {
  dense: [],
  'slightly pruned': [prune({ sparsity: 0.02 })],
  pruned: [prune({ sparsity: 0.7, train: { epochs: 1 } })],
  'almost gone': [prune({ sparsity: 0.97, scope: 'global' })],
  int8: [quantize()],
  'int8 by tensor': [quantize({ granularity: 'tensor' })],
  'pruned int8': [prune({ sparsity: 0.9 }), quantize({ observer: 'percentile' })],
  'int8 trained': [quantize(), finetune({ epochs: 1 })],
};

async function made(steps: readonly Step[]): Promise<Module> {
  return (await runRecipe(await trained(), steps, { data: { train } })).model;
}

describe('a saved model', () => {
  test.each(Object.keys(recipes))(
    '%s: has the same weights to the last bit when it is loaded, computes the same, and saves to the same bytes',
    async (name) => {
      const model = await made(recipes[name] ?? []);
      const folder = join(root, name);
      const optimization = { recipe: name };
      await saveOptimized(folder, model, { metadata: { note: 'kept' }, optimization });
      const loaded = await loadOptimized(folder);
      expectSameLogits(await logitsOf(loaded.model), await logitsOf(model));
      expect(await logitsOf(await strip(loaded.model))).toEqual(await logitsOf(model));
      expect(loaded.metadata).toEqual({ note: 'kept' });
      expect(loaded.optimization).toEqual(optimization);
      await saveOptimized(`${folder} again`, loaded.model);
      expect(await readFile(join(`${folder} again`, 'model.safetensors'))).toEqual(
        await readFile(join(folder, 'model.safetensors')),
      );
    },
  );

  test('pruned stays pruned in training after loading', async () => {
    const folder = join(root, 'goes on');
    await saveOptimized(folder, await made([prune({ sparsity: 0.8 })]));
    const { model } = await loadOptimized(folder);
    const { model: after } = await runRecipe(model, [finetune({ epochs: 1 })], { data: { train } });
    const weight = after.namedParameters().get('0.weight');
    if (!weight) throw new Error('no weight');
    const kept = (await maskOf(weight)?.kept()) ?? [];
    const values = await weight.value.data();
    expect(values.some((value, index) => value !== 0 && kept[index] === 0)).toBe(false);
    expect(await storedBytes(after)).toBe(await storedBytes(model));
  });

  test('is smaller the more was taken away', async () => {
    const large = build(perceptron(512), { seed: 1 });
    const bytes = async (steps: readonly Step[]): Promise<number> => storedBytes((await runRecipe(large, steps)).model);
    const [dense, int8, pruned, both] = [
      await bytes([]),
      await bytes([quantize()]),
      await bytes([prune({ sparsity: 0.9 })]),
      await bytes([prune({ sparsity: 0.9 }), quantize()]),
    ];
    expect(int8).toBeLessThan(dense * 0.5);
    expect(pruned).toBeLessThan(int8);
    expect(both).toBeLessThan(pruned);
  });

  test('knows the loss that it was trained by, if that has a name', async () => {
    const model = await cloneModel(await trained());
    for (const [by, kept] of [
      [mse, mse],
      [crossEntropy, crossEntropy],
      [(output: Tensor) => output.sum(), undefined],
    ] as const) {
      noteTrainedBy(model, by);
      for (const [save, steps] of [
        [saveModel, []],
        [saveOptimized, [prune({ sparsity: 0.5 })]],
      ] as const) {
        const folder = join(root, 'by a loss');
        await save(folder, (await runRecipe(model, steps)).model);
        expect(trainedBy((await loadOptimized(folder)).model)).toBe(kept);
        if (steps.length === 0) expect(trainedBy((await loadModel(folder)).module)).toBe(kept);
      }
    }
  });

  test.each(['f32', 'f16', 'bf16', 'f64'] as const)(
    'without views comes back in %s, to the last bit',
    async (dtype) => {
      const model = build(perceptron(8), { seed: 2, dtype });
      const folder = join(root, `plain ${dtype}`);
      await saveOptimized(folder, model);
      const { model: loaded } = await loadOptimized(folder);
      expect(await writeSafetensors(loaded.rawTensors())).toEqual(await writeSafetensors(model.rawTensors()));
    },
  );

  test('is refused in brief where its layouts are by something nested without end', async () => {
    const nested = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const config = (layouts: string): string =>
      `{"version":1,"model":{"type":"linear","in":2,"out":2},"metadata":{"quantization_config":${layouts}}}`;
    const load = (layouts: string): Promise<unknown> =>
      loadOptimizedFrom(async (name) => {
        if (name === 'optimization.json') return undefined;
        return name === 'config.json' ? new TextEncoder().encode(config(layouts)) : encodeSafetensors(new Map());
      });
    for (const layouts of [nested, `{"quant_method":${nested}}`, 'null', '5'])
      await expect(load(layouts)).rejects.toThrow(/^model\/config\.json: .*is by [^]{1,300}$/u);
  });

  test('is refused in brief where a weight has axes without end', async () => {
    const shape = Array.from({ length: 40_000 }, (_, axis) => axis);
    const described = { layout: 'dense', format: 'float32', shape, pruned: false };
    const config = {
      version: 1,
      model: { type: 'linear', in: 2, out: 2 },
      metadata: { quantization_config: { quant_method: 'espalier', version: 1, parameters: { weight: described } } },
    };
    const raw = { dtype: 'f32', shape: shape.map(() => 1), bytes: new Uint8Array(4) } as const;
    for (const parameters of [{ weight: described }, {}]) {
      Object.assign(config.metadata.quantization_config, { parameters });
      const load = loadOptimizedFrom(async (name) => {
        if (name === 'optimization.json') return undefined;
        if (name === 'config.json') return new TextEncoder().encode(JSON.stringify(config));
        return encodeSafetensors(new Map([['weight', raw]]));
      });
      await expect(load).rejects.toThrow(/^.{0,100}(?:shape|f32) \[.{0,100}; the model needs .{0,50}$/u);
    }
  });

  test('is refused where a tensor of it has the name of a part of another', async () => {
    class Scaled extends Module {
      readonly type = 'scaled-by-row';
      readonly weight = this.addParameter('weight', ones([8, 8]));
      readonly scale = this.addParameter('weight_scale', ones([8]));
      forward(x: Tensor): Tensor {
        return x.matmul(this.weight.value).mul(this.scale.value);
      }
      config(): ModuleConfig {
        return { type: this.type };
      }
      outputShape(input: Shape): Shape {
        return input;
      }
    }
    registerModule({ type: 'scaled-by-row', build: () => new Scaled() });
    const { model } = await runRecipe(new Scaled(), [quantize()]);
    await expect(saveOptimized(join(root, 'collision'), model)).rejects.toThrow(
      "weight_scale is a tensor of the model, and the file's name for a part of weight as well",
    );
  });

  test('a plain model goes both ways between this and @espalier/nn', async () => {
    const model = await trained();
    await saveModel(join(root, 'by nn'), model);
    expect(await logitsOf((await loadOptimized(join(root, 'by nn'))).model)).toEqual(await logitsOf(model));
    await saveOptimized(join(root, 'by optimize'), model);
    expect(await logitsOf((await loadModel(join(root, 'by optimize'))).module)).toEqual(await logitsOf(model));
  });
});

describe('a damaged folder', () => {
  const folderOf = async (name: string): Promise<{ folder: string; config: string; weights: string }> => {
    const folder = join(root, `damaged ${name}`);
    await saveOptimized(folder, await made([prune({ sparsity: 0.8 }), quantize()]));
    return { folder, config: join(folder, 'config.json'), weights: join(folder, 'model.safetensors') };
  };
  const rewrite = async (weights: string, change: (tensors: Map<string, RawTensor>) => void): Promise<void> => {
    const tensors = new Map(decodeSafetensors(await readFile(weights)).tensors);
    change(tensors);
    await writeFile(weights, encodeSafetensors(tensors));
  };

  test.each<[string, RegExp, (files: Awaited<ReturnType<typeof folderOf>>) => Promise<void>]>([
    ['config that is no JSON', /config\.json.*is no JSON/, ({ config }) => writeFile(config, '{')],
    [
      'weights cut short',
      /model\.safetensors/,
      async ({ weights }) => writeFile(weights, (await readFile(weights)).subarray(0, 300)),
    ],
    [
      'a loss that nobody knows',
      /config\.json.*loss is "guess"; it must be one of cross-entropy/,
      async ({ config }) =>
        writeFile(config, (await readFile(config, 'utf8')).replace('"loss": "cross-entropy"', '"loss": "guess"')),
    ],
    [
      'layouts by somebody else',
      /quantization_config is by "other", version 1/,
      async ({ config }) =>
        writeFile(
          config,
          (await readFile(config, 'utf8')).replace('"quant_method": "espalier"', '"quant_method": "other"'),
        ),
    ],
    [
      'a layout nobody knows',
      /the description of 0\.weight .*needs layout/,
      async ({ config }) =>
        writeFile(config, (await readFile(config, 'utf8')).replace('"layout": "bitmask"', '"layout": "origami"')),
    ],
    [
      'a missing array',
      /0\.weight_bitmask: at byte 0: the array is missing/,
      ({ weights }) => rewrite(weights, (tensors) => tensors.delete('0.weight_bitmask')),
    ],
    [
      'an array too many',
      /the model has no use for \["stray"\]/,
      ({ weights }) =>
        rewrite(weights, (tensors) => tensors.set('stray', { dtype: 'u8', shape: [1], bytes: Uint8Array.of(1) })),
    ],
    [
      'a missing bias',
      /'0\.bias' is missing/,
      ({ weights }) => rewrite(weights, (tensors) => tensors.delete('0.bias')),
    ],
    [
      'a flipped bit of a mask',
      /bits are set for|has a bit for column/,
      ({ weights }) =>
        rewrite(weights, (tensors) => {
          const array = tensors.get('0.weight_bitmask');
          if (array)
            tensors.set('0.weight_bitmask', {
              ...array,
              bytes: array.bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte)),
            });
        }),
    ],
    [
      'a scale of 0',
      /a scale is a positive number/,
      ({ weights }) =>
        rewrite(weights, (tensors) => {
          const array = tensors.get('0.weight_scale');
          if (array) tensors.set('0.weight_scale', { ...array, bytes: new Uint8Array(array.bytes.length) });
        }),
    ],
  ])('%s is a FormatError', async (name, message, damage) => {
    const files = await folderOf(name);
    await damage(files);
    const error: unknown = await loadOptimized(files.folder).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(message);
  });
});

test('a model in a format is loaded and copied in the memory of its file, on a device without room for its dense weights', async () => {
  const model = build({ type: 'linear', in: 640, out: 640 }, { seed: 3 });
  const x = ones([1, 640]);
  const folder = join(root, 'little-room');
  const quantized = (await runRecipe(model, [quantize()])).model;
  await saveOptimized(folder, quantized);
  const device = createCpuDevice({ name: 'little room', maximumBytes: 1.25 * 2 ** 20 });
  const { model: loaded } = await loadOptimized(folder, { device });
  const { bytes } = memory(device);
  expect(bytes).toBeLessThanOrEqual((await storedBytes(quantized)) * 1.01);
  const copy = await cloneModel(loaded);
  expect(memory(device).bytes).toBe(bytes);
  const logits = async (of: Module, input: Tensor): Promise<number[]> => [
    ...((await of.call(input).data()) as Float32Array),
  ];
  expectSameLogits(await logits(copy, await x.to(device)), await logits(quantized, x));
});
