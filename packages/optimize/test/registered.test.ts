/** What other packages register, and what is refused of it. The folder `test/outside` has such a package as a whole. */
import {
  accuracy,
  build,
  ConfigError,
  FormatError,
  type Json,
  type Module,
  type Parameter,
  type ParameterView,
} from '@espalier/nn';
import { tensor, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import {
  checkRecipe,
  compress,
  copyModel,
  finetune,
  importances,
  MaskView,
  packWeights,
  parseGoal,
  parseRecipe,
  passTypes,
  prune,
  qualityMetrics,
  quantize,
  RecipeError,
  recipeJson,
  registerMetric,
  registerPass,
  registerScore,
  registerView,
  runRecipe,
  unpackWeights,
  type Effect,
  type Pass,
} from '../src/index.ts';
import { perceptron, train, trained, validate } from './helpers/blobs.ts';

class Shift implements ParameterView {
  readonly name: string = 'test-shift';
  readonly by: Tensor;
  constructor(by: Tensor) {
    this.by = by;
  }
  readonly apply = (weight: Tensor): Tensor => weight.add(this.by);
}
registerView({
  name: 'test-shift',
  is: (view) => view instanceof Shift,
  save: ({ by }) => ({ settings: { of: 'a test' }, arrays: { by } }),
  load: ({ arrays: { by }, settings }) => {
    if (!by || (settings as { of?: string }).of !== 'a test') throw new Error('it is not of a test');
    return new Shift(by);
  },
});

/** A view of which a test says what it saves, and what is loaded. */
class Kept implements ParameterView {
  readonly name: string = 'test-kept';
  readonly apply = (weight: Tensor): Tensor => weight;
}
const kind: { settings: unknown; loaded: unknown } = { settings: null, loaded: undefined };
registerView({
  name: 'test-kept',
  is: (view): view is Kept => view instanceof Kept,
  save: () => ({ settings: kind.settings as Json }),
  load: () => kind.loaded as ParameterView,
});

const weightOf = (model: Module): Parameter => model.namedParameters().get('0.weight') as Parameter;
const shifted = (): Module => {
  const model = build(perceptron(8), { seed: 1 });
  weightOf(model).views.push(new Shift(tensor(0.5)));
  return model;
};

describe('a view', () => {
  test('that is registered is in a copy, with arrays of its own', async () => {
    const model = shifted();
    const copy = await copyModel(model);
    const [view] = weightOf(copy).views as Shift[];
    expect(view?.by).not.toBe((weightOf(model).views[0] as Shift).by);
    expect(await weightOf(copy).value.data()).toEqual(await weightOf(model).value.data());
  });

  test('that only has the name of a registered one is refused, and so is a second mask beside it', async () => {
    const model = shifted();
    weightOf(model).views.push({ name: 'test-shift', apply: (weight) => weight });
    await expect(packWeights(model)).rejects.toThrow(/0\.weight has the view 'test-shift', which no file can hold/u);
    weightOf(model).views.pop();
    const kept = new Uint8Array(weightOf(model).size).fill(1);
    for (let count = 0; count < 2; count++) weightOf(model).views.push(new MaskView(kept, weightOf(model).tensor));
    await expect(packWeights(model)).rejects.toThrow(/the view 'mask', which no file can hold/u);
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', null, /what its save gives is null/u],
    ['something that is neither settings nor arrays', { tensors: {} }, /has no option "tensors"/u],
    ['a map of arrays', { arrays: new Map([['by', tensor(1)]]) }, /an object of tensors by name/u],
  ])('whose kind saves %s is refused, since that would be lost', async (name, saved, reason) => {
    const own = { name: `test of ${name}`, apply: (weight: Tensor): Tensor => weight };
    registerView({
      name: own.name,
      is: (view): view is typeof own => view === own,
      save: () => saved as never,
      load: () => own,
    });
    const model = build(perceptron(8), { seed: 1 });
    weightOf(model).views.push(own);
    await expect(packWeights(model)).rejects.toThrow(reason);
  });

  test.each([
    ['of no known kind', { view: 'test-drift', settings: null, arrays: [] }, /the view "test-drift" is not known/u],
    ['without an array', { view: 'test-shift', settings: { of: 'a test' }, arrays: ['to'] }, /the array is missing/u],
    [
      'that its kind makes nothing of',
      { view: 'test-shift', settings: { of: 'none' }, arrays: ['by'] },
      /cannot be made: it is not of a test/u,
    ],
    [
      'that is a mask of another shape',
      { view: 'mask', settings: null, arrays: ['by'] },
      /kept must be a bool for each/u,
    ],
    [
      'that is a quantization without scales',
      { view: 'fake-quantize', settings: { format: 'int8' }, arrays: ['by'] },
      /scales is undefined; it must be a list/u,
    ],
  ])('%s in a file is refused by the name of its parameter', async (__, view, message) => {
    const { tensors, descriptions } = await packWeights(shifted());
    const damaged = { ...descriptions, '0.weight': { views: [view] } };
    const load = (): void => unpackWeights('file', build(perceptron(8)), { tensors, descriptions: damaged });
    expect(load).toThrow(FormatError);
    expect(load).toThrow(message);
    expect(load).toThrow(/0\.weight/u);
  });

  test.each<[string, unknown, string]>([
    ['a limit that JSON has no number for', Infinity, 'Infinity at settings'],
    ['a figure that is none', { limit: [NaN] }, 'NaN at settings.limit[0]'],
    ['a function', () => 1, 'function at settings'],
    ['an array of a class', { scales: Float32Array.of(1) }, 'an object of a class at settings.scales'],
  ])('whose settings would be lost is refused, in copies and files: %s', async (__, settings, message) => {
    kind.settings = settings;
    const model = build(perceptron(8), { seed: 1 });
    weightOf(model).views.push(new Kept());
    await expect(copyModel(model)).rejects.toThrow(`test-kept: saves ${message}`);
    await expect(packWeights(model)).rejects.toThrow(`test-kept: saves ${message}`);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a view of another kind', new Shift(tensor(0.5))],
    ['no view', { name: 'test-kept' }],
    ['a promise', Promise.resolve(null)],
  ])('is loaded as what it was, and nothing else: %s', async (__, loaded) => {
    Object.assign(kind, { settings: null, loaded });
    const model = build(perceptron(8), { seed: 1 });
    weightOf(model).views.push(new Kept());
    await expect(copyModel(model)).rejects.toThrow(/"test-kept" cannot be made: test-kept: its load gave/u);
  });

  test('names its arrays as no tensor of the model is named', async () => {
    const { tensors } = await packWeights(shifted());
    expect([...tensors.keys()]).toContain('0.weight_view0_by');
  });
});

describe('a score', () => {
  test('decides which weights go', async () => {
    registerScore({ type: 'test-last', score: (values) => values.map((__, index) => -index) });
    expect(importances).toContain('test-last');
    const model = build({ type: 'linear', in: 4, out: 1 }, { seed: 1 });
    const { model: made, records } = await runRecipe(model, [prune({ sparsity: 0.5, method: 'test-last' })]);
    expect(records[0]?.summary).toContain('by test-last');
    expect((await made.parameters()[0]?.value.data())?.slice(2)).toEqual(new Float32Array(2));
  });

  test.each([
    ['of another length', () => new Float32Array(3), /gave 3 numbers for weight; it must give a Float32Array of 4/u],
    ['of another type', () => [1, 2, 3, 4], /gave \[1,2,3,4\] for weight/u],
    ['of no number', () => Float32Array.of(1, Number.NaN, 3, 4), /gave NaN for the weight 1 of weight/u],
    ['that is gone', () => Float32Array.of(1, 2, -Infinity, 4), /gave -Infinity for the weight 2 of weight/u],
  ])('%s is refused', async (name, score, message) => {
    registerScore({ type: `test ${name}`, score: score as never });
    const pruning = runRecipe(build({ type: 'linear', in: 4, out: 1 }), [
      prune({ sparsity: 0.5, method: `test ${name}` }),
    ]);
    await expect(pruning).rejects.toThrow(RecipeError);
    await expect(pruning).rejects.toThrow(message);
  });

  test('that is not registered is refused with the names that are', () => {
    expect(() => prune({ sparsity: 0.5, method: 'test-first' })).toThrow(/must be one of magnitude, lamp, random/u);
  });
});

/** A pass that does nothing but have effects. */
const passOf = (type: string, effects: readonly Effect[], order: Pass['order'] = []): Pass => ({
  config: { type },
  needs: 'nothing',
  effects,
  order,
  plan: async (model) => ({
    summary: '',
    apply: async () => ({ model, finalize: async () => ({ config: { type }, summary: '', details: {} }) }),
  }),
});

describe('a pass', () => {
  test('has a name in JSON once it is registered, and not before', () => {
    const stir = passOf('test-stir', ['stirred']);
    expect(() => recipeJson([stir])).toThrow(/steps\[0\]: "test-stir" is no type of pass that JSON can name/u);
    registerPass({ type: 'test-stir', make: () => stir });
    expect(passTypes).toContain('test-stir');
    expect(recipeJson(parseRecipe([{ type: 'test-stir' }]))).toEqual([{ type: 'test-stir' }]);
    expect(() => registerPass({ type: 'prune', make: () => stir })).toThrow(ConfigError);
    registerPass({ type: 'test-broken', make: () => ({}) as never });
    expect(() => parseRecipe([{ type: 'test-broken' }])).toThrow(/is no pass/u);
  });

  test('is no pass unless it needs what there is, and says in the end what it did', async () => {
    const model = build({ type: 'linear', in: 2, out: 1 });
    const greedy = { ...passOf('greedy', []), needs: 'the moon' as never };
    await expect(runRecipe(model, [greedy])).rejects.toThrow(/is no pass/u);
    const silent: Pass = {
      ...passOf('silent', []),
      plan: async (of) => ({
        summary: '',
        apply: async () => ({ model: of, finalize: async () => undefined as never }),
      }),
    };
    await expect(runRecipe(model, [silent])).rejects.toThrow(/what silent says of itself in the end is missing/u);
  });

  test('brings rules of order for effects of its own, whichever of the passes has them', () => {
    const model = build(perceptron(8), { seed: 1 });
    const order = [{ before: 'stirred', after: 'zeros', reason: 'finds nothing; prune first' }];
    const stir = passOf('stir', ['stirred'], order);
    checkRecipe(model, [prune({ sparsity: 0.5 }), stir], {});
    expect(() => checkRecipe(model, [stir, prune({ sparsity: 0.5 })], {})).toThrow(
      /steps\[1\]: prune after stir finds nothing; prune first/u,
    );
    const last = passOf('seal', ['sealed'], [{ before: 'sealed', after: 'any', reason: 'breaks the seal' }]);
    checkRecipe(model, [last, passOf('look', [])], {});
    expect(() => checkRecipe(model, [last, finetune({ loss: 'mse' })], { data: { train } })).toThrow(
      /breaks the seal/u,
    );
    expect(() => checkRecipe(model, [passOf('odd', [], ['first'] as never)], {})).toThrow(/is no pass/u);
  });

  test('may put a network in place that nobody knows before', async () => {
    const other = build({ type: 'linear', in: 4, out: 2 }, { seed: 1 });
    const replace: Pass = {
      ...passOf('replace', ['architecture']),
      plan: async () => ({
        summary: '',
        apply: async () => ({
          model: other,
          finalize: async () => ({ config: { type: 'replace' }, summary: '', details: {} }),
        }),
      }),
    };
    const steps = [replace, prune({ sparsity: 0.5, include: ['weight'] })];
    const { model } = await runRecipe(build(perceptron(8), { seed: 1 }), steps);
    expect((await model.parameters()[0]?.value.data())?.filter((value) => value === 0)).toHaveLength(4);
  });
});

test('a metric is named by goals once it is registered', async () => {
  const squared = {
    type: 'test-squared-accuracy',
    targets: 'classes',
    metric: { ...accuracy, value: (totals: Float64Array) => accuracy.value(totals) ** 2 },
  } as const;
  registerMetric(squared);
  registerMetric(squared);
  expect(qualityMetrics).toContain('test-squared-accuracy');
  const { report } = await compress(await trained(), {
    data: { validate },
    goal: { metric: 'test-squared-accuracy', maxDrop: 0.5 },
    steps: [quantize()],
    latency: false,
  });
  const plain = await compress(await trained(), {
    data: { validate },
    goal: { maxDrop: 0.5 },
    steps: [quantize()],
    latency: false,
  });
  expect(report.before.validation.value).toBeCloseTo(plain.report.before.validation.value ** 2, 12);
  expect(() => registerMetric({ ...squared, metric: accuracy })).toThrow(ConfigError);
  // Less of it is better: a goal as text can be of it, a floor cannot.
  registerMetric({ ...squared, type: 'wrong', metric: { ...accuracy, direction: 'minimize' } });
  expect(parseGoal('wrong<=base').metric).toBe('wrong');
  await expect(
    compress(await trained(), { data: { validate }, goal: { metric: 'wrong', maxDrop: 0.5 }, steps: [quantize()] }),
  ).rejects.toThrow(/metric: is "wrong"; it must be one of accuracy/u);
});
