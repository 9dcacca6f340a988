// Passes find the layers of models of others: pruned and quantized, such a model goes back to the files that it came from.
import { readFileSync } from 'node:fs';
import { Linear, tensorDataset, type Dataset, type Module } from '@espalier/nn';
import {
  bytesOf,
  memorySink,
  openLanguageModel,
  openTensors,
  writeModelGguf,
  type OpenedModel,
} from '@espalier/models';
import { dropLayers, gptq, prune, quantize, runRecipe, shrink, sparseGpt, wanda, type Pass } from '@espalier/optimize';
import { Generator, noGrad, randint, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';

const golden = new URL('../packages/models/test/golden/families/', import.meta.url);

async function opened(name: string): Promise<Awaited<ReturnType<typeof openLanguageModel>>> {
  const file = `${name}.gguf`;
  return openLanguageModel(await openTensors(bytesOf(new Uint8Array(readFileSync(new URL(file, golden))), file)));
}

function texts(): Dataset {
  const ids = randint(0, 13, [24, 6], { generator: new Generator(1) });
  return tensorDataset(ids, ids);
}

const ids = randint(0, 13, [2, 7], { generator: new Generator(2) }).realizeSync();
const told = (module: Module): Tensor => noGrad(() => module.call(ids));

async function written(model: OpenedModel): Promise<Module> {
  const sink = memorySink();
  await writeModelGguf(sink, model);
  return (await openLanguageModel(await openTensors(bytesOf(sink.bytes(), 'written.gguf')))).module;
}

const places = (module: Module): string[] =>
  [...module.namedModules()].flatMap(([name, each]) => (each instanceof Linear && name !== 'head' ? [name] : []));

const inLayers = ['query', 'key', 'value', 'out', 'up', 'down'].map((part) => `layers.*.body.${part}.weight`);
const passes: readonly (readonly [string, (more: readonly string[]) => Pass])[] = [
  ['prune', (more) => prune({ sparsity: { '*': 0.5 }, include: [...inLayers, ...more] })],
  ['wanda', (more) => wanda({ sparsity: 0.5, include: [...inLayers, ...more] })],
  ['sparseGpt', (more) => sparseGpt({ sparsity: 0.5, include: [...inLayers, ...more] })],
];

describe.each(['llama', 'qwen3', 'gpt2', 'bert'])('%s', (name) => {
  const gates = name === 'gpt2' || name === 'bert' ? [] : ['layers.*.body.gate.weight'];

  test.each(passes)('%s takes half of the weights of every linear layer', async (_, pass) => {
    const { module, description } = await opened(name);
    const { model } = await runRecipe(module, [pass(gates)], { data: { train: texts() }, seed: 1 });
    const parameters = model.namedParameters();
    for (const place of places(module)) {
      const weight = parameters.get(`${place}.weight`)?.value;
      const zeros = weight?.eq(0).sum().itemSync() ?? 0;
      const share = zeros / (weight?.size ?? 1);
      expect([place, share > 0.4 && share < 0.6]).toEqual([place, true]);
    }
    await expectClose(told(await written({ module: model, description })), told(model), {
      absolute: 1e-5,
      relative: 1e-5,
    });
  });

  test.each<readonly [string, (more: readonly string[]) => Pass]>([
    ['quantize', () => quantize()],
    ['gptq', (more) => gptq({ bits: 4, include: [...inLayers, ...more] })],
  ])('%s rounds every linear layer', async (_, pass) => {
    const { module, description } = await opened(name);
    const { model } = await runRecipe(module, [pass(gates)], { data: { train: texts() }, seed: 1 });
    const parameters = model.namedParameters();
    for (const place of places(module)) {
      const was = (await opened(name)).module.namedParameters().get(`${place}.weight`)?.value as Tensor;
      const now = parameters.get(`${place}.weight`)?.value as Tensor;
      const moved = was.sub(now).abs().max().itemSync();
      expect([place, moved > 0 && moved < was.abs().max().itemSync()]).toEqual([place, true]);
    }
    await expectClose(told(await written({ module: model, description })), told(model), {
      absolute: 1e-5,
      relative: 1e-5,
    });
  });

  test('layers are left out, and what is narrower stays a model of its family', async () => {
    const { module, description } = await opened(name);
    const data = { train: texts() };
    if (name !== 'bert') {
      const { model: few } = await runRecipe(module, [dropLayers({ ratio: 0.5 })], { data, seed: 1 });
      expect(few.parameters().length).toBeLessThan(module.parameters().length);
    }
    const { module: again } = await opened(name);
    const { model: narrow } = await runRecipe(again, [shrink({ ratio: 0.4, include: ['layers.*.feedForward*'] })], {
      data,
      seed: 1,
    });
    expect(narrow.parameters().reduce((sum, { size }) => sum + size, 0)).toBeLessThan(
      module.parameters().reduce((sum, { size }) => sum + size, 0),
    );
    await expectClose(told(await written({ module: narrow, description })), told(narrow), {
      absolute: 1e-5,
      relative: 1e-5,
    });
  });
});
