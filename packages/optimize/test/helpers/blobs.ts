/** A small classification problem: points around centres on a circle. */
import {
  Adam,
  build,
  crossEntropy,
  evaluate,
  accuracy,
  fit,
  tensorDataset,
  type Dataset,
  type Module,
  type ModuleConfig,
} from '@espalier/nn';
import { Generator, rand } from '@espalier/tensor';
import { expect } from 'vitest';
import { at } from './at.ts';

export const features = 16;
export const classes = 4;

/** `size` points with class labels; a function of the seed. */
export function blobs(size: number, seed: number): Dataset {
  const noise = rand([size, features], { generator: new Generator(seed) }).dataSync();
  const x = new Float32Array(size * features);
  const y = new Int32Array(size);
  for (let row = 0; row < size; row++) {
    const label = row % classes;
    y[row] = label;
    for (let column = 0; column < features; column++) {
      const centre = Math.sin((label + 1) * (column + 1));
      x[row * features + column] = centre + 2.2 * (at(noise, row * features + column) - 0.5);
    }
  }
  return tensorDataset({ data: x, shape: [size, features] }, { data: y, shape: [size] });
}

/** A perceptron with one hidden layer. */
export function perceptron(hidden: number): ModuleConfig {
  return {
    type: 'sequential',
    layers: [
      { type: 'linear', in: features, out: hidden },
      { type: 'relu' },
      { type: 'linear', in: hidden, out: classes },
    ],
  };
}

export const train: Dataset = blobs(512, 1);
export const validate: Dataset = blobs(400, 2);
export const test: Dataset = blobs(400, 3);

let known: Module | undefined;

/** A trained perceptron of 32 hidden units; the same one each time, not to be changed. */
export async function trained(): Promise<Module> {
  if (known) return known;
  const model = build(perceptron(32), { seed: 5 });
  await fit(model, train, {
    loss: crossEntropy,
    optimizer: new Adam({ lr: 0.01 }),
    epochs: 6,
    batchSize: 64,
    seed: 5,
  });
  known = model;
  return model;
}

/** Share of right answers. */
export async function accuracyOf(model: Module, data: Dataset = validate): Promise<number> {
  return (await evaluate(model, data, { accuracy })).accuracy;
}

/** The logits of the first points. */
export async function logitsOf(model: Module, data: Dataset = validate): Promise<number[]> {
  const { x } = await data.batch(Array.from({ length: 64 }, (_, index) => index));
  return Array.from(await model.forward(x).data());
}

/** Logits of one model from the same weights in two forms: sums in another order may differ in the last digits. */
export function expectSameLogits(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  for (const [index, value] of wanted.entries())
    expect(Math.abs((actual[index] as number) - value)).toBeLessThanOrEqual(1e-5 * largest);
}
