import {
  bceWithLogits,
  crossEntropy,
  huber,
  klDivergence,
  l1,
  loss,
  lossTypes,
  mse,
  ConfigError,
  type LossFunction,
} from '@espalier/nn';
import { ArgumentError, grad, gradients, ShapeError, tensor, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { describe, expect, test } from 'vitest';
import { golden } from '../helpers/golden.ts';

const f64 = { dtype: 'f64' } as const;
const losses: Readonly<Record<string, (output: Tensor, target: Tensor, options: object) => Tensor>> = {
  mse,
  l1,
  huber,
  bceWithLogits,
  klDivergence: (output, target, options) =>
    klDivergence(output.logSoftmax(1), 'logTarget' in options ? target.logSoftmax(1) : target, options),
};

describe('losses agree with PyTorch in f64', () => {
  test.each(golden.losses.map((each) => ({ title: `${each.name} ${JSON.stringify(each.options)}`, ...each })))(
    '$title',
    async ({ name, options, output, target, value, gradient }) => {
      const leaf = tensor(output, f64).requiresGradients();
      const computed = losses[name]?.(leaf, tensor(target, f64), options) ?? leaf;
      const [found] = gradients(computed, [leaf], { retainGraph: true });
      await expectClose(computed, value, { absolute: 1e-12, relative: 1e-12 });
      await expectClose(found ?? [], gradient, { absolute: 1e-12, relative: 1e-12 });
    },
  );
});

describe('losses', () => {
  test('refuse shapes that would broadcast', () => {
    expect(() => mse(tensor([1, 2]), tensor([[1], [2]]))).toThrow(ShapeError);
  });

  test('binary cross-entropy neither overflows nor cancels', () => {
    const far = bceWithLogits(tensor([1000, -1000]), tensor([0, 1]), { reduction: 'none' });
    expect(far.arraySync()).toEqual([1000, 1000]);
    expect(bceWithLogits(tensor([1000]), tensor([1])).itemSync()).toBe(0);
    // At 0 the slope is sigmoid(0) - target.
    const slope = grad((x) => bceWithLogits(x, tensor([1, 0, 0.25]), { reduction: 'sum' }));
    expect(slope(tensor([0, 0, 0])).arraySync()).toEqual([-0.5, 0.5, 0.25]);
  });

  test('integers are subtracted as floats, which do not wrap', () => {
    for (const [dtype, output, target] of [
      ['u8', [1, 250], [3, 10]],
      ['i8', [-100, 100], [100, -100]],
      ['i32', [-2_000_000_000, 5], [2_000_000_000, 7]],
      ['bool', [1, 0], [0, 1]],
    ] as const) {
      const [a, b] = [tensor(output, { dtype }), tensor(target, { dtype })];
      const [first, second] = output.map((value, i) => Math.abs(value - (target[i] as number))) as [number, number];
      const each = { reduction: 'none' } as const;
      expect(l1(a, b, each).arraySync(), dtype).toEqual([first, second].map(Math.fround));
      expect(mse(a, b, each).arraySync(), dtype).toEqual([first ** 2, second ** 2].map(Math.fround));
      expect(huber(a, b, each).arraySync(), dtype).toEqual([first - 0.5, second - 0.5].map(Math.fround));
    }
    const [logits, labels] = [tensor([[1, 3]], { dtype: 'u8' }), tensor([0], { dtype: 'u8' })];
    for (const options of [{}, { labelSmoothing: 0.1 }, { weight: [1, 2] }])
      expect(crossEntropy(logits, labels, options).itemSync()).toBe(
        crossEntropy(logits.cast('f32'), labels, options).itemSync(),
      );
    const target = tensor([[1, 0]], { dtype: 'u8' });
    expect(bceWithLogits(logits, target).itemSync()).toBe(bceWithLogits(logits.cast('f32'), target).itemSync());
  });

  test('divergence from a distribution with zeros is finite', () => {
    expect(klDivergence(tensor([[0.5, 0.5]]).log(), tensor([[1, 0]])).itemSync()).toBeCloseTo(Math.LN2, 6);
  });

  test('have names', () => {
    expect(lossTypes).toContain('cross-entropy');
    const [logits, labels] = [tensor([[1, 2]]), tensor([0], { dtype: 'u8' })];
    expect(loss('cross-entropy')(logits, labels, { x: logits }).itemSync()).toBe(
      crossEntropy(logits, labels).itemSync(),
    );
    expect(() => loss('toString')).toThrow(ConfigError);
  });
});

describe('weights of losses', () => {
  const logits = tensor(
    [
      [1, -1, 2],
      [0.5, 3, -2],
    ],
    { dtype: 'f64' },
  );
  const labels = tensor([2, 1], { dtype: 'i32' });
  const weight = [1, 2, 0.25];

  test('of classes count in the mean, as numbers or as a tensor', () => {
    const [first, second] = crossEntropy(logits, labels, { reduction: 'none' }).arraySync() as [number, number];
    const expected = (0.25 * first + 2 * second) / 2.25;
    expect(crossEntropy(logits, labels, { weight }).itemSync()).toBeCloseTo(expected, 12);
    expect(crossEntropy(logits, labels, { weight: tensor(weight, { dtype: 'f64' }) }).itemSync()).toBeCloseTo(
      expected,
      12,
    );
    expect(crossEntropy(logits, labels, { weight, ignoreIndex: 1 }).itemSync()).toBeCloseTo(first, 12);
    expect(() => crossEntropy(logits, labels, { weight: [1, 2] })).toThrow('each of the 3 classes');
  });

  test('of what is true count only there', () => {
    const truth = tensor([1, 0], { dtype: 'f64' });
    const x = tensor([0.3, -0.7], { dtype: 'f64' });
    const [yes, no] = bceWithLogits(x, truth, { reduction: 'none' }).arraySync() as [number, number];
    const weighted = bceWithLogits(x, truth, { positiveWeight: [3, 3], weight: [0.5, 2], reduction: 'sum' });
    expect(weighted.itemSync()).toBeCloseTo(0.5 * 3 * yes + 2 * no, 12);
    expect(() => bceWithLogits(x, truth, { weight: [1, 2, 3] })).toThrow(ShapeError);
  });

  test('binary cross-entropy has a slope of σ(x) - y where the logit is 0', () => {
    const x = tensor([0, 0], { dtype: 'f64' }).requiresGradients();
    const [slope] = gradients(bceWithLogits(x, tensor([1, 0], { dtype: 'f64' }), { reduction: 'sum' }), [x]);
    expect(slope.arraySync()).toEqual([-0.5, 0.5]);
  });

  test('an infinite logit on the side of its target costs nothing', () => {
    expect(bceWithLogits(tensor([Infinity, -Infinity]), tensor([1, 0])).itemSync()).toBe(0);
  });
});

describe('what a loss is given', () => {
  const [output, target] = [tensor([1, 2]), tensor([2, 2])];

  test.each<readonly [string, LossFunction]>([
    ['mse', mse],
    ['l1', l1],
    ['huber', huber],
    ['bceWithLogits', bceWithLogits],
    ['klDivergence', klDivergence],
    ['crossEntropy', crossEntropy],
  ])('%s: an option that is misspelt is refused by its name', (name, of) => {
    const misspelt = { x: output, reductoin: 'sum' };
    expect(() => of(output, target, misspelt)).toThrow(ArgumentError);
    expect(() => of(output, target, misspelt)).toThrow(`${name}: has no option "reductoin"`);
    // What training gives in the place of options is none.
    expect(of(output, target, { x: output }).shape).toEqual([]);
  });

  test.each(['u8', 'i8', 'i32', 'u32'] as const)(
    'integers of %s are compared as floats, so that nothing wraps',
    (dtype) => {
      const [low, high] = [tensor([5, 3], { dtype }), tensor([120, 4], { dtype })];
      for (const [a, b] of [
        [low, high],
        [high, low],
      ] as const)
        expect(l1(a, b).itemSync()).toBe(58);
    },
  );
});
