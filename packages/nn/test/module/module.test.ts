import {
  build,
  callContext,
  cloneModel,
  ConfigError,
  Linear,
  Module,
  moduleTypes,
  registerModule,
  Sequential,
  StateError,
  summary,
  type ModuleConfig,
  type ParameterView,
} from '@espalier/nn';
import { compile, createReferenceDevice, gradients, ones, tensor, type Shape, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';

const config: ModuleConfig = {
  type: 'sequential',
  layers: [
    { type: 'linear', in: 2, out: 3 },
    { type: 'batch-norm', features: 3 },
    { type: 'residual', body: { type: 'sequential', layers: [{ type: 'linear', in: 3, out: 3 }] } },
  ],
};

/** A layer of a user: one learnt factor. */
class Scale extends Module {
  readonly type = 'test-scale';
  readonly factor = this.addParameter('factor', ones([]));

  forward(x: Tensor): Tensor {
    return x.mul(this.factor.value);
  }

  config(): ModuleConfig {
    return { type: this.type };
  }

  outputShape(input: Shape): Shape {
    return input;
  }
}

describe('a module tree', () => {
  const model = build(config, { seed: 1 });

  test('names parameters and buffers by their way', () => {
    expect([...model.namedParameters().keys()]).toEqual([
      '0.weight',
      '0.bias',
      '1.weight',
      '1.bias',
      '2.body.0.weight',
      '2.body.0.bias',
    ]);
    expect([...model.namedBuffers().keys()]).toEqual(['1.running_mean', '1.running_var']);
    expect([...model.state().keys()]).toEqual([...model.namedParameters().keys(), ...model.namedBuffers().keys()]);
    expect(model.parameters()).toHaveLength(6);
    expect(model.buffers()).toHaveLength(2);
  });

  test('switches between training and evaluation as a whole', () => {
    const all = [...model.namedModules().values()];
    expect(all.some(({ training }) => training)).toBe(false);
    model.train();
    expect(all.every(({ training }) => training)).toBe(true);
    model.eval();
    expect(all.some(({ training }) => training)).toBe(false);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a promise', Promise.resolve(1)],
    ['a list', [ones([2, 2])]],
  ])('refuses a forward that gives %s, by the type of its module', (__, gave) => {
    class Odd extends Scale {
      override forward(): Tensor {
        return gave as Tensor;
      }
    }
    const message = "call: the forward of the module 'test-scale' gave";
    expect(() => new Odd().call(ones([2, 2]))).toThrow(message);
    expect(() => new Sequential([new Odd(), new Linear({ in: 2, out: 2 })]).call(ones([2, 2]))).toThrow(message);
    expect(() => new Odd().call(ones([2, 2]), callContext({ taps: [{ at: '' }] }))).toThrow(message);
  });

  test('has a summary', () => {
    expect(String(summary(model, [2]))).toBe(
      [
        'layer     type        output  parameters  MACs',
        '0         linear      [3]              9     6',
        '1         batch-norm  [3]              6     0',
        '2.body.0  linear      [3]             12     9',
        'total                 [3]             27    15',
      ].join('\n'),
    );
  });
});

describe('state', () => {
  test('moves a model into another one', () => {
    const [from, to] = [build(config, { seed: 1 }), build(config, { seed: 2 })];
    const x = tensor([[1, 2]]);
    expect(to.forward(x).arraySync()).not.toEqual(from.forward(x).arraySync());
    to.load(from.state());
    expect(to.forward(x).arraySync()).toEqual(from.forward(x).arraySync());
  });

  test('is what it was, whatever is trained later', () => {
    const model = new Linear({ in: 1, out: 1, bias: false, init: 'ones' });
    const { tensor: weight } = model.weight;
    const step = compile(() => {
      weight.assign(weight.detach().add(1));
      return weight.sum();
    });
    step();
    const before = model.state();
    step();
    expect(before.get('weight')?.itemSync()).toBe(2);
    expect(weight.itemSync()).toBe(3);
    expect(weight.requiresGrad).toBe(true);
  });

  test('names everything that does not fit, and changes nothing', () => {
    const model = build(config, { seed: 1 });
    const state = model.state();
    const before = model.forward(tensor([[1, 2]])).arraySync();
    state.delete('0.bias');
    state.set('9.weight', tensor([1]));
    state.set('1.weight', tensor([1, 2]));
    let found: unknown;
    try {
      model.load(state);
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(StateError);
    expect(found).toMatchObject({ missing: ['0.bias'], unexpected: ['9.weight'], misshaped: ['1.weight'] });
    expect(String(found)).toContain('1.weight is [2] and must be [3]');
    expect(model.forward(tensor([[1, 2]])).arraySync()).toEqual(before);
  });

  test('is copied to a model of its own, on any device', async () => {
    const model = build(config, { seed: 1 });
    const copy = await cloneModel(model, { device: createReferenceDevice('copy') });
    expect(
      copy.forward(await tensor([[1, 2]]).to(copy.parameters()[0]?.tensor.device ?? createReferenceDevice())).shape,
    ).toEqual([1, 3]);
    const same = await cloneModel(model);
    model.parameters()[0]?.tensor.assign(
      tensor([
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
    );
    expect(same.parameters()[0]?.tensor.arraySync()).not.toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('building', () => {
  test('is a function of the seed', () => {
    const values = (seed: number): unknown => build(config, { seed }).state().get('2.body.0.weight')?.arraySync();
    expect(values(4)).toEqual(values(4));
    expect(values(4)).not.toEqual(values(5));
  });

  test('knows modules of users', () => {
    const type = { type: 'test-scale', build: () => new Scale() };
    registerModule(type);
    expect(moduleTypes()).toContain('test-scale');
    const model = build({ type: 'sequential', layers: [{ type: 'test-scale' }] });
    expect(build(model.config()).state().get('0.factor')?.itemSync()).toBe(1);
    expect(() => registerModule({ ...type })).toThrow(ConfigError);
  });

  test.each([
    [{ type: 'linnear' }, "type: 'linnear' is no known module"],
    [{ type: 'linear', in: 3 }, 'out: is missing'],
    [{ type: 'linear', in: 3, out: 0 }, 'out: is 0; it must be an integer of at least 1'],
    [{ type: 'linear', in: 3, out: 4, size: 2 }, 'size: is no known field'],
    [{ type: 'linear', in: 3, out: 4, init: 'nice' }, 'init: is "nice"'],
    [{ type: 'linear', in: 3, out: 4, init: { type: 'normal', std: -1 } }, 'init.std'],
    [{ type: 'conv2d', in: 3, out: 4, kernel: 3, groups: 2 }, 'groups'],
    [{ type: 'conv2d', in: 3, out: 4, kernel: [3] }, 'kernel'],
    [{ type: 'conv2d', in: 3, out: 4, kernel: 3, padding: 'full' }, 'padding'],
    [{ type: 'gelu', approximate: 'sin' }, 'approximate'],
    [{ type: 'dropout', p: 1 }, 'p: is 1'],
    [{ type: 'sequential' }, 'layers'],
    [{ type: 'sequential', layers: [], size: 1 }, 'size'],
    [{ type: 'residual', body: { type: 'relu' }, head: 1 }, 'head'],
    [{ type: 'residual', body: 3 }, 'body'],
    [
      {
        type: 'sequential',
        layers: [{ type: 'relu' }, { type: 'sequential', layers: [{ type: 'max-pool2d', size: -1 }] }],
      },
      'layers[1].layers[0].size',
    ],
  ])('%j is refused with its place', (wrong, words) => {
    expect(() => build(wrong)).toThrow(ConfigError);
    expect(() => build(wrong)).toThrow(words);
  });
});

describe('parameter views', () => {
  const mask = tensor([[1, 0]]);
  const view: ParameterView = { name: 'mask', apply: (weight) => weight.mul(mask) };
  const masked = (): Linear => {
    const layer = new Linear({ in: 2, out: 1, bias: false, init: 'ones' });
    layer.weight.views.push(view);
    return layer;
  };

  test('stand between a parameter and its module, and let gradients through', () => {
    const layer = masked();
    const y = layer.forward(tensor([[3, 5]]));
    expect(gradients(y.sum(), [layer.weight.tensor], { retainGraph: true })[0]?.arraySync()).toEqual([[3, 0]]);
    expect(y.arraySync()).toEqual([[3]]);
    expect(layer.state().get('weight')?.arraySync()).toEqual([[1, 1]]);
    layer.weight.removeViews('mask');
    expect(layer.forward(tensor([[3, 5]])).arraySync()).toEqual([[8]]);
  });

  test.each<[string, (weight: Tensor) => unknown]>([
    ['undefined', () => undefined],
    ['f32 [2, 1]', (weight) => weight.t()],
  ])('that give %s for a weight are named where it is used', (given, apply) => {
    const layer = masked();
    layer.weight.views.push({ name: 'broken', apply: apply as ParameterView['apply'] });
    expect(() => layer.forward(tensor([[3, 5]]))).toThrow(`the view 'broken' gave ${given} for f32 [1, 2]`);
  });

  test('are recorded with what they capture, which may change afterwards', () => {
    const layer = masked();
    const model = new Sequential([layer]);
    const step = compile((x: Tensor) => model.forward(x));
    expect(step(tensor([[3, 5]])).arraySync()).toEqual([[3]]);
    mask.assign(tensor([[0, 1]]));
    expect(step(tensor([[3, 5]])).arraySync()).toEqual([[5]]);
    expect(step.recordings).toBe(1);
  });
});
