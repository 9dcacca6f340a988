import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  BatchNorm,
  build,
  cloneModel,
  ConfigError,
  countParameters,
  crossEntropy,
  Embedding,
  fit,
  Linear,
  Module,
  moduleTypes,
  mse,
  registerModule,
  Residual,
  Sequential,
  SGD,
  StateError,
  summary,
  type ModuleConfig,
} from '@espalier/nn';
import { loadModel, saveModel } from '@espalier/nn/node';
import { ArgumentError, gradients, ShapeError, tensor, type Shape, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at } from '../helpers/at.ts';
import { clusters, settings } from '../helpers/toy.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-shared-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const square = (): Linear => new Linear({ in: 3, out: 3 });
const x = tensor([
  [1, -2, 0.5],
  [0.25, 3, -1],
]);

/** A model in which one layer stands in three places, at two depths. */
function shared(): { readonly model: Sequential; readonly layer: Linear } {
  const layer = square();
  const relu = build({ type: 'relu' });
  return { layer, model: new Sequential([layer, relu, new Residual(new Sequential([square(), layer])), relu, layer]) };
}

/** A made-up language model: what reads words and what writes them is one matrix. */
class Tied extends Module {
  readonly type = 'tied-test';
  readonly words = this.addModule('words', new Embedding({ count: 5, size: 3 }));
  readonly head = this.addModule('head', new Linear({ in: 3, out: 5 }));

  forward(indices: Tensor): Tensor {
    return this.head.forward(this.words.forward(indices));
  }

  config(): ModuleConfig {
    return { type: this.type };
  }

  outputShape(input: Shape): Shape {
    return [...input, 5];
  }
}
if (!moduleTypes().includes('tied-test')) registerModule({ type: 'tied-test', build: () => new Tied() });

const names = (model: Module): string => [...model.state().keys()].join(' ');
const loss = (model: Module, input = x): Tensor => model.forward(input).square().sum();

describe('a module that stands in several places', () => {
  test('is counted once, and its operations each time', () => {
    const { model } = shared();
    expect(names(model)).toBe('0.weight 0.bias 2.body.0.weight 2.body.0.bias');
    expect(countParameters(model)).toBe(24);
    const { rows, parameters, macs } = summary(model, [3]);
    expect(parameters).toBe(24);
    expect(macs).toBe(4 * 9);
    expect(rows.map((row) => [row.name, row.parameters, row.macs])).toEqual([
      ['0', 12, 9],
      ['1', 0, 0],
      ['2.body.0', 12, 9],
      ['2.body.1', 0, 9],
      ['3', 0, 0],
      ['4', 0, 9],
    ]);
  });

  test('gets the gradients of all places, added up', async () => {
    const { model, layer } = shared();
    const apart = build({
      type: 'sequential',
      layers: [
        { type: 'linear', in: 3, out: 3 },
        { type: 'relu' },
        { type: 'residual', body: { type: 'sequential', layers: [square().config(), square().config()] } },
        { type: 'relu' },
        { type: 'linear', in: 3, out: 3 },
      ],
    });
    const own = model.state();
    const twin = (name: string): string => name.replace(/^4\.|^2\.body\.1\./u, '0.');
    apart.load(new Map([...apart.state().keys()].map((name) => [name, own.get(twin(name)) ?? tensor(0)])));
    const leaves = [...apart.namedParameters()].filter(([name]) => twin(name) === '0.weight');
    const found = gradients(
      loss(apart),
      leaves.map(([, { tensor: leaf }]) => leaf),
      { retainGraph: true },
    );
    expect(found).toHaveLength(3);
    const sum = found.reduce((total, each) => total.add(each));
    const [together] = gradients(loss(model), [layer.weight.tensor], { retainGraph: true });
    await expectClose(together ?? [], sum);
  });

  test('is updated once a step', async () => {
    const { model, layer } = shared();
    const optimizer = new SGD({ lr: 0.01, momentum: 0.9 }).attach(model.namedParameters());
    expect(optimizer.parameters).toHaveLength(4);
    const before = layer.weight.tensor.detach().realizeSync();
    const found = gradients(loss(model), optimizer.parameters, { retainGraph: true });
    optimizer.step(found);
    await expectClose(layer.weight.tensor, before.sub(at(found, 0).mul(0.01)));
    expect([...optimizer.state().keys()].filter((name) => name.endsWith('weight.momentum'))).toHaveLength(2);
  });

  test.each(['clone', 'file', 'JSON'] as const)('is still one in a %s', async (way) => {
    const { model } = shared();
    const copies = {
      clone: async () => cloneModel(model),
      file: async () => {
        await saveModel(join(folder, 'shared'), model);
        return (await loadModel(join(folder, 'shared'))).module;
      },
      JSON: async () => build(JSON.parse(JSON.stringify(model.config())) as ModuleConfig).load(model.state()),
    };
    const copy = await copies[way]();
    expect(names(copy)).toBe(names(model));
    await expectClose(copy.forward(x), model.forward(x), { absolute: 0, relative: 0 });
    // It learns as the original does, hence as one.
    for (const each of [model, copy]) {
      const optimizer = new SGD({ lr: 0.01 }).attach(each.namedParameters());
      optimizer.step(gradients(loss(each), optimizer.parameters, { retainGraph: true }));
    }
    await expectClose(copy.forward(x), model.forward(x), { absolute: 0, relative: 0 });
    expect(copy.config()).toEqual(model.config());
  });

  test('says in JSON which one it is', () => {
    const { layers } = shared().model.config();
    expect(layers).toMatchObject([
      { type: 'linear' },
      { type: 'relu' },
      {
        type: 'residual',
        body: { type: 'sequential', layers: [{ type: 'linear' }, { type: 'same', as: 'layers[0]' }] },
      },
      { type: 'same', as: 'layers[1]' },
      { type: 'same', as: 'layers[0]' },
    ]);
  });

  test('of any model comes back in the same places', () => {
    // Each number is a layer; a list is a sequence. Equal numbers are the same layer.
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof({ maxDepth: 3 }, fc.nat(3), fc.array(tie('node'), { minLength: 1, maxLength: 4 })),
    })).node;
    fc.assert(
      fc.property(tree, (plan) => {
        const layers = Array.from({ length: 4 }, () => new Linear({ in: 2, out: 2 }));
        const make = (node: unknown): Module =>
          Array.isArray(node) ? new Sequential(node.map(make)) : at(layers, node as number);
        const model = new Sequential([make(plan)]);
        const copy = build(model.config());
        const paths = (of: Module): unknown => {
          const seen = new Map<object, number>();
          return [...of.namedParameters({ repeated: true })].map(([name, { identity }]) => {
            if (!seen.has(identity)) seen.set(identity, seen.size);
            return [name, seen.get(identity)];
          });
        };
        expect(paths(copy)).toEqual(paths(model));
        expect(names(copy)).toBe(names(model));
        expect(countParameters(copy)).toBe(countParameters(model));
      }),
    );
  });

  test('with buffers follows every use of it', async () => {
    const norm = new BatchNorm({ features: 3, momentum: 0.5 });
    const model = new Sequential([norm, norm]).train();
    expect(names(model)).toBe('0.weight 0.bias 0.running_mean 0.running_var');
    const byHand = new BatchNorm({ features: 3, momentum: 0.5 }).train();
    await expectClose(model.forward(x), byHand.forward(byHand.forward(x)));
    await expectClose(norm.runningMean, byHand.runningMean);
    await expectClose(norm.runningVariance, byHand.runningVariance);
  });

  test('trains in fit', async () => {
    const layer = build({ type: 'linear', in: 4, out: 4 }, { seed: 2 });
    const model = new Sequential([layer, build({ type: 'tanh' }), layer, build({ type: 'linear', in: 4, out: 3 })]);
    const { epochs } = await fit(model, clusters(200), settings({ loss: crossEntropy }));
    expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss ?? 0);
  });
});

describe('weights that are tied', () => {
  const indices = tensor([0, 4, 2], { dtype: 'i32' });
  const tied = (): Tied => {
    const model = new Tied();
    model.head.weight.tie(model.words.weight);
    return model;
  };

  test('are one parameter, with one gradient and one entry in a file', async () => {
    const model = tied();
    expect(names(model)).toBe('words.weight head.bias');
    expect(countParameters(model)).toBe(20);
    expect(model.config()).toEqual({ type: 'tied-test', ties: { 'head.weight': 'words.weight' } });
    const { parameters } =
      model.words.weight.tensor === model.head.weight.tensor ? summary(model, [1]) : { parameters: 0 };
    expect(parameters).toBe(20);
    model.head.weight.trainable = false;
    expect(model.words.weight.trainable).toBe(false);
  });

  test.each(['clone', 'file'] as const)('stay so in a %s', async (way) => {
    const model = tied();
    const save = async (): Promise<Module> => {
      await saveModel(join(folder, 'tied'), model);
      return (await loadModel(join(folder, 'tied'))).module;
    };
    const copy = (way === 'clone' ? await cloneModel(model) : await save()) as Tied;
    expect(copy.head.weight.identity).toBe(copy.words.weight.identity);
    expect(copy.head.weight.identity).not.toBe(model.head.weight.identity);
    await expectClose(copy.forward(indices), model.forward(indices), { absolute: 0, relative: 0 });
  });

  test('may be tied inside a larger model, in JSON by hand', () => {
    const layers = [
      { type: 'linear', in: 3, out: 4 },
      { type: 'linear', in: 3, out: 4 },
    ];
    const inner = { type: 'sequential', layers, ties: { '1.weight': '0.weight', '1.bias': '0.bias' } };
    const model = build({ type: 'sequential', layers: [inner, { type: 'relu' }] });
    expect(names(model)).toBe('0.0.weight 0.0.bias');
    expect(model.config()['ties']).toEqual({ '0.1.weight': '0.0.weight', '0.1.bias': '0.0.bias' });
  });

  test('take values under any of their names, if these agree', () => {
    const model = tied();
    const weight = tensor(Array.from({ length: 5 }, (_, row) => [row, 1, 2]));
    const bias = tensor([0, 0, 0, 0, 0]);
    const load = (...entries: (readonly [string, Tensor])[]) => model.load(new Map([...entries, ['head.bias', bias]]));
    load(['head.weight', weight]);
    expect(model.words.weight.tensor.arraySync()).toEqual(weight.arraySync());
    load(['head.weight', weight], ['words.weight', weight.add(0).realizeSync()]);
    expect(() => load(['head.weight', weight], ['words.weight', weight.add(1)])).toThrow(StateError);
    expect(() => load(['head.weight', weight], ['words.weight', weight.add(1)])).toThrow(
      'head.weight and words.weight are one tensor of this model',
    );
    expect(() => load()).toThrow('missing are words.weight');
  });

  test('must be alike, and have no views of their own', () => {
    const model = new Tied();
    expect(() => model.head.weight.tie(square().weight)).toThrow(ShapeError);
    model.head.weight.views.push({ name: 'mask', apply: (weight) => weight });
    expect(() => model.head.weight.tie(model.words.weight)).toThrow(ArgumentError);
  });

  test('are attached to an optimizer once', () => {
    const model = tied();
    const groups = [
      { parameters: new Map([['words', model.words.weight]]) },
      { parameters: new Map([['head', model.head.weight]]) },
    ];
    expect(() => new SGD({ lr: 1 }).attach(groups)).toThrow("'head' is there twice");
  });
});

describe('JSON that refers to what is not there', () => {
  const linear = { type: 'linear', in: 3, out: 3 };
  const of = (...layers: ModuleConfig[]) => ({ type: 'sequential', layers });

  test.each([
    [
      of({ type: 'same', as: 'layers[1]' }, linear),
      'layers[0].as: is "layers[1]", where no module stands that comes before',
    ],
    [of({ type: 'same' }), 'layers[0].as: is missing'],
    [of(linear, { type: 'same', as: '' }), 'layers[1].as'],
    [of(linear, { type: 'same', as: 'layers[0]', out: 3 }), 'layers[1].out: is no known field'],
    [{ ...of(linear), ties: { '0.bias': '0.weight' } }, 'ties.0.bias: tie: a parameter of f32 [3]'],
    [
      { ...of(linear), ties: { '0.bias': '1.bias' } },
      'ties.0.bias: "1.bias" is no parameter; there are 0.weight, 0.bias',
    ],
    [{ ...of(linear), ties: 3 }, 'ties: is 3'],
  ] as const)('%j is refused with its place', (config, words) => {
    expect(() => build(config)).toThrow(ConfigError);
    expect(() => build(config)).toThrow(words);
  });

  test('and a container that hides what its modules say of themselves', () => {
    class Hiding extends Module {
      readonly type = 'hiding';
      readonly layer: Module;

      constructor(layer: Module) {
        super();
        this.layer = this.addModule('a', layer);
        this.addModule('b', layer);
      }

      forward(input: Tensor): Tensor {
        return this.layer.forward(this.layer.forward(input));
      }

      config(): ModuleConfig {
        return { type: this.type, a: { ...this.layer.config() }, b: { ...this.layer.config() } };
      }

      outputShape(input: Shape): Shape {
        return input;
      }
    }
    expect(() => new Hiding(square()).config()).toThrow(ConfigError);
    expect(() => registerModule({ type: 'same', build: () => square() })).toThrow(ConfigError);
  });
});

test('a loss of a shared model is that of the plain one', () => {
  const layer = square();
  const value = mse(new Sequential([layer, layer]).forward(x), x).itemSync();
  expect(value).toBeCloseTo(mse(layer.forward(layer.forward(x)), x).itemSync(), 6);
});
