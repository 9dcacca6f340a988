import { BatchNorm } from '@espalier/nn';
import { compile, tensor, type Tensor } from '@espalier/tensor';
import { expectClose } from '@espalier/testing';
import { expect, test } from 'vitest';
import { golden } from '../helpers/golden.ts';
import { at } from '../helpers/at.ts';

const { batches, trained, evaluated, mean, variance } = golden.batchNorm;
const inputs = batches.map((values) => tensor(values as number[], { dtype: 'f64' }));
const close = { absolute: 1e-12, relative: 1e-12 };

test.each([false, true])(
  'batch norm agrees with PyTorch in training and evaluation (compiled: %s)',
  async (compiled) => {
    const layer = new BatchNorm({ features: 2 }, { dtype: 'f64' }).train();
    const forward = (x: Tensor): Tensor => layer.forward(x);
    const step = compiled ? compile(forward) : forward;
    for (const [index, x] of inputs.entries()) await expectClose(step(x).flatten(), trained[index] ?? [], close);
    await expectClose(layer.runningMean, mean, close);
    await expectClose(layer.runningVariance, variance, close);
    await expectClose(layer.eval().forward(at(inputs, 0)).flatten(), evaluated, close);
    // Evaluation moves nothing.
    await expectClose(layer.runningMean, mean, close);
  },
);

test('batch norm takes features without images', () => {
  const y = new BatchNorm({ features: 1 }).train().forward(tensor([[1], [3]]));
  expect([...y.dataSync()].map((value) => Math.round(value * 1000))).toEqual([-1000, 1000]);
});
