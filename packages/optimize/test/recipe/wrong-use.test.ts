/** What cannot be done is refused before anything is done, in words. */
import { tensorDataset, type Module } from '@espalier/nn';
import { TensorError, zeros } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  budgetLoop,
  compress,
  createObserver,
  distill,
  finetune,
  maskUpdates,
  nextKnob,
  paretoFront,
  parseRecipe,
  prune,
  quantize,
  quantizeTensor,
  runRecipe,
  setQuantization,
  together,
  type BudgetState,
  type CompressOptions,
  type RecipeOptions,
  type Step,
} from '../../src/index.ts';
import { features, perceptron, train, trained, validate } from '../helpers/blobs.ts';

/** Something that JavaScript can pass and TypeScript would not. */
const any = (value: unknown): never => value as never;
const data = { train };
const gradual = { schedule: 'cubic', train: { epochs: 1 } } as const;

async function refused(doing: Promise<unknown>, message: RegExp): Promise<void> {
  const error: unknown = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TensorError);
  expect((error as Error).message).toMatch(message);
}

/** A list as deep as a text of JSON can say, which ends the stack of what makes a text of it. */
const endless: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);

describe('options of passes', () => {
  const training = ['epochs', 'batchSize', 'optimizer', 'schedule', 'loss'];
  const named: Readonly<Record<string, readonly string[]>> = {
    prune: [
      'sparsity',
      'scope',
      'criterion',
      'structure',
      'schedule',
      'minimum',
      'maximum',
      'pattern',
      'calibrate',
      'method',
      'sparsity',
      'layers',
      'train',
    ],
    quantize: ['observer', 'calibrate', 'layers', 'train'],
    distill: [
      'teacher',
      'alpha',
      'temperature',
      'student',
      'train',
      'matches',
      'exits',
      'chorus',
      'weakTeacher',
      'ignoreIndex',
    ],
    finetune: training,
  };
  const strange: readonly unknown[] = [
    endless,
    { type: endless },
    ...training.flatMap((part) => [{ [part]: endless }, { [part]: { type: endless } }]),
  ];
  const steps = Object.entries(named).flatMap(([type, options]) =>
    options.flatMap((option) =>
      strange.map((value) => ({ type, ...(type === 'prune' && { sparsity: 0.5 }), [option]: value })),
    ),
  );

  test('are refused in brief where they are nested without end, or named without end', () => {
    for (const step of [...steps, { type: 'finetune', ['x'.repeat(100_000)]: 1 }, { type: endless }, endless]) {
      let error: unknown;
      try {
        parseRecipe([step]);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(TensorError);
      expect((error as Error).message.length).toBeLessThan(500);
    }
  });

  test.each<[() => unknown, RegExp]>([
    [() => prune({ sparsity: NaN }), /sparsity is NaN/],
    [() => prune({ sparsity: 1 }), /sparsity is 1; it must be a number at least 0 and below 1/],
    [() => prune({ sparsity: 0.5, minimum: 0.6 }), /minimum is 0\.6; .* at most 0\.5/],
    [() => prune({ sparsity: 0.5, maximum: 0.4 }), /maximum is 0\.4; .* at least 0\.5/],
    [() => prune({ sparsity: 0.5, scope: 'local', maximum: 0.9 }), /under local scope each loses the sparsity/],
    [() => prune({ sparsity: 0.5, schedule: any(null) }), /prune\.schedule: the options are null/],
    [() => prune({ sparsity: 0.5, schedule: any({ shape: 'cubic', ends: 1 }) }), /'ends' is no option/],
    [() => prune({ sparsity: 0.5, schedule: { shape: 'cubic', updates: 1e9 } }), /updates is 1000000000/],
    [() => prune({ sparsity: 0.5, schedule: { shape: 'cubic', initial: 0.6 } }), /from 0\.6 to 0\.5; it must grow/],
    [() => quantize({ observer: any(null) }), /quantize\.observer: the options are null/],
    [() => quantize({ observer: any({ type: 'percentile', percentil: 99 }) }), /'percentil' is no option/],
    [() => quantize({ calibrate: any('yes') }), /quantize\.calibrate: the options are "yes"/],
    [() => quantize({ calibrate: { examples: 1.5 } }), /calibrate\.examples is 1\.5/],
    [() => distill({ teacher: any(null) }), /the teacher is null; it must be a model/],
    [() => distill({ alpha: any(null) }), /alpha is null/],
    [() => distill({ teacher: any([]) }), /the teachers are an empty list/],
    [() => distill({ teacher: any([{ teacher: 'other' }]) }), /distill\.teacher\[0\]: the teacher is "other"/],
    [() => distill({ teacher: [{ teacher: 'original', weight: 0 }] }), /weight is 0; it must be a number above 0/],
    [() => distill({ teacher: 'self' }), /learns nothing from its own end; give exits or matches/],
    [() => distill({ matches: any({}) }), /distill\.matches: is \{\}; it must be a list/],
    [() => distill({ matches: [any({ teacher: '1' })] }), /distill\.matches\[0\]: student is undefined/],
    [() => distill({ matches: [{ teacher: '', student: '', of: 1 }] }), /of is 1; there is 1 teacher, counted from 0/],
    [() => distill({ matches: [{ teacher: '', student: '', loss: 'gram' }] }), /loss is "gram"; it must be one of mse/],
    [() => distill({ exits: [any({ at: 1 })] }), /distill\.exits\[0\]: at is 1; it must be the dotted name/],
    [() => distill({ cache: any('runs') }), /cache is "runs"; it must be a cache, such as teacherCacheIn/],
    [() => distill({ weakTeacher: any('drop') }), /weakTeacher is "drop"; it must be one of ignore, refuse, use/],
    [() => parseRecipe([{ type: 'distill', teacher: 'big' }]), /in JSON it is 'original', 'given', 'self', or a list/],
    [
      () => parseRecipe([{ type: 'distill', teacher: [{ teacher: 'given', name: 'big' }] }]),
      /distill\.teacher\[0\]: the teacher is 'given', but none of the name "big" was/,
    ],
    [() => distill({ student: any(null) }), /the student is null; it must be the config of a module/],
    [() => distill({ student: any({ layers: [] }) }), /the student is \{"layers":\[\]\}/],
    // As they are read, not after the passes before them have trained.
    [() => parseRecipe([{ type: 'prune', sparsity: 0.5, include: '0.weight' }]), /include is "0\.weight"/],
    [() => parseRecipe([{ type: 'quantize', exclude: ['/(/'] }]), /exclude has "\/\(\/"/],
    [() => maskUpdates(any({ shape: 'sudden' }), 0.5, 10), /shape is "sudden"/],
    [() => createObserver(any({ type: 'mean' })), /the observer is "mean"/],
    [() => nextKnob({ low: 0, high: NaN, resolution: 0.1 }, []), /high is NaN/],
    [
      () => parseRecipe([{ type: 'prune', sparsity: 0.5, together: [] }]),
      /'type' is no option|'sparsity' is no option/,
    ],
  ])('%# are refused', (make, message) => {
    expect(make).toThrow(TensorError);
    expect(make).toThrow(message);
  });

  test.each<[readonly string[], RegExp]>([
    [any('0.weight'), /include is "0\.weight"; it must be a list of patterns/],
    [any([3]), /include is \[3\]/],
    [['/(/'], /include has "\/\(\/": Invalid regular expression/],
    [[], /no parameter is left to work on/],
  ])('patterns %j are refused', async (include, message) => {
    const run = async (): Promise<unknown> => runRecipe(await trained(), [prune({ sparsity: 0.5, include })]);
    await refused(run(), message);
  });
});

describe('recipes', () => {
  test.each<[string, unknown, RegExp]>([
    ['no list', 'prune', /^steps: is "prune"; it must be a list of passes/],
    ['null', [null], /^steps\[0\]: null is no pass/],
    ['JSON that was not parsed', [{ type: 'prune', sparsity: 0.5 }], /is no pass; .* or from JSON by parseRecipe/],
    ['together in together', [together(any(together(quantize())))], /is no pass/],
    [
      'two prunings in one training',
      [together(prune({ sparsity: 0.5, ...gradual }), prune({ sparsity: 0.8, ...gradual }))],
      /would both decide which weights are gone/,
    ],
    [
      'quantize before prune, together',
      [together(quantize(), prune({ sparsity: 0.5 }))],
      /prune after quantize ranks weights/,
    ],
    ['quantize twice, together', [together(quantize(), quantize())], /quantize once/],
    [
      'prune and then a student, together',
      [together(prune({ sparsity: 0.5, ...gradual }), distill({ student: perceptron(4) }))],
      /loses what was pruned/,
    ],
  ])('%s is refused', async (_, steps, message) => {
    await refused(runRecipe(await trained(), any(steps), { data }), message);
  });

  test.each<[string, unknown]>([
    ['deep', Array.from({ length: 9000 }).reduce<unknown>((inner) => [inner], [])],
    [
      'circular',
      ((): unknown => {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        return circle;
      })(),
    ],
    ['a bigint', 1n],
    ['huge', Array.from({ length: 100_000 }, () => 'x'.repeat(50))],
  ])('what is %s is refused in a line', (_, wrong) => {
    for (const recipe of [wrong, [wrong], [{ type: 'prune', sparsity: wrong }], [{ type: 'finetune', loss: wrong }]]) {
      let message = '';
      try {
        parseRecipe(recipe);
      } catch (error) {
        expect(error).toBeInstanceOf(TensorError);
        ({ message } = error as Error);
      }
      expect(message).not.toBe('');
      expect(message.length).toBeLessThan(1500);
    }
  });

  test.each<[string, unknown, RegExp]>([
    ['a seed of NaN', { seed: NaN }, /^seed: is NaN/],
    ['a dataset in place of splits', { data: train }, /data: is a dataset; say what it is for/],
    ['a split that is none', { data: { train: 5 } }, /data\.train: is 5; it must be a dataset/],
    ['a loss that is none', { loss: 'guess' }, /loss is "guess"/],
  ])('%s is refused', async (_, options, message) => {
    await refused(runRecipe(await trained(), [prune({ sparsity: 0.5 })], options as RecipeOptions), message);
  });

  test('an interrupted recipe does not go on to passes that do not train', async () => {
    const stop = new Error('stop');
    const signal = { aborted: true, reason: stop };
    await expect(runRecipe(await trained(), [prune({ sparsity: 0.5 }), quantize()], { signal })).rejects.toBe(stop);
  });

  test('the sparsity of a small tensor is reached as asked, where the default bound would round it away', async () => {
    const { records } = await runRecipe(await trained(), [prune({ sparsity: 0.9999 })]);
    expect(records[0]?.summary).toMatch(/^drop 639 of 640 weights .* at most 100 % of each/);
  });

  test('calibration says how many examples there were', async () => {
    const one = tensorDataset(zeros([1, features]), zeros([1], { dtype: 'i32' }));
    const { records } = await runRecipe(await trained(), [quantize({ calibrate: true })], { data: { train: one } });
    expect(records[0]?.summary).toMatch(/calibrated on 1 example$/);
  });
});

describe('compress', () => {
  const options: CompressOptions = {
    data: { validate },
    goal: { maxDrop: 0.5, maxTrials: 2 },
    steps: [prune({ sparsity: 0.5 })],
    latency: false,
  };
  const run = async (changes: Partial<Record<keyof CompressOptions, unknown>>): Promise<unknown> =>
    compress(await trained(), { ...options, ...(changes as Partial<CompressOptions>) });

  test.each<[string, Partial<Record<keyof CompressOptions, unknown>>, RegExp]>([
    ['a goal that is none', { goal: null }, /is null; it must be an object/],
    ['a drop in words', { goal: { maxDrop: '0.1' } }, /maxDrop: is "0\.1"/],
    ['time in words', { goal: { maxDrop: 0.1, maxMinutes: '5' } }, /maxMinutes: is "5"/],
    ['no data to decide by', { data: { train } }, /there is no validate/],
    [
      'an empty test split',
      { data: { validate, test: tensorDataset(zeros([0, features]), zeros([0], { dtype: 'i32' })) } },
      /test is empty/,
    ],
    ['a knob beyond its pass', { knob: { high: 1 } }, /sparsity is 1/],
    ['a knob of another kind', { knob: { step: 1 } }, /'step' is no part of its range/],
    ['data that are none', { data: undefined }, /there is no validate/],
    ['a misspelt comparison', { latency: { seconds: 1 } }, /no option "seconds"; it takes .*within, maxMs/],
    ['a state that is none', { state: { version: 1, trials: 5 } }, /is not what a search remembered/],
  ])('%s is refused', async (_, changes, message) => {
    await refused(run(changes), message);
  });

  test('no options at all are refused', async () => {
    await refused(compress(await trained(), undefined as unknown as CompressOptions), /options: are undefined; give/);
  });

  test('the knob stays below what a later pass prunes the same weights to', async () => {
    const steps = [prune({ sparsity: 0.3 }), prune({ sparsity: 0.6, method: 'lamp' })];
    const { report } = await compress(await trained(), { ...options, steps, goal: { maxDrop: 1, maxTrials: 20 } });
    expect(report.stop).toBe('edge');
    expect(Math.max(...report.trials.map(({ knob }) => knob))).toBe(0.6);
    const apart = [prune({ sparsity: 0.3, include: ['0.weight'] }), prune({ sparsity: 0.6, include: ['2.weight'] })];
    const free = await compress(await trained(), { ...options, steps: apart, goal: { maxDrop: 1, maxTrials: 20 } });
    expect(Math.max(...free.report.trials.map(({ knob }) => knob))).toBe(0.99);
  });

  describe('prunings of which one may leave another nothing to do are refused before any work', () => {
    const goal = { maxDrop: 1, maxTrials: 20 };
    const whole = { sparsity: 0.3 };
    const local = { sparsity: 0.6, scope: 'local' } as const;
    const attempted = async (more: object): Promise<readonly unknown[]> => {
      const trials: unknown[] = [];
      await compress(await trained(), {
        ...options,
        goal,
        ...more,
        onTrial: (trial) => void trials.push(trial),
      }).catch((error: unknown) => {
        expect(trials).toEqual([]);
        throw error;
      });
      return trials;
    };

    test.each<readonly [string, object, RegExp]>([
      [
        'one ranking, then each tensor',
        { steps: [prune(whole), prune(local)] },
        /up to .* of 0\.weight may be gone by then.*maximum of at most 0\.6/u,
      ],
      [
        'one ranking, then one tensor',
        { steps: [prune(whole), prune({ sparsity: 0.6, include: ['2.weight'] })] },
        /may be gone by then/u,
      ],
      [
        'a knob that ends too high',
        { steps: [prune(whole), prune({ sparsity: 0.6 })], knob: { high: 0.9 } },
        /the sparsity is 0\.6, but up to .* may be gone/u,
      ],
      [
        'a least share that is too much',
        {
          steps: [prune({ sparsity: 0.3, scope: 'local' }), prune({ sparsity: 0.6, minimum: 0.6 })],
          knob: { high: 0.5 },
        },
        /its bounds allow/u,
      ],
    ])('%s', async (_, more, message) => {
      await refused(attempted(more), message);
    });

    test('and a recipe refuses them before its first training', async () => {
      let steps = 0;
      const refusedRun = runRecipe(await trained(), [prune({ ...whole, train: { epochs: 1 } }), prune(local)], {
        data,
        onProgress: () => void steps++,
      });
      await refused(refusedRun, /may be gone by then/u);
      expect(steps).toBe(0);
    });

    test('and those that cannot are searched to the end', async () => {
      for (const steps of [
        [prune({ ...whole, maximum: 0.6 }), prune(local)],
        [prune({ ...whole, scope: 'local' }), prune({ sparsity: 0.6 })],
        [prune({ ...whole, scope: 'local' }), prune(local)],
        [
          prune({ sparsity: 0.3, include: ['0.weight'] }),
          prune({ sparsity: 0.6, scope: 'local', include: ['2.weight'] }),
        ],
      ])
        expect((await attempted({ steps })).length).toBeGreaterThan(1);
    });
  });

  test('a state of another recipe or seed is refused', async () => {
    let state: BudgetState | undefined;
    await run({ onTrial: (_: unknown, now: BudgetState) => void (state = now) });
    const json: unknown = JSON.parse(JSON.stringify(state));
    await refused(run({ state: json, steps: [prune({ sparsity: 0.5, method: 'random' })] }), /its recipe, range/);
    await refused(run({ state: json, seed: 1 }), /its recipe, range/);
    await run({ state: json });
  });

  test('a quality of NaN holds no floor', async () => {
    const range = { low: 0, high: 1, resolution: 0.1 };
    const attempt = (knob: number): Promise<{ quality: number; costs: object }> =>
      Promise.resolve({ quality: knob > 0.4 ? NaN : 1, costs: {} });
    const { best, stop } = await budgetLoop({ range, floor: 0.5, maxTrials: 20, attempt });
    expect(stop).toBe('narrowed');
    expect(best.trial.knob).toBeLessThanOrEqual(0.4);
    expect(best.trial.quality).toBe(1);
    await refused(budgetLoop({ range, floor: NaN, maxTrials: 2, attempt }), /floor: is NaN/);
    await refused(budgetLoop({ range, floor: 0, maxTrials: NaN, attempt }), /maxTrials: is NaN/);
    expect(
      paretoFront([
        { quality: NaN, cost: 1 },
        { quality: 1, cost: NaN },
        { quality: 0.5, cost: 2 },
      ]),
    ).toHaveLength(1);
  });
});

test('quantization by hand is of one scale, or one for each channel, and positive', async () => {
  const model: Module = (await runRecipe(await trained(), [])).model;
  const parameter = model.parameters()[0];
  if (!parameter) throw new Error('no parameter');
  for (const scales of [[1, 2, 3], [0], [-1], [NaN], [Infinity], []])
    expect(() => setQuantization(parameter, 'int8', Float32Array.from(scales))).toThrow(
      /setQuantization: "int8" with the scales/,
    );
  expect(() => setQuantization(parameter, any('int5'), Float32Array.of(1))).toThrow(/"int5" with the scales \[1\]/);
  expect(parameter.views).toEqual([]);
  await refused(quantizeTensor(parameter.tensor, { format: any('int5') }), /format is "int5"/);
  await refused(quantizeTensor(parameter.tensor, { granularity: any('row') }), /granularity is "row"/);
});

test('steps that are right run', async () => {
  const steps: Step[] = [together(prune({ sparsity: 0.5, ...gradual }), quantize()), finetune({ epochs: 0 })];
  const { records } = await runRecipe(await trained(), steps, { data });
  expect(records.map(({ config }) => config.type)).toEqual(['prune', 'quantize', 'finetune']);
});
