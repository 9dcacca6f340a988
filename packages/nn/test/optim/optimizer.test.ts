import fc from 'fast-check';
import {
  AdamW,
  buildOptimizer,
  clip,
  clipByNorm,
  clipByValue,
  globalNorm,
  Parameter,
  SGD,
  StateError,
} from '@espalier/nn';
import { ArgumentError, compile, ShapeError, tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';

const parameterOf = (values: readonly number[]): Parameter => new Parameter(tensor([...values], { dtype: 'f64' }));

/** AdamW written down once more, on plain numbers. */
function plainAdamW(
  start: number,
  gradients: readonly number[],
  lr: number,
  b1: number,
  b2: number,
  eps: number,
  decay: number,
): number {
  let [p, m, v] = [start, 0, 0];
  for (const [index, g] of gradients.entries()) {
    p *= 1 - lr * decay;
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    const [mHat, vHat] = [m / (1 - b1 ** (index + 1)), v / (1 - b2 ** (index + 1))];
    p -= (lr * mHat) / (Math.sqrt(vHat) + eps);
  }
  return p;
}

describe('AdamW', () => {
  test('is the plain rule on any numbers', async () => {
    const value = fc.double({ min: -5, max: 5, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-3);
    const unit = fc.double({ min: 0.01, max: 0.999, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        value,
        fc.array(value, { minLength: 1, maxLength: 6 }),
        unit,
        unit,
        unit,
        async (start, gradients, lr, beta1, beta2) => {
          const optimizer = new AdamW({ lr, beta1, beta2, epsilon: 1e-3, weightDecay: 0.1 });
          const parameter = parameterOf([start]);
          optimizer.attach(new Map([['p', parameter]]));
          for (const gradient of gradients) optimizer.step([tensor([gradient], { dtype: 'f64' })]);
          const expected = plainAdamW(start, gradients, lr, beta1, beta2, 1e-3, 0.1);
          await expectClose(parameter.tensor, [expected], { absolute: 1e-9, relative: 1e-9 });
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('an optimizer', () => {
  test('changes its learning rate inside a recorded step', () => {
    const parameter = parameterOf([1]);
    const optimizer = new SGD({ lr: 1 }).attach(new Map([['p', parameter]]));
    const step = compile(() => {
      optimizer.step([tensor([1], { dtype: 'f64' })]);
      return parameter.tensor.sum();
    });
    step();
    expect(parameter.tensor.dataSync()).toEqual(Float64Array.of(0));
    optimizer.setLearningRate(0.25);
    step();
    expect(parameter.tensor.dataSync()).toEqual(Float64Array.of(-0.25));
    expect(step.recordings).toBe(1);
  });

  test('goes on from its state as if nothing had happened', () => {
    const run = (interrupted: boolean): Float64Array => {
      const parameter = parameterOf([1, -2]);
      let optimizer = new AdamW({ lr: 0.1 }).attach(new Map([['p', parameter]]));
      for (let index = 0; index < 4; index++) {
        if (interrupted && index === 2) {
          const state = optimizer.state();
          optimizer = new AdamW({ lr: 0.1 }).attach(new Map([['p', parameter]]));
          optimizer.load(state);
        }
        optimizer.step([tensor([index + 1, -index], { dtype: 'f64' })]);
      }
      return parameter.tensor.dataSync() as Float64Array;
    };
    expect(run(true)).toEqual(run(false));
  });

  test('keeps its state apart from later steps', () => {
    const parameter = parameterOf([1]);
    const optimizer = new SGD({ lr: 1, momentum: 0.5 }).attach(new Map([['p', parameter]]));
    const step = compile((g: ReturnType<typeof tensor>) => {
      optimizer.step([g]);
      return g.sum();
    });
    step(tensor([1], { dtype: 'f64' }));
    const before = optimizer.state().get('p.momentum');
    step(tensor([1], { dtype: 'f64' }));
    expect(before?.dataSync()).toEqual(Float64Array.of(1));
  });

  test('scales and decays by group', () => {
    const [a, b] = [parameterOf([1]), parameterOf([1])];
    const optimizer = new SGD({ lr: 0.5, weightDecay: 1 }).attach([
      { parameters: new Map([['a', a]]) },
      { parameters: new Map([['b', b]]), weightDecay: 0, rateScale: 0.5 },
    ]);
    optimizer.step([tensor([1], { dtype: 'f64' }), tensor([1], { dtype: 'f64' })]);
    expect([a, b].map(({ tensor: value }) => value.itemSync())).toEqual([0, 0.75]);
  });

  test.each<[unknown, RegExp]>([
    [null, /^sgd\.groups\[0\]\.parameters: is null; it must be a map/],
    [[{ weightDecay: 0.1 }], /groups\[0\]\.parameters: is missing/],
    [[{ parameters: new Map(), weight_decay: 0.1 }], /groups\[0\]\.weight_decay: is no known field/],
    [[{ parameters: new Map(), weightDecay: NaN }], /groups\[0\]\.weightDecay: is/],
    [[{ parameters: new Map(), rateScale: -1 }], /groups\[0\]\.rateScale: is -1; it must be a number at least 0/],
  ])('refuses the group %j, which would train in another way', (groups, said) => {
    const sgd = new SGD({ lr: 0.1 });
    expect(() => sgd.attach(groups as ReadonlyMap<string, Parameter>)).toThrow(said);
  });

  test('refuses a gradient of another shape, which would be repeated to fit', () => {
    const parameter = parameterOf([1, 2]);
    const sgd = new SGD({ lr: 0.1 }).attach(new Map([['w', parameter]]));
    expect(() => sgd.step([tensor([1], { dtype: 'f64' })])).toThrow(ShapeError);
    expect(() => sgd.step([tensor([1], { dtype: 'f64' })])).toThrow(
      "the gradient of 'w' is [1], and the parameter [2]",
    );
    expect([...parameter.tensor.dataSync()]).toEqual([1, 2]);
  });

  test('leaves frozen parameters alone', () => {
    const [a, b] = [parameterOf([1]), parameterOf([1])];
    b.trainable = false;
    const optimizer = new SGD({ lr: 1 }).attach(
      new Map([
        ['a', a],
        ['b', b],
      ]),
    );
    expect(optimizer.parameters).toEqual([a.tensor]);
  });

  test('refuses states and gradients that do not fit, and changes nothing', () => {
    const optimizer = new SGD({ lr: 1, momentum: 0.9 }).attach(new Map([['p', parameterOf([1])]]));
    expect(() => optimizer.load(new Map([['step', tensor(3 as never)]]))).toThrow(StateError);
    expect(() => optimizer.step([])).toThrow(ArgumentError);
  });

  test.each([
    [{ type: 'sgd' }, 'sgd.lr'],
    [{ type: 'sgd', lr: -1 }, 'sgd.lr'],
    [{ type: 'adam', beta1: 1 }, 'adam.beta1'],
    [{ type: 'adam', beta3: 1 }, 'adam.beta3'],
    [{ type: 'nadam' }, 'nadam'],
  ])('is not built from %j', (config, place) => {
    expect(() => buildOptimizer(config)).toThrow(place);
  });

  test.each(['sgd', 'rmsprop', 'adam', 'adamw'])('%s survives JSON', (type) => {
    const config = buildOptimizer({ type, lr: 0.125, weightDecay: 0.5 }).config();
    expect(buildOptimizer(JSON.parse(JSON.stringify(config)) as typeof config).config()).toEqual(config);
  });
});

describe('clipping', () => {
  const tensors = [tensor([3, 0]), tensor([[4]])];

  test('limits the common norm', async () => {
    expect(globalNorm(tensors).itemSync()).toBe(5);
    const [a, b] = clipByNorm(tensors, 1);
    await expectClose(a ?? [], [0.6, 0], { absolute: 1e-6 });
    await expectClose(b ?? [], [[0.8]], { absolute: 1e-6 });
  });

  test('leaves small gradients as they are', async () => {
    await expectClose(clipByNorm(tensors, 50)[0] ?? [], [3, 0], { absolute: 0, relative: 0 });
  });

  test('limits values', () => {
    expect(clipByValue(tensors, 3.5)[1]?.arraySync()).toEqual([[3.5]]);
  });

  test('does values before the norm', () => {
    expect(globalNorm(clip(tensors, { value: 3, norm: 1 })).itemSync()).toBeCloseTo(1, 5);
  });
});

describe.each(['bf16', 'f16'] as const)('a model in %s', (dtype) => {
  test('counts its steps, and decays what it remembers, as one in f32 does', async () => {
    const start = [0.5, -0.25, 1];
    const train = async (own: 'f32' | typeof dtype): Promise<Map<string, readonly number[]>> => {
      const optimizer = new AdamW({ lr: 1e-3 });
      const parameter = new Parameter(tensor(start, { dtype: own }));
      optimizer.attach(new Map([['p', parameter]]));
      for (let step = 0; step < 600; step++)
        optimizer.step([tensor(step < 100 ? [1, -1, 0.5] : [0.125, 0.0625, 0], { dtype: own })]);
      const state = [...optimizer.state()].map(([name, value]) => [name, [...value.dataSync()]] as const);
      return new Map(state);
    };
    const [half, single] = [await train(dtype), await train('f32')];
    expect(half.get('step')).toEqual([600]);
    for (const [name, values] of single)
      await expectClose(half.get(name) as readonly number[], values, { relative: 1e-5 });
  });

  test('clips by a norm whose square the dtype cannot hold', async () => {
    const gradients = clipByNorm([tensor([300, 400], { dtype })], 5);
    expect(gradients[0]?.dtype).toBe(dtype);
    await expectClose(gradients[0] as NonNullable<(typeof gradients)[0]>, [3, 4], { relative: 1e-2 });
  });
});
