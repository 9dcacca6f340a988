/** The training that passes share. */
import {
  buildOptimizer,
  buildSchedule,
  classWeightsOf,
  deriveSeed,
  fit,
  noteTrainedBy,
  type Module,
  type Schedule,
} from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { integerOption, optionsOf } from './options.ts';
import { Accompanied } from './companions.ts';
import type { Pass, PassContext, TrainingPart } from './pass.ts';
import { checkLoss, type TaskLoss } from './task-loss.ts';
import type { TrainingConfig, TrainingRecord } from './training-config.ts';
import { quote } from '../quote.ts';

/** The names of the options of training. */
export const trainingOptionNames: readonly (keyof TrainingConfig)[] = [
  'epochs',
  'batchSize',
  'optimizer',
  'schedule',
  'loss',
];

/** What is used unless said otherwise. */
const defaultTraining: Required<Omit<TrainingConfig, 'loss'>> = {
  epochs: 3,
  batchSize: 128,
  optimizer: { type: 'adam', lr: 0.001 },
  schedule: 'cosine',
};

/** @throws {RecipeError | ConfigError} for a training that cannot be. */
export function checkTraining(place: string, train: TrainingConfig | undefined): void {
  if (train === undefined) return;
  optionsOf(place, train, trainingOptionNames);
  const { epochs, batchSize, optimizer, schedule } = { ...defaultTraining, ...train };
  integerOption(place, 'epochs', epochs, 0);
  integerOption(place, 'batchSize', batchSize, 1);
  buildOptimizer(optimizer);
  buildSchedule(schedule);
  checkLoss(place, train.loss);
}

/** For how many epochs a stage trains. */
export function epochsOf(train: TrainingConfig | undefined): number {
  return train?.epochs ?? defaultTraining.epochs;
}

/**
 * Trains a model once for all passes of a stage, as the context says.
 * @throws {RecipeError} when there is no training data.
 */
export async function trainStage(
  place: string,
  model: Module,
  parts: readonly TrainingPart[],
  task: TaskLoss,
  context: PassContext,
): Promise<TrainingRecord> {
  const train = context.data?.train;
  if (!train) throw new RecipeError(place, 'has to train, and there is no training data; give data.train');
  const { epochs: all, batchSize, optimizer, schedule } = { ...defaultTraining, ...context.train };
  const before = Math.min(all, Math.max(0, ...parts.map(({ epochsBefore = 0 }) => epochsBefore)));
  const epochs = all - before;
  const seers = parts.flatMap(({ onGradients }) => (onGradients ? [onGradients] : []));
  let data = train;
  for (const part of parts) data = (await part.prepare?.(task, data)) ?? data;
  const { steps } = await fit(learnerOf(model, parts), data, {
    loss: parts.find(({ loss }) => loss)?.loss?.(task) ?? task.of,
    optimizer: buildOptimizer(optimizer),
    schedule: scheduleFrom(before, buildSchedule(schedule)),
    epochs,
    batchSize,
    seed: deriveSeed(context.seed, place),
    beforeStep: async ({ step, totalSteps, learningRate }) => {
      for (const part of parts) await part.beforeStep?.(step, totalSteps, learningRate);
    },
    ...(seers.length > 0 && {
      onGradients: (gradients: ReadonlyMap<Tensor, Tensor>) => {
        for (const see of seers) see(gradients);
      },
    }),
    onEvent: (event) => {
      if (event.type !== 'progress') return;
      context.onProgress?.({ place, step: event.step, steps: event.totalSteps, loss: event.loss });
    },
    ...(context.signal && { signal: context.signal }),
  });
  // What it goes on with is its task, whatever the passes made of that.
  noteTrainedBy(model, task.of);
  model.eval();
  const weights = classWeightsOf(task.of);
  return { epochs, steps, batchSize, optimizer, schedule, loss: task.name, ...(weights && { classWeights: weights }) };
}

/** A schedule without its first epochs. */
function scheduleFrom(epochs: number, schedule: Schedule): Schedule {
  if (epochs === 0) return schedule;
  return {
    ...schedule,
    at: (step, { totalSteps, stepsPerEpoch }) => {
      const before = epochs * stepsPerEpoch;
      return schedule.at(step + before, { totalSteps: totalSteps + before, stepsPerEpoch });
    },
  };
}

/** What is trained: the model, with what its passes want to see of it and to train beside it. */
function learnerOf(model: Module, parts: readonly TrainingPart[]): Module {
  const companions = new Map(parts.flatMap((part) => [...(part.companions ?? [])]));
  const taps = parts.flatMap((part) => part.taps ?? []);
  return companions.size + taps.length === 0 ? model : new Accompanied(model, companions, taps);
}

/** A training as the end of a sentence: ` for 3 epochs`. */
export function trainedFor(training: TrainingRecord | undefined): string {
  if (!training) return '';
  const { epochs } = training;
  return ` for ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
}

/**
 * The one way to train that all passes that name one name.
 * @throws {RecipeError} when they disagree.
 */
export function agreedTraining(place: string, passes: readonly Pass[]): TrainingConfig {
  const given = passes.flatMap(({ train }) => (train ? [train] : []));
  const [first = {}, ...others] = given;
  const other = others.find((each) => JSON.stringify(each) !== JSON.stringify(first));
  if (other) {
    throw new RecipeError(
      place,
      `its passes want to train in different ways, ${quote(first)} and ${quote(other)}; say so in one of them only`,
    );
  }
  return first;
}
