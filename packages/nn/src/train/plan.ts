/** What a training is going to be, from its options. */
import { ArgumentError } from '@espalier/tensor';
import type { Dataset } from '../data/dataset.ts';
import type { LossFunction } from '../loss/loss.ts';
import { lossConfig } from '../loss/table.ts';
import { frozenNames, type Module } from '../module/module.ts';
import type { Schedule } from '../schedule/schedule.ts';
import { constant } from '../schedule/shapes.ts';
import type { Fingerprint } from './position.ts';
import type { FitOptions } from './options.ts';
import { describeViews } from './views.ts';

/** Sizes, seed and schedule of a training. */
export interface TrainingPlan {
  readonly batchSize: number;
  readonly seed: number;
  /** Whether training draws the order of examples. */
  readonly shuffle: boolean;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly schedule: Schedule;
  readonly fingerprint: Fingerprint;
}

/**
 * Options that are checked, with their defaults.
 * @throws {ArgumentError} for those that do not fit together.
 */
export function planTraining(model: Module, data: Dataset, options: FitOptions): TrainingPlan {
  const { epochs, batchSize = 128, dropLast = false, seed = 0, schedule = constant() } = options;
  const { metrics = {}, validate, earlyStopping, optimizer, shuffle = data.order === undefined } = options;
  if (!validate && (earlyStopping || Object.keys(metrics).length > 0))
    throw new ArgumentError('fit', 'metrics and early stopping need validation data; pass validate');
  const stepsPerEpoch = dropLast ? Math.floor(data.size / batchSize) : Math.ceil(data.size / batchSize);
  if (data.size === 0)
    throw new ArgumentError('fit', 'there are no examples to learn from; give a dataset that has some');
  if (stepsPerEpoch === 0)
    throw new ArgumentError(
      'fit',
      `${data.size} examples do not fill a batch of ${batchSize}; use a smaller batchSize`,
    );
  const fingerprint = {
    seed,
    batchSize,
    dropLast,
    shuffle,
    examples: data.size,
    epochs,
    optimizer: JSON.stringify(optimizer.config()),
    schedule: JSON.stringify(schedule.config()),
    model: JSON.stringify(model.config()),
    loss: lossText(options.loss),
    clip: JSON.stringify(options.clip ?? null),
    frozen: JSON.stringify(frozenNames(model)),
    views: describeViews(model),
    ...(data.order && { order: data.order.key }),
  };
  return { batchSize, seed, shuffle, stepsPerEpoch, totalSteps: stepsPerEpoch * epochs, schedule, fingerprint };
}

/** A loss as a text: its name, where JSON has no more to say of it. */
function lossText(of: LossFunction): string {
  const config = lossConfig(of) ?? 'a function';
  return typeof config === 'string' ? config : JSON.stringify(config);
}
