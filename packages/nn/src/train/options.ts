/** What training can be told, and what it tells. */
import type { Tensor } from '@espalier/tensor';
import type { Dataset } from '../data/dataset.ts';
import type { LossFunction } from '../loss/loss.ts';
import type { Metric } from '../metrics/metric.ts';
import type { Tap } from '../module/call-context.ts';
import type { ClipOptions } from '../optim/clip.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { AbortSignalLike } from './signal.ts';

/** When to stop before the last epoch. */
export interface EarlyStopping {
  /** A name in `metrics`, or `loss` for the loss on the validation data. */
  readonly metric: string;
  /** Epochs without improvement that are waited for. */
  readonly patience: number;
  /** The least that counts as an improvement. Default: 0. */
  readonly minDelta?: number;
  /** Whether the model ends with the values of its best epoch. Default: true. */
  readonly restoreBest?: boolean;
}

/** Saving the state of a training, so that it can go on exactly where it was. */
export interface CheckpointOptions {
  /** Epochs between two checkpoints. Default: 1. */
  readonly every?: number;
  /** Steps between two checkpoints, besides those at epochs. Default: none. */
  readonly everySteps?: number;
  /** Called with the bytes (a safetensors file). Write them atomically. Called too when a signal interrupts training. */
  readonly save: (bytes: Uint8Array) => void | Promise<void>;
}

/** The end of an epoch. */
export interface EpochResult {
  /** From 1. */
  readonly epoch: number;
  /** Mean loss over the training batches. */
  readonly loss: number;
  /** Learning rate of the last step. */
  readonly learningRate: number;
  /** Loss and metrics on the validation data, if there are any. */
  readonly validation?: Readonly<Record<string, number>>;
  /** Time until the device had done the training steps, without validation and callbacks. */
  readonly seconds: number;
  readonly examplesPerSecond: number;
}

/** What training reports as it goes. */
export type FitEvent =
  | {
      readonly type: 'start';
      readonly epochs: number;
      readonly stepsPerEpoch: number;
      readonly totalSteps: number;
      readonly step: number;
    }
  | {
      readonly type: 'progress';
      readonly epoch: number;
      /** Steps done in all. */
      readonly step: number;
      readonly totalSteps: number;
      /** Mean loss of the epoch so far. */
      readonly loss: number;
      readonly learningRate: number;
      readonly examplesPerSecond: number;
    }
  | ({ readonly type: 'epoch' } & EpochResult)
  | { readonly type: 'checkpoint'; readonly step: number; readonly bytes: number }
  | { readonly type: 'end'; readonly stoppedBy: FitResult['stoppedBy']; readonly epochs: number };

/** Where training is, between two steps. */
export interface StepInfo {
  /** From 1. */
  readonly epoch: number;
  /** Steps done in all. */
  readonly step: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Learning rate of the step that is next. */
  readonly learningRate: number;
}

/** How a model is trained. */
export interface FitOptions {
  readonly loss: LossFunction;
  /** Takes charge of the model's parameters. */
  readonly optimizer: Optimizer;
  readonly epochs: number;
  /** Default: 128. */
  readonly batchSize?: number;
  /** Leaves out the last batch of an epoch if it is smaller. Default: false. */
  readonly dropLast?: boolean;
  /** Of the order of examples and of dropout. Default: 0. */
  readonly seed?: number;
  /** Default: true, unless the data has an order of its own. */
  readonly shuffle?: boolean;
  /** Factor on the optimizer's learning rate for each step. Default: constant. */
  readonly schedule?: Schedule;
  readonly clip?: ClipOptions;
  /** Measured after each epoch. */
  readonly validate?: Dataset;
  /** On the validation data. */
  readonly metrics?: Readonly<Record<string, Metric>>;
  readonly earlyStopping?: EarlyStopping;
  /** Told what happens; awaited if it is asynchronous. */
  readonly onEvent?: (event: FitEvent) => void | Promise<void>;
  /**
   * What a loss, or a parameter, that is NaN or infinite does. `stop`, the default, ends the training with a DivergenceError
   * that has the step and the last finite loss, and puts the model back to where it was after the last epoch that went
   * well; the last checkpoint, too, is from before. It is noticed where the loss is read: by progress events, checkpoints,
   * and at the end of an epoch. `ignore` goes on.
   */
  readonly divergence?: 'stop' | 'ignore';
  /** Called before each step; may give captured tensors new values (masks that grow). Awaited if it is asynchronous. */
  readonly beforeStep?: (info: StepInfo) => void | Promise<void>;
  /**
   * Sees the gradients of a step, before they are clipped, by the raw tensors of their parameters. It is called while a step is
   * recorded; what is to last of them, it assigns to tensors.
   */
  readonly onGradients?: (gradients: ReadonlyMap<Tensor, Tensor>) => void;
  /** See, or replace, what goes in and out of modules in training steps; what is to last of it, they assign to tensors. */
  readonly taps?: readonly Tap[];
  /** Least milliseconds between two progress events. Default: 200. */
  readonly progressEvery?: number;
  readonly checkpoint?: CheckpointOptions;
  /** The bytes of a checkpoint of the same training. */
  readonly resume?: Uint8Array;
  /** Interrupts between two steps: a checkpoint is saved where one is wanted, and the reason thrown. */
  readonly signal?: AbortSignalLike;
}

/** How a training went. */
export interface FitResult {
  readonly epochs: readonly EpochResult[];
  /** Steps done in all. */
  readonly steps: number;
  readonly stoppedBy: 'epochs' | 'early-stopping';
  /** The epoch with the best value of the early-stopping metric. */
  readonly best?: { readonly epoch: number; readonly value: number };
}
