/** LeNet-300-100 and LeNet-5 on the handwritten digits. */
import {
  accuracy,
  AdamW,
  build,
  cosine,
  crossEntropy,
  evaluate,
  fit,
  type Module,
  type ModuleConfig,
} from '@espalier/nn';
import { mnist, type Mnist } from '@espalier/nn/node';
import type { Bench } from '../bench.ts';

/** A network, and how long it is trained. */
export interface Subject {
  readonly name: string;
  readonly config: ModuleConfig;
  readonly epochs: number;
}

/** Source: Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998; rectifiers for its sigmoids. */
export const lenet300: Subject = {
  name: 'lenet-300-100',
  epochs: 15,
  config: {
    type: 'sequential',
    layers: [
      { type: 'flatten' },
      { type: 'linear', in: 784, out: 300 },
      { type: 'relu' },
      { type: 'linear', in: 300, out: 100 },
      { type: 'relu' },
      { type: 'linear', in: 100, out: 10 },
    ],
  },
};

/** In the form of Caffe, of 431,080 parameters, that the literature on pruning compresses. */
export const lenet5: Subject = {
  name: 'lenet-5',
  epochs: 10,
  config: {
    type: 'sequential',
    layers: [
      { type: 'conv2d', in: 1, out: 20, kernel: 5 },
      { type: 'max-pool2d', size: 2 },
      { type: 'conv2d', in: 20, out: 50, kernel: 5 },
      { type: 'max-pool2d', size: 2 },
      { type: 'flatten' },
      { type: 'linear', in: 800, out: 500 },
      { type: 'relu' },
      { type: 'linear', in: 500, out: 10 },
    ],
  },
};

let digits: Promise<Mnist> | undefined;

/** The data, read once. */
export function readDigits(): Promise<Mnist> {
  digits ??= mnist();
  return digits;
}

/** A subject as it is before anything is done to it: trained on all 60,000 digits, the same model for the same seed. */
export function trained({ name, config, epochs }: Subject, seed: number, bench: Bench): Promise<Module> {
  return bench.keptModel(`${name}/dense-${seed}`, async () => {
    bench.say(`${name}: training with seed ${seed}`);
    const model = build(config, { seed });
    const { train } = await readDigits();
    const optimizer = new AdamW({ lr: 1e-3, weightDecay: 1e-4 });
    await fit(model, train, { loss: crossEntropy, optimizer, epochs, batchSize: 128, schedule: cosine(), seed });
    optimizer.detach();
    return model;
  });
}

/** How many of the 10,000 test images a model names wrongly. */
export async function testErrors(model: Module): Promise<number> {
  const { test } = await readDigits();
  const { accuracy: share } = await evaluate(model, test, { accuracy });
  return Math.round((1 - share) * test.size);
}
