/** What a training of a recipe is asked for and what is kept of it, as JSON. */
import type { OptimizerConfig, ScheduleConfig } from '@espalier/nn';

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
  /** One of `lossTypes`. Default: the loss given with the recipe, else the one that the model was trained by. */
  readonly loss?: string;
}

/** A training that took place, with everything that was left to defaults. */
export interface TrainingRecord {
  readonly epochs: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerConfig;
  readonly schedule: string | ScheduleConfig;
  /** The loss of the task, one of `lossTypes`; null for a function of the caller's. What a pass makes of it, it says itself. */
  readonly loss: string | null;
  /** How much each class counted in it, where they did not count alike. */
  readonly classWeights?: readonly number[];
}
