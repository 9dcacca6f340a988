/** The pass that leaves layers out. */
import { build, tensorDataset, type Dataset, type Module, type ModuleConfig } from '@espalier/nn';
import { createReferenceDevice, Generator, randint, randn, type Device } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { dropLayers, parseRecipe, recipeJson, runRecipe, type DropLayersOptions } from '../../src/index.ts';

const sequential = (...layers: readonly ModuleConfig[]): ModuleConfig => ({ type: 'sequential', layers });
const linear = (from: number, out: number): ModuleConfig => ({ type: 'linear', in: from, out });
const block = (): ModuleConfig => ({
  type: 'residual',
  body: sequential({ type: 'layer-norm', shape: 4 }, linear(4, 6), { type: 'relu' }, linear(6, 4)),
});

/** Words through attention and linear layers, each with a way around it. */
const config: ModuleConfig = {
  ...sequential(
    { type: 'embedding', count: 5, size: 4 },
    { type: 'position-embedding', count: 8, size: 4 },
    { type: 'residual', body: { type: 'self-attention', width: 4, heads: 2 } },
    block(),
    block(),
    { type: 'residual', body: linear(4, 4), shortcut: linear(4, 4) },
    { type: 'linear', in: 4, out: 5, bias: false },
  ),
  ties: { '6.weight': '0.weight' },
};

/** Words, and words to be told of them. */
function words(device?: Device): Dataset {
  const options = { generator: new Generator(1), ...(device && { device }) };
  return tensorDataset(randint(0, 5, [20, 3], options), randint(0, 5, [20, 3], options));
}

const train = words();

/** A model whose fourth layer adds next to nothing. */
function model(device?: Device): Module {
  const made = build(config, { seed: 1, ...(device && { device }) });
  for (const [name, { tensor }] of made.namedParameters())
    if (name.startsWith('4.body.3')) tensor.assign(tensor.detach().mul(1e-3));
  return made;
}

async function dropped(
  given: DropLayersOptions,
  from = model(),
  examples = train,
): Promise<{ model: Module; summary: string; details: unknown }> {
  const { model: small, records } = await runRecipe(from, [dropLayers(given)], { data: { train: examples }, seed: 1 });
  return { model: small, summary: records[0]?.summary ?? '', details: records[0]?.details };
}

describe('dropLayers', () => {
  test('leaves out what changes least of what it is given, and says how much each does', async () => {
    const { model: small, summary, details } = await dropped({ ratio: 0.34 });
    expect(summary).toBe('leave 1 of 3 layers out that change least');
    expect(details).toMatchObject({ 2: { kept: true }, 3: { kept: true }, 4: { kept: false } });
    expect(small.config()).toMatchObject({ layers: { 4: { type: 'sequential', layers: [] } }, ties: config['ties'] });
    const names = [...small.namedParameters().keys()];
    expect(names.filter((name) => name.startsWith('4'))).toEqual([]);
    expect(names).toContain('3.body.3.weight');
  });

  test('gives what the model gave when those layers added 0, to the bit on the reference device', async () => {
    const device = createReferenceDevice();
    const whole = model(device);
    const { model: small } = await dropped({ ratio: 0.67 }, whole, words(device));
    for (const [name, { tensor }] of whole.namedParameters())
      if (!small.namedParameters().has(name) && /body\.(3|out)\./.test(name))
        tensor.assign(tensor.filled(tensor.shape, 0));
    const x = randint(0, 5, [4, 3], { generator: new Generator(2), device }).realizeSync();
    expect(small.call(x).dataSync()).toEqual(whole.eval().call(x).dataSync());
  });

  test('is trained, and is JSON', async () => {
    const steps = parseRecipe([{ type: 'drop-layers', ratio: 0.5, train: { epochs: 1 } }]);
    expect(recipeJson(steps)).toEqual([{ type: 'drop-layers', ratio: 0.5, train: { epochs: 1 } }]);
    const { records } = await runRecipe(model(), steps, { data: { train }, seed: 1, loss: 'cross-entropy' });
    expect(records[0]?.summary).toMatch(/^leave 1 of 3 layers out that change least; trained for 1 epoch$/);
  });

  test('leaves alone what is excluded, and refuses models of which nothing can be left out', async () => {
    const { details } = await dropped({ ratio: 0.5, exclude: ['4'] });
    expect(Object.keys(details as object)).toEqual(['2', '3']);
    await expect(dropped({ ratio: 0.5, include: ['9'] })).rejects.toThrow(/'9' matches no layer; there are 0, 1, 2/);
    await expect(dropped({ ratio: 0.5, include: ['5'] })).rejects.toThrow(/no layer is left .*; there are 2, 3, 4/);
    const plain = build(sequential(linear(3, 3), linear(3, 2)), { seed: 1 });
    const floats = tensorDataset(randn([4, 3]), randn([4, 2]));
    await expect(runRecipe(plain, [dropLayers({ ratio: 0.5 })], { data: { train: floats } })).rejects.toThrow(
      /the model has none/,
    );
    expect(() => dropLayers({ ratio: 1 })).toThrow(/ratio is 1/);
    expect(() => dropLayers({ ratio: 0.5, calibrate: { examples: 0 } })).toThrow(/examples is 0/);
  });
});
