import { build, crossEntropy, evaluate, meanLoss, tensorDataset, type Module } from '@espalier/nn';
import { tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  formatSensitivity,
  prune,
  quantize,
  runRecipe,
  sensitivity,
  type MeasuredOption,
  type MeasuredTable,
  type SensitivityOptions,
} from '../../src/index.ts';
import { blobs, perceptron, train, trained, validate } from '../helpers/blobs.ts';

const data = { train, validate };
const options = [{ type: 'prune', sparsity: 0.9 }, { type: 'quantize' }] as const;

function optionOf(table: MeasuredTable, layer: string, type: string | null): MeasuredOption {
  const found = table.layers
    .find(({ name }) => name === layer)
    ?.options.find(({ config }) => (config?.type ?? null) === type);
  if (!found) throw new Error(`there is no ${type} of ${layer}`);
  return found;
}

const lossOf = async (model: Module): Promise<number> =>
  (await evaluate(model, validate, { loss: meanLoss(crossEntropy) })).loss;

describe('sensitivity', () => {
  test('is by how much the loss grows when one layer alone is changed, and what it takes then', async () => {
    const model = await trained();
    const before = await lossOf(model);
    const table = await sensitivity(model, { data, options });
    expect(table.layers.map(({ name }) => name)).toEqual(['0.weight', '2.weight']);
    for (const layer of ['0.weight', '2.weight']) {
      for (const pass of [prune({ sparsity: 0.9, include: [layer] }), quantize({ include: [layer] })]) {
        const { model: changed } = await runRecipe(model, [pass], { data });
        const { damage, error } = optionOf(table, layer, pass.config.type);
        expect(damage).toBeCloseTo((await lossOf(changed)) - before, 5);
        expect(error).toBeGreaterThan(0);
      }
    }
    expect(optionOf(table, '0.weight', null)).toEqual({ config: null, damage: 0, error: 0, bytes: 16 * 32 * 4 });
    expect(optionOf(table, '0.weight', 'quantize').bytes).toBe(16 * 32 + 32 * 4);
    expect(await lossOf(model)).toBe(before);
  });

  test('may be how far the outputs are off, as a share of their size', async () => {
    const model = build({ type: 'linear', in: 2, out: 1, bias: false, init: 'ones' });
    const examples = tensorDataset(
      tensor([
        [1, 3],
        [2, 1],
      ]),
      tensor([[0], [0]]),
    );
    const given = {
      data: { train: examples },
      options: [{ type: 'prune', sparsity: 0.5 }],
      by: 'outputs',
      loss: 'mse',
    } as const;
    // The first input is gone: 1² + 2² of 4² + 3².
    expect(optionOf(await sensitivity(model, given), 'weight', 'prune').damage).toBeCloseTo(5 / 25, 6);
  });

  test('measures what is not known yet, and tells after each measurement', async () => {
    const model = await trained();
    const told: MeasuredTable[] = [];
    const onMeasured = (table: MeasuredTable): void => void told.push(table);
    const whole = await sensitivity(model, { data, options, onMeasured });
    expect(told).toHaveLength(6);
    expect(told.at(-1)).toEqual(whole);
    const again: MeasuredTable[] = [];
    const known = told[3] as MeasuredTable;
    expect(await sensitivity(model, { data, options, known, onMeasured: (table) => void again.push(table) })).toEqual(
      whole,
    );
    expect(again).toHaveLength(2);
  });

  test('what is known of another model is refused', async () => {
    const known = await sensitivity(await trained(), { data, options });
    const other = build(perceptron(32), { seed: 9 });
    await expect(sensitivity(other, { data, options, known, loss: 'cross-entropy' })).rejects.toThrow(
      /known is a table of another model/,
    );
  });

  test('ends when it is told to', async () => {
    const controller = new AbortController();
    const onMeasured = (): void => controller.abort(new Error('enough'));
    const measuring = sensitivity(await trained(), { data, options, onMeasured, signal: controller.signal });
    await expect(measuring).rejects.toThrow('enough');
  });

  test('knows the time of a layer where it is asked for', async () => {
    let now = 0;
    const latency = { runs: 3, warmUp: 0, warmUpMs: 0, now: () => now++ };
    const table = await sensitivity(await trained(), { data, options: [{ type: 'quantize' }], latency });
    for (const { options: all } of table.layers) for (const { milliseconds } of all) expect(milliseconds).toBe(1);
  });

  test('says what a layer has no room for, and goes on', async () => {
    const table = await sensitivity(await trained(), {
      data,
      options: [{ type: 'prune', sparsity: 0.5, maximum: { '0.*': 0.9 } }],
    });
    expect(table.layers[0]?.options).toHaveLength(2);
    expect(table.layers[1]?.refused).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('maximum has "0.*", which matches none') as unknown }),
    ]);
    const shown = formatSensitivity(table);
    expect(shown.split('\n')[0]).toMatch(/^layer\s+option\s+loss\s+±\s+bytes$/u);
    expect(shown).toMatch(/0\.weight\s+prune sparsity 0\.5 maximum \{"0\.\*":0\.9\}\s+[+-]/u);
    expect(shown).toContain('2.weight: not by prune');
  });

  test('lists what would leave no finite loss', async () => {
    // log 0 is not finite.
    const loss = (output: Tensor): Tensor => output.abs().sum(-1).log().mean();
    const model = build({ type: 'linear', in: 2, out: 1, bias: false, init: 'ones' });
    const examples = tensorDataset(
      tensor([
        [1, 0],
        [2, 0],
      ]),
      tensor([[0], [0]]),
    );
    const given = { data: { train: examples }, options: [{ type: 'prune', sparsity: 0.5 }], loss };
    const { layers } = await sensitivity(model, given);
    expect(layers[0]?.refused).toEqual([
      { config: given.options[0], reason: 'the loss of the model would not be finite' },
    ]);
  });

  test.each<[string, Partial<SensitivityOptions>, RegExp]>([
    ['what trains', { options: [{ type: 'finetune' }] }, /finetune trains; .* leave the training out/u],
    ['a choice of weights', { options: [{ type: 'quantize', include: ['*'] }] }, /each layer is tried alone/u],
    ['no option', { options: [] }, /options is \[\]/u],
    ['what is no pass', { options: [{ type: 'melt' }] }, /it needs a type out of/u],
    ['several passes at once', { options: [{ together: [] } as never] }, /is no single pass/u],
    ['no examples', { data: {} }, /judges models by examples, and there is none/u],
    ['data that is a dataset', { data: train as never }, /data: is a dataset/u],
    ['a filter for nothing', { include: ['fc*'] }, /'fc\*' matches no parameter/u],
    ['another measure', { by: 'luck' as never }, /by is "luck"/u],
    ['a misspelling', { example: 3 } as never, /'example' is no option/u],
  ])('refuses %s', async (_, wrong, message) => {
    await expect(sensitivity(await trained(), { data, options, ...wrong })).rejects.toThrow(message);
  });

  test('needs to know what the model learns by', async () => {
    const measuring = sensitivity(build(perceptron(4), { seed: 1 }), { data: { train: blobs(8, 1) }, options });
    await expect(measuring).rejects.toThrow(/nothing says which/u);
  });
});
