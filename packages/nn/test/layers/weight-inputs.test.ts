import { Generator, randn, type Tensor } from '@espalier/tensor';
import { expect, test } from 'vitest';
import { Conv2d, Linear, type Conv2dLayerOptions } from '../../src/index.ts';

const drawn = (shape: number[], seed: number): Tensor => randn(shape, { generator: new Generator(seed) });

function expectClose(actual: Tensor, wanted: Tensor): void {
  expect(actual.shape).toEqual(wanted.shape);
  expect(actual.sub(wanted).abs().max().itemSync()).toBeLessThan(1e-5);
}

test.each([[[5, 6]], [[2, 3, 6]], [[6]]])(
  'the inputs of a linear layer times its weight are its output: %j',
  (shape) => {
    const layer = new Linear({ in: 6, out: 4, bias: false });
    const x = drawn(shape, 1);
    const inputs = layer.weightInputs(x);
    expect(inputs.shape).toEqual([1, x.size / 6, 6]);
    const y = layer.call(x);
    expectClose(inputs.matmul(layer.weight.value.t()).reshape(y.shape), y);
  },
);

const convolutions: [string, Partial<Conv2dLayerOptions>][] = [
  ['plain', {}],
  ['grouped', { groups: 2 }],
  ['depthwise', { groups: 4, out: 4 }],
  ['padded and strided', { padding: [1, 2], stride: 2 }],
  ['same, dilated', { padding: 'same', dilation: [1, 2] }],
  ['oblong', { kernel: [1, 3], groups: 2, stride: [2, 1] }],
  ['side by side', { kernel: 2, stride: 2 }],
];

test.each(convolutions)('the inputs of a convolution times its weight are its output: %s', (_, options) => {
  const layer = new Conv2d({ in: 4, out: 6, kernel: 3, bias: false, ...options });
  const x = drawn([3, 4, 7, 8], 2);
  const { groups, out } = layer.options;
  const y = layer.call(x);
  const [batch, , high, wide] = y.shape as [number, number, number, number];
  const inputs = layer.weightInputs(x);
  const columns = layer.weight.size / out;
  expect(inputs.shape).toEqual([groups, batch * high * wide, columns]);
  const weights = layer.weight.value.reshape([groups, out / groups, columns]);
  const product = inputs.matmul(weights.permute([0, 2, 1]));
  expectClose(
    product
      .reshape([groups, batch, high, wide, out / groups])
      .permute([1, 0, 4, 2, 3])
      .reshape(y.shape),
    y,
  );
});
