/** What is compressed: a model that was trained, its data, and how it is judged. */
import {
  accuracy,
  AdamW,
  build,
  cosine,
  crossEntropy,
  evaluate,
  fit,
  type Dataset,
  type Module,
  type ModuleConfig,
} from '@espalier/nn';
import type { Bench } from '../bench.ts';

/** A kind of model, the same for each seed. */
export interface Subject {
  readonly name: string;
  readonly config: ModuleConfig;
  /** Examples to learn from, and others to be judged by at the end. */
  readonly data: () => Promise<{ readonly train: Dataset; readonly test: Dataset }>;
  /** Trains a new model. */
  readonly train: (model: Module, seed: number) => Promise<void>;
  /** Less is better: errors on the test set, perplexity, root mean square error. */
  readonly damage: (model: Module) => Promise<number>;
}

/** A subject as it is before anything is done to it. */
export function trained({ name, config, train }: Subject, seed: number, bench: Bench): Promise<Module> {
  return bench.keptModel(`${name}/dense-${seed}`, async () => {
    bench.say(`${name}: training with seed ${seed}`);
    const model = build(config, { seed });
    await train(model, seed);
    return model;
  });
}

/** How a classifier is trained. */
export interface ClassifierOptions extends Pick<Subject, 'name' | 'config' | 'data'> {
  readonly epochs: number;
}

/** A classifier, judged by how many examples of the test set it names wrongly. */
export function classifier({ epochs, ...own }: ClassifierOptions): Subject {
  return {
    ...own,
    train: async (model, seed) => {
      const { train } = await own.data();
      const optimizer = new AdamW({ lr: 1e-3, weightDecay: 1e-4 });
      await fit(model, train, { loss: crossEntropy, optimizer, epochs, batchSize: 128, schedule: cosine(), seed });
      optimizer.detach();
    },
    damage: async (model) => {
      const { test } = await own.data();
      const { accuracy: share } = await evaluate(model, test, { accuracy });
      return Math.round((1 - share) * test.size);
    },
  };
}

/** Reads once what is asked for again and again. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => (found ??= read());
}
