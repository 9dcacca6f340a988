/** A table of numbers, and a perceptron that tells another number from them. */
import { Adam, cosine, evaluate, fit, meanLoss, mse, tensorDataset, type Dataset } from '@espalier/nn';
import { Generator, rand, randn } from '@espalier/tensor';
import { once, type Subject } from './subject.ts';

/** Numbers of a row, of which the last five say nothing. */
const features = 10;

/**
 * Rows x, uniform in [0, 1)¹⁰, with 10 sin(π x₁ x₂) + 20 (x₃ - ½)² + 10 x₄ + 5 x₅ + ε, where ε is standard normal: no model's
 * error is below 1. Source: J. Friedman, "Multivariate adaptive regression splines", 1991, as scikit-learn's `make_friedman1`.
 */
function rows(count: number, seed: number): Dataset {
  const generator = new Generator(seed);
  const x = rand([count, features], { generator }).realizeSync();
  const [x1, x2, x3, x4, x5] = x.chunk(features, 1) as [typeof x, typeof x, typeof x, typeof x, typeof x];
  const y = x1
    .mul(x2)
    .mul(Math.PI)
    .sin()
    .mul(10)
    .add(x3.sub(0.5).square().mul(20))
    .add(x4.mul(10))
    .add(x5.mul(5))
    .add(randn([count, 1], { generator }));
  return tensorDataset(x, y.realizeSync());
}

const data = once(async () => ({ train: rows(40_000, 1), test: rows(10_000, 2) }));

/** Judged by its root mean square error on rows that it has not seen. */
export const friedman: Subject = {
  name: 'friedman',
  config: {
    type: 'sequential',
    layers: [
      { type: 'linear', in: features, out: 128 },
      { type: 'relu' },
      { type: 'linear', in: 128, out: 64 },
      { type: 'relu' },
      { type: 'linear', in: 64, out: 1 },
    ],
  },
  data,
  train: async (model, seed) => {
    const { train } = await data();
    const optimizer = new Adam({ lr: 2e-3, weightDecay: 1e-4 });
    await fit(model, train, { loss: mse, optimizer, epochs: 20, batchSize: 128, schedule: cosine(), seed });
    optimizer.detach();
  },
  damage: async (model) => {
    const { test } = await data();
    const { error } = await evaluate(model, test, { error: meanLoss(mse) });
    return Math.sqrt(error);
  },
};
