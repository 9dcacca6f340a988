import { build, type Module, type Parameter } from '@espalier/nn';
import { describe, expect, test } from 'vitest';
import {
  awq,
  distill,
  finetune,
  gptq,
  maskOf,
  prune,
  quantizationOf,
  quantize,
  recipeJson,
  parseRecipe,
  runRecipe,
  smoothQuant,
  together,
  type Pass,
  type Step,
} from '../../src/index.ts';
import { accuracyOf, logitsOf, perceptron, train, trained } from '../helpers/blobs.ts';
import { at } from '../helpers/at.ts';

const data = { train };
const quick = { epochs: 2, batchSize: 64 };

async function nonZeroWeights(model: Awaited<ReturnType<typeof trained>>): Promise<number> {
  let count = 0;
  for (const [name, parameter] of model.namedParameters()) {
    if (name.endsWith('weight')) count += (await parameter.value.data()).filter((value) => value !== 0).length;
  }
  return count;
}

function parameterOf(model: Module, name: string): Parameter {
  const parameter = model.namedParameters().get(name);
  if (!parameter) throw new Error(`there is no ${name}`);
  return parameter;
}

describe('prune', () => {
  test('drops exactly the share asked for, locally and globally', async () => {
    const model = await trained();
    const total = 16 * 32 + 32 * 4;
    for (const scope of ['local', 'global'] as const) {
      const { model: small } = await runRecipe(model, [prune({ sparsity: 0.8, scope })]);
      expect(await nonZeroWeights(small)).toBe(total - (scope === 'local' ? 409 + 102 : 512));
    }
    expect(await nonZeroWeights(model)).toBe(total);
  });

  test('masks survive training, gradual or after', async () => {
    const model = await trained();
    const steps = [prune({ sparsity: 0.75, schedule: 'cubic', train: quick }), finetune(quick)];
    const { model: small, records } = await runRecipe(model, steps, { data, seed: 3 });
    expect(await nonZeroWeights(small)).toBe(160);
    expect(records.map(({ config }) => config.type)).toEqual(['prune', 'finetune']);
    expect(records[0]?.summary).toBe(
      'drop 480 of 640 weights by magnitude, in one ranking of all tensors, at most 98 % of each, on a cubic schedule of 8 updates from 0 % to 50 % of the training; trained for 2 epochs',
    );
    for (const parameter of small.parameters()) {
      const kept = await maskOf(parameter)?.kept();
      if (!kept) continue;
      const values = await parameter.value.data();
      expect(values.filter((value, index) => kept[index] === 0 && value !== 0).length).toBe(0);
    }
  });

  test('magnitude keeps more of the model than a random mask', async () => {
    const model = await trained();
    const by = async (method: 'magnitude' | 'random'): Promise<number> =>
      accuracyOf((await runRecipe(model, [prune({ sparsity: 0.7, method })], { seed: 1 })).model);
    expect(await by('magnitude')).toBeGreaterThan(await by('random'));
  });

  test('what is gone stays gone, and less than before is refused', async () => {
    const model = await trained();
    const { model: half } = await runRecipe(model, [prune({ sparsity: 0.5, method: 'random' })]);
    const { model: more } = await runRecipe(half, [prune({ sparsity: 0.8 })]);
    const masks = (of: Module): Promise<(Uint8Array | undefined)[]> =>
      Promise.all(of.parameters().map(async (parameter) => maskOf(parameter)?.kept()));
    const [before, after] = [await masks(half), await masks(more)];
    for (const [index, kept] of after.entries()) {
      for (const [weight, stays] of (kept ?? []).entries()) if (stays === 1) expect(before[index]?.[weight]).toBe(1);
    }
    await expect(runRecipe(half, [prune({ sparsity: 0.3 })])).rejects.toThrow(/320 of 640 weights are gone already/);
  });

  test('what is gone stays gone at every update of a schedule, whatever the scope and the bounds', async () => {
    const model = await trained();
    // A tensor that is nearly empty, beside one that is not.
    const { model: half } = await runRecipe(model, [prune({ sparsity: 0.95, include: ['0.weight'] })]);
    const before = await maskOf(parameterOf(half, '0.weight'))?.kept();
    const seen: (Uint8Array | undefined)[] = [];
    const spy: Pass = {
      config: { type: 'spy' },
      needs: 'training',
      effects: [],
      plan: async (of) => ({
        summary: '',
        apply: async () => ({
          model: of,
          training: {
            beforeStep: async () => void seen.push(await maskOf(parameterOf(of, '0.weight'))?.kept()),
          },
          finalize: async () => ({ config: { type: 'spy' }, summary: '', details: {} }),
        }),
      }),
    };
    for (const options of [
      { sparsity: 0.9 },
      { sparsity: 0.9, maximum: 0.9 },
      { sparsity: 0.96, scope: 'local' },
    ] as const) {
      await runRecipe(half, [together(prune({ ...options, schedule: 'linear', train: quick }), spy)], { data });
    }
    expect(seen.length).toBeGreaterThan(20);
    for (const kept of seen)
      expect((kept ?? []).some((stays, index) => stays === 1 && before?.[index] === 0)).toBe(false);
    await expect(runRecipe(half, [prune({ sparsity: 0.9, scope: 'local' })])).rejects.toThrow(
      /486 of 512 weights of 0\.weight are gone already/,
    );
  });

  test('a training without a step prunes all the same', async () => {
    const steps = [prune({ sparsity: 0.5, schedule: 'cubic', train: { epochs: 0 } })];
    const { model: small, records } = await runRecipe(await trained(), steps, { data });
    expect(await nonZeroWeights(small)).toBe(320);
    expect(records[0]).toMatchObject({ training: { epochs: 0, steps: 0 } });
  });

  test('the same seed gives the same model', async () => {
    const model = await trained();
    const steps = [prune({ sparsity: 0.9, method: 'random', schedule: 'linear', train: quick })];
    const [a, b] = [await runRecipe(model, steps, { data, seed: 7 }), await runRecipe(model, steps, { data, seed: 7 })];
    expect(await logitsOf(a.model)).toEqual(await logitsOf(b.model));
  });
});

describe('quantize', () => {
  test('moves no weight by more than half its scale, and keeps zeros', async () => {
    const model = await trained();
    const { model: pruned } = await runRecipe(model, [prune({ sparsity: 0.6 })]);
    const { model: small } = await runRecipe(pruned, [quantize()]);
    const before = pruned.namedParameters();
    for (const [name, parameter] of small.namedParameters()) {
      const view = quantizationOf(parameter);
      expect(view === undefined).toBe(name.endsWith('bias'));
      if (!view) continue;
      const [was, is] = [await before.get(name)?.value.data(), await parameter.value.data()];
      const columns = is.length / view.scales.length;
      for (const [index, value] of is.entries()) {
        const scale = at(view.scales, Math.floor(index / columns));
        expect(Math.abs(value - at(was ?? [], index))).toBeLessThanOrEqual((scale / 2) * 1.0001);
        if (was?.[index] === 0) expect(value).toBe(0);
      }
    }
    expect(await accuracyOf(small)).toBeCloseTo(await accuracyOf(pruned), 1);
  });

  test('can be trained under', async () => {
    const model = await trained();
    const { model: small } = await runRecipe(model, [quantize({ granularity: 'tensor' }), finetune(quick)], { data });
    const { model: before } = await runRecipe(model, [quantize({ granularity: 'tensor' })], { data });
    expect(await logitsOf(small)).not.toEqual(await logitsOf(before));
    for (const parameter of small.parameters()) {
      const view = quantizationOf(parameter);
      if (!view) continue;
      const values = (await parameter.value.data()) as Float32Array;
      expect(view.decode(view.encode(values))).toEqual(values);
    }
  });
});

describe('in place', () => {
  test('the model that is given is worked on, and there is none to learn from', async () => {
    const model = build(perceptron(32), { seed: 5 });
    const { model: same } = await runRecipe(model, [prune({ sparsity: 0.5 })], { inPlace: true });
    expect(same).toBe(model);
    expect(await nonZeroWeights(model)).toBe((16 * 32 + 32 * 4) / 2);
    await expect(
      runRecipe(model, [distill({ train: { ...quick, loss: 'cross-entropy' } })], { data, inPlace: true }),
    ).rejects.toThrow('the teacher is the model itself');
    await expect(runRecipe(model, [prune({ sparsity: 0.5 })], { inPlace: 1 as never })).rejects.toThrow('inPlace');
  });
});

describe('distill', () => {
  test('a student learns from its teacher', async () => {
    const model = await trained();
    const teacherBefore = await logitsOf(model);
    const student = perceptron(6);
    const steps = [distill({ student, train: { epochs: 30, batchSize: 64, optimizer: { type: 'adam', lr: 0.01 } } })];
    const { model: small } = await runRecipe(model, steps, { data, seed: 2 });
    expect(small.config()).toEqual(build(student).config());
    expect(await accuracyOf(small)).toBeGreaterThan(0.8);
    expect(await logitsOf(model)).toEqual(teacherBefore);
  });

  test('with alpha 1 the student ends up with the teacher’s probabilities', async () => {
    const model = await trained();
    const train60 = { epochs: 60, batchSize: 64, optimizer: { type: 'adam', lr: 0.01 } };
    const { model: same } = await runRecipe(
      model,
      [distill({ student: perceptron(32), alpha: 1, temperature: 2, train: train60 })],
      { data },
    );
    const [a, b] = [await logitsOf(model), await logitsOf(same)];
    const margins = (logits: number[]): number[] =>
      logits.map((value, index) => value - at(logits, index - (index % 4)));
    const [p, q] = [margins(a), margins(b)];
    const mean = p.reduce((sum, value, index) => sum + Math.abs(value - at(q, index)), 0) / p.length;
    const size = p.reduce((sum, value) => sum + Math.abs(value), 0) / p.length;
    expect(mean / size).toBeLessThan(0.2);
  });

  test('together with gradual pruning: one training, one record each', async () => {
    const model = await trained();
    const step = together(prune({ sparsity: 0.8, schedule: 'cubic' }), distill({ temperature: 2 }), finetune(quick));
    const { model: small, records } = await runRecipe(model, [step], { data });
    expect(await nonZeroWeights(small)).toBe(128);
    expect(records.map(({ config }) => config.type)).toEqual(['prune', 'distill', 'finetune']);
  });

  test('two losses, or two ways to train, cannot share a training', async () => {
    const model = await trained();
    const run = (...passes: readonly Pass[]): Promise<unknown> => runRecipe(model, [together(...passes)], { data });
    await expect(run(distill({ teacher: model }), distill({ teacher: model, alpha: 0.5 }))).rejects.toThrow(
      /2 of its passes bring a loss/,
    );
    await expect(run(finetune({ epochs: 1 }), finetune({ epochs: 2 }))).rejects.toThrow(/train in different ways/);
  });
});

describe('order', () => {
  test.each<[string, Step[], RegExp]>([
    [
      'prune after quantize',
      [quantize(), prune({ sparsity: 0.5 })],
      /steps\[1\]: prune after quantize ranks weights that were rounded/,
    ],
    ['quantize twice', [quantize(), quantize()], /quantize after quantize would round/],
    ['a student after prune', [prune({ sparsity: 0.5 }), distill({ student: perceptron(4) })], /loses what was pruned/],
    ['a student after quantize', [quantize(), distill({ student: perceptron(4) })], /loses what was quantized/],
    ['a step without a pass', [together()], /steps\[0\]: has no pass/],
  ])('%s is refused with the reason', async (_, steps, reason) => {
    await expect(runRecipe(await trained(), steps, { data })).rejects.toThrow(reason);
  });

  test('what was done to the model before counts too', async () => {
    const { model } = await runRecipe(await trained(), [quantize()]);
    await expect(runRecipe(model, [prune({ sparsity: 0.5 })])).rejects.toThrow(/prune after the model as given ranks/);
  });

  test('leaves the mode of each part of the model as it is, where it is a teacher too, and where a pass fails', async () => {
    const model = await trained();
    model.train();
    const [, frozen] = [...model.children().values()];
    frozen?.eval();
    const modes = (): boolean[] => [...model.namedModules().values()].map(({ training }) => training);
    const before = modes();
    expect(new Set(before).size).toBe(2);
    await runRecipe(model, [distill({ train: quick })], { data, loss: 'cross-entropy' });
    expect(modes()).toEqual(before);
    const failing = { ...train, load: () => Promise.reject(new Error('a disk is full')) };
    const options = { data: { train: failing }, loss: 'cross-entropy' } as const;
    await expect(runRecipe(model, [distill({ train: quick })], options)).rejects.toThrow('a disk is full');
    expect(modes()).toEqual(before);
  });

  test.each<[string, Step]>([
    ['gptq', gptq()],
    ['awq', awq()],
    ['smoothQuant', smoothQuant()],
    ['quantize', quantize({ activations: 'static' })],
    ['prune by inputs', prune({ sparsity: 0.5, method: 'wanda' })],
    ['prune by gradients', prune({ sparsity: 0.5, method: 'fisher' })],
  ])('%s ends between two batches of its examples where it is told to', async (_, step) => {
    const model = await trained();
    const control = new AbortController();
    let batches = 0;
    const counted = {
      ...train,
      batch: (rows: ArrayLike<number>) => {
        batches++;
        if (batches === 3) control.abort(new Error('enough'));
        return train.batch(rows);
      },
    };
    const options = { data: { train: counted }, signal: control.signal, loss: 'cross-entropy' } as const;
    await expect(runRecipe(model, [step], options)).rejects.toThrow('enough');
    expect(batches).toBe(3);
  });

  test('training without data is refused before anything is done', async () => {
    await expect(runRecipe(await trained(), [finetune()])).rejects.toThrow(
      /steps\[0\]: finetune needs data for training/,
    );
  });
});

describe('recipes as JSON', () => {
  test('come back as they were', async () => {
    const steps = [
      together(prune({ sparsity: 0.9, schedule: { shape: 'cubic', end: 0.6 } }), distill({ temperature: 3 })),
      quantize({ granularity: 'tensor', observer: { type: 'percentile', percentile: 99.9 }, exclude: ['2.*'] }),
    ];
    const json: unknown = JSON.parse(JSON.stringify(recipeJson(steps)));
    expect(recipeJson(parseRecipe(json))).toEqual(json);
  });

  test.each([
    [{}, /must be a list/],
    [[{ type: 'melt' }], /steps\[0\]: is {"type":"melt"}; it needs a type out of prune, quantize, distill, finetune/],
    [[{ together: [{ type: 'prune' }] }], /prune: sparsity is undefined; it must be a number at least 0 and below 1/],
    [[{ type: 'prune', sparsity: 0.5, sparcity: 1 }], /'sparcity' is no option/],
    [[{ type: 'quantize', weights: 'int5' }], /weights is "int5"; it must be one of int8/],
    [[{ type: 'distill', teacher: 'given' }], /the teacher is 'given', but none was/],
  ])('%j is refused', (recipe, message) => {
    expect(() => parseRecipe(recipe)).toThrow(message);
  });

  test('a pattern that matches nothing is a mistake', async () => {
    const model = await trained();
    await expect(runRecipe(model, [prune({ sparsity: 0.5, include: ['fc*'] })])).rejects.toThrow(
      /'fc\*' matches no parameter; there are 0\.weight, 0\.bias/,
    );
    const { model: small } = await runRecipe(model, [prune({ sparsity: 0.5, exclude: ['/^2\\./'] })]);
    expect(await nonZeroWeights(small)).toBe(256 + 128);
  });
});
