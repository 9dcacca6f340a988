// What a package outside this repository adds stands beside what is in it: in models, recipes and files.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Activation,
  build,
  buildSchedule,
  evaluate,
  registerActivation,
  registerSchedule,
  tensorDataset,
  type Module,
} from '@espalier/nn';
import {
  copyModel,
  encode,
  materializeModel,
  measureCost,
  parseRecipe,
  prune,
  qualityMetrics,
  quantize,
  recipeJson,
  runRecipe,
} from '@espalier/optimize';
import { loadOptimized, saveOptimized } from '@espalier/optimize/node';
import { configure, device, Generator, rand, tensor } from '@espalier/tensor';
import { checkOp, checkOpGradient } from '@espalier/testing';
import { afterAll, expect, test } from 'vitest';
import { importsOf } from '../helpers/sources.ts';
import './package/index.ts';
import { softsign, softsignLayer } from './package/activation.ts';
import { Gain } from './package/layer.ts';
import { limit } from './package/pass.ts';
import { balance, zigzag } from './package/training.ts';

const root = mkdtempSync(join(tmpdir(), 'espalier-outside-'));
afterAll(() => rmSync(root, { recursive: true }));
// That no device has a kernel for its format is no news here.
configure({ warn: () => undefined });

const features = 12;
const model = (): Module =>
  build(
    {
      type: 'sequential',
      layers: [
        { type: 'linear', in: features, out: 8 },
        { type: 'gain', features: 8 },
        { type: 'relu' },
        { type: 'linear', in: 8, out: 3 },
      ],
    },
    { seed: 3 },
  );
const x = rand([16, features], { generator: new Generator(1) });
const train = tensorDataset(x, rand([16, 3], { generator: new Generator(2) }));

const outputs = (of: Module): number[] => [...of.eval().forward(x).dataSync()];
const bitsOf = async (of: Module): Promise<[string, Float32Array][]> =>
  Promise.all([...of.namedParameters()].map(async ([name, { value }]) => [name, (await value.data()) as Float32Array]));
const viewsOf = (of: Module): (readonly string[] | undefined)[] =>
  of.parameters().map(({ views }) => views.map(({ name }) => name));

const json = [
  { type: 'prune', sparsity: 0.5, method: 'row-relative' },
  { type: 'limit', part: 0.8 },
  { type: 'quantize' },
  { type: 'finetune', epochs: 2, batchSize: 8, loss: 'mse' },
];

test('its files import public packages and each other only', () => {
  const foreign = readdirSync(new URL('package', import.meta.url))
    .flatMap((file) => importsOf(`test/outside/package/${file}`))
    .filter(({ specifier }) => !/^(?:\.\/[\w-]+\.ts|@espalier\/[\w-]+)$/u.test(specifier));
  expect(foreign).toEqual([]);
});

test('a recipe in JSON names its score and its pass, and does what the same passes in code do', async () => {
  const steps = parseRecipe(json);
  expect(recipeJson(steps)).toEqual(json);
  const { model: made, records } = await runRecipe(model(), steps, { data: { train }, seed: 4 });
  expect(records[0]?.summary).toContain('by magnitude within rows');
  expect(records[1]?.details).toEqual({ matrices: ['0.weight', '3.weight'] });
  expect(viewsOf(made)[0]).toEqual(['mask', 'ceiling', 'fake-quantize']);
  const inCode = [
    prune({ sparsity: 0.5, method: 'row-relative' }),
    limit({ part: 0.8 }),
    quantize(),
    steps[3] as never,
  ];
  const { model: same } = await runRecipe(model(), inCode, { data: { train }, seed: 4 });
  expect(await bitsOf(same)).toEqual(await bitsOf(made));
});

test('its loss of matches is named by a recipe in JSON', async () => {
  const matches = [{ teacher: '1', student: '1', loss: 'same-strength' }];
  const learning = [
    { type: 'distill', student: 'again', matches, train: { epochs: 1, loss: 'mse' }, teacher: 'original' },
  ];
  const steps = parseRecipe(learning);
  expect(recipeJson(steps)).toEqual(learning);
  const { records } = await runRecipe(model(), steps, { data: { train } });
  expect(records[0]?.summary).toContain('same-strength of "1" to "1"');
});

test('a file holds its view beside a mask and a quantization, and gives back a model that is the same to the last bit', async () => {
  const { model: made } = await runRecipe(model(), parseRecipe(json), { data: { train }, seed: 4 });
  const folder = join(root, 'viewed');
  await saveOptimized(folder, made);
  const { model: loaded } = await loadOptimized(folder);
  expect(viewsOf(loaded)).toEqual(viewsOf(made));
  expect(await bitsOf(loaded)).toEqual(await bitsOf(made));
  expect(outputs(loaded)).toEqual(outputs(made));
  expect(loaded.children().get('1')).toBeInstanceOf(Gain);
  const again = join(root, 'viewed again');
  await saveOptimized(again, loaded);
  for (const file of ['config.json', 'model.safetensors'])
    expect(readFileSync(join(again, file))).toEqual(readFileSync(join(folder, file)));
  // What is trained on is below the views, and comes back too.
  const raw = async (of: Module): Promise<unknown> => of.namedParameters().get('0.weight')?.tensor.data();
  expect(await raw(loaded)).toEqual(await raw(made));
});

test('copies have its view, and costs count it', async () => {
  const { model: made } = await runRecipe(model(), parseRecipe(json.slice(0, 3)));
  for (const copy of [await copyModel(made), await materializeModel(made)]) {
    expect(viewsOf(copy)).toEqual(viewsOf(made));
    expect(outputs(copy)).toEqual(outputs(made));
  }
  const { perParameter } = await measureCost(made, { inputShape: [features], latency: false });
  expect(perParameter[0]).toMatchObject({ name: '0.weight', layout: 'viewed', format: 'float32' });
  // The weights, a byte of mask each, and a limit for each row; scales are in config.json.
  expect(perParameter[0]?.bytes).toBe(8 * features * (4 + 1) + 8 * 4);
});

test('its format is named by a recipe, a file and its reader', async () => {
  const { model: made } = await runRecipe(model(), [
    ...parseRecipe(json.slice(0, 1)),
    encode({ format: 'row-signs', include: ['0.weight'] }),
  ]);
  const folder = join(root, 'encoded');
  await saveOptimized(folder, made);
  expect(readFileSync(join(folder, 'config.json'), 'utf8')).toContain('"row-signs"');
  const { model: loaded } = await loadOptimized(folder);
  expect(await bitsOf(loaded)).toEqual(await bitsOf(made));
});

test('its number format is named by a recipe and a file, which holds six bits a weight', async () => {
  const steps = [{ type: 'quantize', weights: 'int6' }];
  expect(recipeJson(parseRecipe(steps))).toEqual(steps);
  const { model: made } = await runRecipe(model(), parseRecipe(steps));
  const folder = join(root, 'six bits');
  await saveOptimized(folder, made);
  const { model: loaded } = await loadOptimized(folder);
  expect(await bitsOf(loaded)).toEqual(await bitsOf(made));
  const { perParameter } = await measureCost(loaded, { inputShape: [features], latency: false });
  // And a scale for each row.
  expect(perParameter[0]).toMatchObject({ format: 'int6', bytes: (8 * features * 6) / 8 + 8 * 4 });
});

test('its element-wise op is held by the laws of ops', async () => {
  for (const name of ['reference', 'cpu'] as const) await checkOp(softsign.entry, await device(name), { runs: 20 });
  await checkOpGradient(softsign.entry, { runs: 5 });
});

test('its activation, initialiser, loss, optimizer and schedule are named by JSON, train, and are in files', async () => {
  const described = {
    type: 'sequential',
    layers: [
      { type: 'linear', in: features, out: 3, init: 'even' },
      { type: 'softsign', sharpness: 2 },
    ],
  };
  const given = build(described, { seed: 1 });
  expect(given.namedParameters().get('0.weight')?.value.arraySync()).toEqual(
    Array(3).fill(Array(features).fill(Math.fround(1 / features))),
  );
  const trained = [
    {
      type: 'finetune',
      epochs: 2,
      batchSize: 8,
      loss: 'log-cosh',
      optimizer: { type: 'cautious', lr: 0.1 },
      schedule: { type: 'zigzag', period: 3 },
    },
  ];
  expect(recipeJson(parseRecipe(trained))).toEqual(trained);
  const { model: made } = await runRecipe(given, parseRecipe(trained), { data: { train }, seed: 4 });
  expect(outputs(made)).not.toEqual(outputs(given));
  const folder = join(root, 'trained');
  await saveOptimized(folder, made);
  const { model: loaded } = await loadOptimized(folder);
  expect(outputs(loaded)).toEqual(outputs(made));
  expect(loaded.config()).toEqual(made.config());
  expect(made.config()).toMatchObject({ layers: [{ init: 'even' }, { type: 'softsign', sharpness: 2 }] });
});

test.each<[string, () => unknown, string]>([
  ['a setting of its activation', () => build({ type: 'softsign', sharp: 2 }), 'sharp: is no known field'],
  ['an option of its schedule', () => buildSchedule({ type: 'zigzag', period: 0.5 }), 'schedule.period: must be'],
  ['a name that is none', () => new Activation('softsine'), 'known are relu, '],
  ['a name of a schedule that is none', () => buildSchedule('zigzog'), 'zigzag'],
  ['a name that is taken', () => registerActivation({ ...softsignLayer, type: 'relu' }), "of the name 'relu'"],
  [
    'another schedule of a name',
    () => registerSchedule({ ...zigzag, type: 'cosine' }),
    "another schedule of the name 'cosine'",
  ],
  [
    'an activation that is none',
    () => registerActivation({ type: 'x' } as never),
    'a type of activation function: { type, create }',
  ],
  ['a schedule that is none', () => registerSchedule({ type: 'x' } as never), 'a type of schedule: { type, create }'],
])('%s is refused by name', (_, make, message) => {
  expect(make).toThrow(message);
});

test('its metric is one that a goal may name', async () => {
  expect(qualityMetrics).toContain('balance');
  const { value } = await evaluate(
    build({ type: 'identity' }),
    tensorDataset(
      tensor([
        [0, 1],
        [1, 0],
        [1, 0],
        [0, 1],
      ]),
      tensor([1, 0, 0, 0], { dtype: 'i32' }),
    ),
    { value: balance.metric },
  );
  expect(value).toBe(0.5);
});

test('its rules of order hold, also for a model that was loaded', async () => {
  const refusal = /limit after quantize would cut what was rounded already/u;
  await expect(runRecipe(model(), [quantize(), limit({ part: 0.5 })])).rejects.toThrow(refusal);
  const { model: made } = await runRecipe(model(), [limit({ part: 0.5 })]);
  const folder = join(root, 'limited');
  await saveOptimized(folder, made);
  const { model: loaded } = await loadOptimized(folder);
  await expect(runRecipe(loaded, [limit({ part: 0.5 })])).rejects.toThrow(
    /limit after the model as given would cut twice/u,
  );
  await expect(runRecipe(model(), [encode({ format: 'int8' }), limit({ part: 0.5 })])).rejects.toThrow(
    /limit after encode would make weights dense again/u,
  );
});
