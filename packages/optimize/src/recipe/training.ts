/** The training that passes share. */
import {
  buildOptimizer,
  buildSchedule,
  deriveSeed,
  fit,
  type LossFunction,
  type Module,
  type OptimizerConfig,
  type ScheduleConfig,
} from '@espalier/nn';
import { crossEntropy } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import type { PassContext, TrainingPart } from './pass.ts';

/** How a stage of a recipe trains, as JSON. */
export interface TrainingConfig {
  /** Default: 3. */
  readonly epochs?: number;
  /** Default: 128. */
  readonly batchSize?: number;
  /** Default: Adam with a learning rate of 0.001. */
  readonly optimizer?: OptimizerConfig;
  /** Of the learning rate. Default: cosine. */
  readonly schedule?: string | ScheduleConfig;
}

/** The names of the options of training. */
export const trainingOptionNames: readonly (keyof TrainingConfig)[] = ['epochs', 'batchSize', 'optimizer', 'schedule'];

/** What is used unless said otherwise. */
export const defaultTraining: Required<TrainingConfig> = {
  epochs: 3,
  batchSize: 128,
  optimizer: { type: 'adam', lr: 0.001 },
  schedule: 'cosine',
};

const hardLabels: LossFunction = (output, target) => crossEntropy(output, target);

/**
 * Trains a model once for all passes of a stage. Throws RecipeError when there is no training data, when two passes want
 * different losses, or when they disagree on how to train.
 */
export async function trainStage(
  place: string,
  model: Module,
  parts: readonly TrainingPart[],
  context: PassContext,
): Promise<void> {
  const train = context.data?.train;
  if (!train) throw new RecipeError(place, 'has to train, and there is no training data; give data.train');
  const { epochs, batchSize, optimizer, schedule } = { ...defaultTraining, ...agreed(place, parts) };
  const losses = parts.flatMap(({ loss }) => (loss ? [loss] : []));
  if (losses.length > 1)
    throw new RecipeError(place, `${losses.length} of its passes bring a loss; run them one after the other`);
  await fit(model, train, {
    loss: losses[0] ?? hardLabels,
    optimizer: buildOptimizer(optimizer),
    schedule: buildSchedule(schedule),
    epochs,
    batchSize,
    seed: deriveSeed(context.seed, place),
    beforeStep: async ({ step, totalSteps }) => {
      for (const part of parts) await part.beforeStep?.(step, totalSteps);
    },
    onEvent: (event) => {
      if (event.type !== 'progress') return;
      context.onProgress?.({ place, step: event.step, steps: event.totalSteps, loss: event.loss });
    },
    ...(context.signal && { signal: context.signal }),
  });
  model.eval();
}

/** The one way to train that all parts that name one name. */
function agreed(place: string, parts: readonly TrainingPart[]): TrainingConfig {
  const given = parts.flatMap(({ config }) => (config ? [config] : []));
  const [first = {}, ...others] = given;
  const other = others.find((each) => JSON.stringify(each) !== JSON.stringify(first));
  if (other) {
    throw new RecipeError(
      place,
      `its passes want to train in different ways, ${JSON.stringify(first)} and ${JSON.stringify(other)}; say so in one of them only`,
    );
  }
  return first;
}
