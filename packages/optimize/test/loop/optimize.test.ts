import {
  Adam,
  build,
  evaluate,
  fit,
  huber,
  meanLoss,
  mse,
  tensorDataset,
  trainedBy,
  type Dataset,
  type Module,
} from '@espalier/nn';
import { Generator, rand, randn } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  cluster,
  distill,
  gptq,
  loadOptimizedFrom,
  memoryStore,
  optimize,
  parseRecipe,
  prune,
  quantize,
  RecipeError,
  registerPass,
  runRecipe,
  shrink,
  together,
  type LoopStore,
  type LoopTrial,
  type OptimizeOptions,
  type Pass,
} from '../../src/index.ts';
import { accuracyOf, blobs, classes, features, logitsOf, test as held, train, trained } from '../helpers/blobs.ts';

const quick = { epochs: 1, batchSize: 64 };
const validate = blobs(1500, 8);
const options: OptimizeOptions = {
  data: { train, validate, test: held },
  goals: ['accuracy>=base-4pp'],
  seed: 4,
  maxTrials: 8,
  epochs: 1,
  latency: { maxMs: 5, warmUp: 1, warmUpMs: 0 },
};
const steps = [
  together(prune({ sparsity: 0.8, schedule: 'cubic', train: quick }), distill({ temperature: 2 })),
  quantize(),
];

/** A store that counts what is written to it. */
function counting(store: LoopStore = memoryStore()): LoopStore & { readonly written: string[] } {
  const written: string[] = [];
  return { ...store, written, write: async (path, contents) => (written.push(path), store.write(path, contents)) };
}

/** What a report says, without how long things took. */
function timeless(report: object): unknown {
  const seen = JSON.stringify(report, (key, value: unknown) =>
    ['seconds', 'latency', 'latencyRatio', 'notes'].includes(key) ? undefined : value,
  );
  return JSON.parse(seen);
}

describe('optimize', () => {
  test('finds a smaller model that is sure to keep the goal, without a recipe, and changes nothing', async () => {
    const model = await trained();
    const before = await logitsOf(model);
    const best: LoopTrial[] = [];
    const { model: small, report } = await optimize(model, {
      ...options,
      onBest: ({ trial }) => void best.push(trial),
    });
    expect(await logitsOf(model)).toEqual(before);
    expect(report.claim).toBe('holds');
    expect(report.after.cost.bytes).toBeLessThan(report.before.cost.bytes / 2);
    expect(await accuracyOf(small, validate)).toBeGreaterThanOrEqual((await accuracyOf(model, validate)) - 0.04);
    expect(report.after.test?.value).toBe(await accuracyOf(small, held));
    // A valid model soon, and only better ones after it.
    expect(best.map(({ number }) => number).slice(0, 2)).toEqual([0, 1]);
    const costs = best.map(({ cost }) => cost as number);
    expect(costs).toEqual(costs.toSorted((a, b) => b - a));
    expect(report.front.map(({ cost }) => cost)).toEqual(
      report.front.map(({ cost }) => cost).toSorted((a, b) => a - b),
    );
    expect(report.layers.map(({ name }) => name)).toEqual([...small.namedParameters().keys()]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('cuts units off where fewer multiply-accumulates are asked for', async () => {
    const { model, report } = await optimize(await trained(), {
      ...options,
      goals: ['macs<=base/2', 'accuracy>=base-8pp'],
      minimize: 'macs',
      epochs: 8,
    });
    expect(report.claim).toBe('holds');
    expect(report.after.cost.macs).toBeLessThanOrEqual(320);
    expect(report.recipe[0]).toMatchObject({ type: 'shrink' });
    expect(model.parameters()[0]?.shape[0]).toBeLessThanOrEqual(16);
  });

  test('keeps the error of a regression model, which it trains by the loss that made it', async () => {
    const rows = (seed: number): Dataset => {
      const generator = new Generator(seed);
      const x = rand([1500, 4], { generator });
      const told = x
        .narrow(1, 0, 2)
        .mul(3)
        .sub(x.narrow(1, 2, 2));
      return tensorDataset(x, told.add(randn([1500, 2], { generator }).mul(0.3)).realizeSync());
    };
    const [own, others] = [rows(1), rows(2)];
    const layers = [{ type: 'linear', in: 4, out: 256 }, { type: 'relu' }, { type: 'linear', in: 256, out: 2 }];
    const model = build({ type: 'sequential', layers }, { seed: 1 });
    await fit(model, own, { loss: huber, optimizer: new Adam({ lr: 0.01 }), epochs: 8, batchSize: 50 });
    const { model: small, report } = await optimize(model, {
      ...options,
      data: { train: own, validate: others },
      goals: ['rmse<=base*1.05'],
      steps: [prune({ sparsity: 0.6, schedule: 'cubic', train: { ...quick, epochs: 6 } }), quantize()],
      maxTrials: 4,
    });
    const error = async (of: Module): Promise<number> =>
      Math.sqrt((await evaluate(of, others, { value: meanLoss(mse) })).value);
    expect([report.claim, trainedBy(small)]).toEqual(['holds', huber]);
    expect(await error(small)).toBeLessThanOrEqual(1.05 * (await error(model)));
    expect(report.after.cost.bytes).toBeLessThan(report.before.cost.bytes / 2);
    expect(JSON.stringify(report.recipe)).toContain('"prune"');
  });

  test('its recipe gives the same model again without searching', async () => {
    const { model, report } = await optimize(await trained(), { ...options, steps, maxTrials: 4 });
    const exact = { ...options, steps: parseRecipe(report.recipe), turn: false };
    const again = await optimize(await trained(), exact);
    expect(again.report.trials.map(({ recipe }) => recipe)).toEqual([[], report.recipe]);
    expect(await logitsOf(again.model)).toEqual(await logitsOf(model));
  });

  test('how strongly weights decay is settled by the first values, for later families too', async () => {
    const { report } = await optimize(await trained(), { ...options, minimize: 'macs', maxTrials: 20 });
    const decided = report.trials.filter(({ values }) => values['decay'] !== undefined);
    const [{ family, values } = {}] = decided;
    const first = decided.filter((trial) => trial.family === family && trial.values['times'] === values?.['times']);
    const later = decided.filter((trial) => !first.includes(trial));
    expect(new Set(first.map((trial) => trial.values['decay']))).toEqual(new Set(['little', 'much']));
    expect(new Set(later.map((trial) => trial.family)).size).toBeGreaterThan(1);
    const [kept, ...others] = new Set(later.map((trial) => trial.values['decay']));
    expect(others).toEqual([]);
    const margin = (decay: unknown): number =>
      Math.max(...first.filter((trial) => trial.values['decay'] === decay).map(({ quality }) => quality?.margin ?? -1));
    expect(margin(kept)).toBe(Math.max(margin('little'), margin('much')));
  });

  test('an option of a few values is tried at each, the one that was asked for first', async () => {
    const { report } = await optimize(await trained(), { ...options, steps: [cluster({ bits: 3 })] });
    expect(report.trials.map(({ values }) => values)).toEqual([
      {},
      ...[3, 4, 5].map((bits) => ({ '0.cluster.bits': bits })),
    ]);
    const bits = await optimize(await trained(), { ...options, steps: [gptq()], minimize: 'bytes' });
    expect(bits.report.trials.slice(1, 5).map(({ values }) => values['0.gptq.bits'])).toEqual([4, 8, 3, 2]);
  });

  test('goes on from wherever it was killed to the same end, and computes nothing twice', async () => {
    const model = await trained();
    const store = counting();
    const whole = await optimize(model, { ...options, steps, store });
    const stages = store.written.filter((path) => path.endsWith('config.json'));
    expect(new Set(stages).size).toBe(stages.length);
    for (const kill of [2, Math.floor(store.written.length / 2), store.written.length - 1]) {
      let writes = 0;
      const left = memoryStore();
      const cut: LoopStore = {
        ...left,
        write: async (path, contents) => {
          // Whatever comes after it, what a store throws ends the run, and is the fault of no recipe.
          if (++writes === kill) throw new Error('killed');
          await left.write(path, contents);
        },
      };
      await expect(optimize(model, { ...options, steps, store: cut })).rejects.toThrow('killed');
      const again = await optimize(model, { ...options, steps, store: left });
      expect(timeless(again.report)).toEqual(timeless(whole.report));
      expect(await logitsOf(again.model)).toEqual(await logitsOf(whole.model));
    }
  });

  test('a store of another search is refused', async () => {
    const store = memoryStore();
    const model = await trained();
    await optimize(model, { ...options, store, maxTrials: 1 });
    await expect(optimize(model, { ...options, store, goals: ['accuracy>=base-1pp'] })).rejects.toThrow(
      /holds another search/,
    );
    await expect(optimize(model, { ...options, store, seed: 5 })).rejects.toThrow(/holds another search/);
  });

  test('what is damaged in a store is computed again', async () => {
    const store = memoryStore();
    const model = await trained();
    const whole = await optimize(model, { ...options, store, maxTrials: 3 });
    const key = whole.report.trials[1]?.key ?? '';
    await store.write(`stages/${key}/model.safetensors`, new Uint8Array([1, 2, 3]));
    const again = await optimize(model, { ...options, store, maxTrials: 3 });
    expect(timeless(again.report)).toEqual(timeless(whole.report));
  });

  test('what a store has lost of a model, or of a trial, is computed again', async () => {
    const files = new Map<string, Uint8Array | string>();
    const store = keeping(files);
    const model = await trained();
    const given = { ...options, maxTrials: 2 };
    const whole = await optimize(model, { ...given, store });
    for (const path of files.keys()) if (path.startsWith('stages/')) files.delete(path);
    const again = await optimize(model, { ...given, store });
    expect(timeless(again.report)).toEqual(timeless(whole.report));
    expect(await logitsOf(again.model)).toEqual(await logitsOf(whole.model));
    for (const damaged of ['', '{"number":', '[]', 'null', '{"number":1,"recipe":[],"searched":3,"seconds":1}']) {
      files.set('trials/0001.json', damaged);
      expect(timeless((await optimize(model, { ...given, store })).report)).toEqual(timeless(whole.report));
    }
    const key = whole.report.trials[1]?.key ?? '';
    files.set(`stages/${key}/optimization.json`, new TextEncoder().encode('{}'));
    files.delete('trials/0001.json');
    expect(timeless((await optimize(model, { ...given, store })).report)).toEqual(timeless(whole.report));
  });

  test('what goes on tells of no model that is worse than what it had', async () => {
    const store = memoryStore();
    const model = await trained();
    const tell = async (maxTrials: number): Promise<number[]> => {
      const told: number[] = [];
      await optimize(model, { ...options, store, maxTrials, onBest: ({ trial }) => void told.push(trial.number) });
      return told;
    };
    const [first, all] = [await tell(2), await tell(4)];
    expect(first.length).toBeGreaterThan(1);
    expect(all[0]).toBe(first.at(-1));
    expect(await tell(4)).toEqual(all.slice(-1));
  });

  test('one recipe is tried beside the model as given, where one is the most', async () => {
    const { report } = await optimize(await trained(), { ...options, steps: [quantize()], turn: false, maxTrials: 1 });
    expect(report.recipe).toEqual([{ type: 'quantize' }]);
    expect(report.after.cost.bytes).toBeLessThan(report.before.cost.bytes);
    const few = await optimize(await trained(), { ...options, maxTrials: 1 });
    expect(few.report.trials).toHaveLength(2);
    expect(few.report.reason).toBe('1 recipe was tried, which was the most');
  });

  test('the test split decides nothing', async () => {
    const { test: _, ...data } = options.data;
    const [a, b] = [await optimize(await trained(), options), await optimize(await trained(), { ...options, data })];
    expect(b.report.after.test).toBeUndefined();
    expect(timeless(b.report.trials)).toEqual(timeless(a.report.trials));
  });

  test('a stage that fails is a result with its kind, and not the end', async () => {
    registerPass({ type: 'breaks', make: () => breaks(0.5) });
    const { report } = await optimize(await trained(), { ...options, steps: [breaks(0.5), quantize()] });
    const failed = report.trials.filter(({ failure }) => failure);
    expect(failed[0]?.failure).toEqual({ kind: 'refused', message: 'breaks: at 0.5' });
    expect(report.trials.length).toBeGreaterThan(failed.length);
    // The model as given keeps a goal that is only of quality.
    expect(report.claim).toBe('holds');
    expect(report.unhelpful.join()).toMatch(/the recipe: \d of \d+ recipes failed: \(refused\) breaks: at 0\.5/);
  });

  test('a recipe that cannot be carried out is refused, and the model as given is no answer', async () => {
    const bare = build({ type: 'sequential', layers: [{ type: 'linear', in: features, out: classes }] }, { seed: 1 });
    for (const turn of [true, false])
      await expect(
        optimize(bare, { ...options, steps: [shrink({ ratio: 0.5 })], turn, loss: 'cross-entropy' }),
      ).rejects.toThrow(/steps: nothing comes of the recipe: shrink: no width is left to cut/);
    for (const parameter of bare.parameters()) parameter.trainable = false;
    const training = [prune({ sparsity: 0.5, train: quick })];
    await expect(optimize(bare, { ...options, steps: training, turn: false, loss: 'cross-entropy' })).rejects.toThrow(
      /steps: nothing comes of the recipe: adam: there is no trainable parameter/,
    );
  });

  test('several knobs are turned by a study, the same again for the same seed', async () => {
    const two = [prune({ sparsity: 0.5, include: ['0.weight'] }), prune({ sparsity: 0.5, include: ['2.weight'] })];
    const [a, b] = [
      await optimize(await trained(), { ...options, steps: two }),
      await optimize(await trained(), { ...options, steps: two }),
    ];
    expect(a.report.trials[1]?.values).toEqual({ '0.prune.sparsity': 0.5, '1.prune.sparsity': 0.5 });
    expect(a.report.trials).toHaveLength(9);
    expect(timeless(b.report.trials)).toEqual(timeless(a.report.trials));
    expect(Object.keys(a.report.trials[5]?.values ?? {})).toEqual(['0.prune.sparsity', '1.prune.sparsity']);
  });

  test('limits alone: the best quality within them', async () => {
    const { report } = await optimize(await trained(), {
      ...options,
      goals: ['non-zeros<=base/3'],
      steps: [prune({ sparsity: 0.9 })],
    });
    expect(report.axes).toEqual({ cost: 'bytes', quality: 'accuracy' });
    const byNumber = report.front.map(({ trial }) => report.trials[trial]?.costs?.bytes);
    expect(report.front.map(({ cost }) => cost)).toEqual(byNumber);
    expect(report.claim).toBe('holds');
    expect(report.after.cost.nonZeros).toBeLessThanOrEqual(report.before.cost.nonZeros / 3);
    expect(report.after.cost.nonZeros).toBeGreaterThan(report.before.cost.nonZeros / 4);
  });

  test('goals on quality and cost: it ends once both are kept', async () => {
    const { report } = await optimize(await trained(), { ...options, goals: ['accuracy>=base-4pp', 'bytes<=base/2'] });
    expect([report.stop, report.claim]).toEqual(['met', 'holds']);
    expect(report.goals.map(({ verdict }) => verdict)).toEqual(['holds', 'holds']);
  });

  test('out of reach: the nearest model, the front and the reason', async () => {
    const { model, report } = await optimize(await trained(), {
      ...options,
      goals: ['accuracy>=base-4pp', 'bytes<=750B'],
      maxTrials: 5,
    });
    expect(report.claim).not.toBe('holds');
    expect(report.reason).toMatch(/5 recipes were tried.*is out of reach of what was tried: the nearest has/);
    expect(report.front.length).toBeGreaterThan(0);
    expect(await accuracyOf(model)).toBeGreaterThan(0);
  });

  test('is interrupted with the best so far', async () => {
    const signal = { aborted: false };
    const onTrial = ({ number }: LoopTrial): void => void (signal.aborted = number === 1);
    const { report } = await optimize(await trained(), { ...options, signal, onTrial });
    expect([report.stop, report.trials.length, report.claim]).toEqual(['aborted', 2, 'holds']);
  });

  test('every better model is told with files that load', async () => {
    const files: ReadonlyMap<string, Uint8Array>[] = [];
    const { model } = await optimize(await trained(), {
      ...options,
      maxTrials: 1,
      onBest: (best) => void files.push(best.files),
    });
    const { model: loaded } = await loadOptimizedFrom(async (name) => files.at(-1)?.get(name));
    expect(await logitsOf(loaded)).toEqual(await logitsOf(model));
    expect(await logitsOf(loaded)).toEqual(await logitsOf((await runRecipe(await trained(), [quantize()])).model));
  });

  test.each<[Partial<OptimizeOptions>, RegExp]>([
    [{ goals: [] }, /goal\.goals: there are none/],
    [{ goals: ['-0.5%'] }, /'accuracy>=base-0\.5pp'.*or 'accuracy>=base\*0\.995'/],
    [{ goals: ['accuracy>=base-1pp', 'accuracy>=90%'] }, /is limited twice/],
    [{ goals: ['rmse<=1'] }, /is of numbers, and the targets are classes/],
    [{ goals: ['accuracy>=base+40pp'] }, /is out of reach: no share is above 100 %/],
    [
      { steps: [quantize()], goals: ['bytes<=100B', 'accuracy>=50%'] },
      /bytes<=100B, is out of reach: its biases, norms and buffers alone take 144 B/,
    ],
    [{ goals: ['macs<=base/2', 'accuracy>=50%'], data: { validate } }, /macs<=base\/2.* is out of reach: it has 640/],
    [{ goals: ['loss<=base'], data: { train, validate: blobs(0, 1) } }, /validate is empty/],
    [{ maxTrials: 0 }, /maxTrials is 0/],
    [{ data: { train, validate: blobs(1, 8) } }, /validate has 1 example; .* give at least 2/],
    [
      { steps: [quantize({ include: ['fc*'] })] },
      /steps\[0\]: quantize: 'fc\*' matches no parameter; there are 0\.weight/,
    ],
    [{ goals: ['bytes<=0'] }, /bytes<=0, is out of reach: no file is empty/],
    [{ goals: ['latency<=0ms'] }, /latency<=0ms, is out of reach: nothing takes no time/],
    [{ minimize: 'weight' as never }, /minimize is "weight"/],
    [{ steps: [quantize(), prune({ sparsity: 0.5 })] }, /prune after quantize/],
    [{ store: 3 as never }, /store is 3/],
  ])('%j is refused before work starts', async (changes, message) => {
    const tried: LoopTrial[] = [];
    await expect(
      optimize(await trained(), { ...options, ...changes, onTrial: (trial) => void tried.push(trial) }),
    ).rejects.toThrow(message);
    expect(tried.length).toBeLessThanOrEqual(1);
  });
});

/** A store in a map. */
function keeping(files: Map<string, Uint8Array | string>): LoopStore {
  const read = async <Kind>(path: string, is: (found: unknown) => found is Kind): Promise<Kind | undefined> => {
    const found = files.get(path);
    return is(found) ? found : undefined;
  };
  return {
    read: (path) => read(path, (found) => found instanceof Uint8Array),
    readText: (path) => read(path, (found) => typeof found === 'string'),
    write: async (path, contents) => void files.set(path, contents),
  };
}

/** A pass that cannot do what is asked of it above a value. */
function breaks(value: number): Pass {
  return {
    config: { type: 'breaks', value },
    needs: 'nothing',
    effects: ['weights'],
    knob: {
      name: 'value',
      range: async () => ({ low: 0, high: 1, resolution: 0.25, start: 0.5 }),
      at: breaks,
    },
    plan: async (model) => {
      if (value > 0.2) throw new RecipeError('breaks', `at ${value}`);
      return {
        summary: 'nothing',
        apply: async () => ({
          model,
          finalize: async () => ({ config: { type: 'breaks' }, summary: 'nothing', details: null }),
        }),
      };
    },
  };
}
