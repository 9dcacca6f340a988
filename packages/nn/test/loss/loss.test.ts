import { bceWithLogits, crossEntropy, huber, klDivergence, l1, loss, lossTypes, mse, ConfigError } from '@espalier/nn';
import { grad, gradients, ShapeError, tensor, type Tensor } from '@espalier/tensor';
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
