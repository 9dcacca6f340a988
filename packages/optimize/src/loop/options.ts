/** What `optimize` can be told. */
import type { AbortSignalLike, Dataset } from '@espalier/nn';
import { aSignal, hasMethods } from '@espalier/nn/arguments';
import {
  aBoolean,
  aPositiveInteger,
  aText,
  anObject,
  listOf,
  oneOf,
  ruleOf,
  type OptionRules,
} from '@espalier/tensor/arguments';
import { anything, callback } from '../arguments.ts';
import type { ComparisonOptions } from '../cost/compare-latency.ts';
import type { OptimizationData } from '../recipe/data.ts';
import type { PassProgress } from '../recipe/pass.ts';
import type { Step } from '../recipe/run.ts';
import type { GivenLoss } from '../recipe/task-loss.ts';
import type { LoopStore } from './store.ts';
import type { LoopTrial } from './trial.ts';

/** What can be made small. */
export const minimizedCosts = ['bytes', 'latency', 'macs', 'memory', 'parameters', 'non-zeros'] as const;

/** One of them. */
export type MinimizedCost = (typeof minimizedCosts)[number];

/** A model that keeps the goals and is better than those before. */
export interface BestModel {
  readonly trial: LoopTrial;
  /** The files of the model by name, for `loadOptimizedFrom`, or to be written. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What `optimize` works with. */
export interface OptimizeOptions {
  /**
   * `train` to learn from and to calibrate by; `validate`, which the model should not have learned from, for every decision, a
   * third of it to search by and the rest to confirm what is claimed; `test` is looked at once, for the report.
   */
  readonly data: OptimizationData & { readonly validate: Dataset };
  /** What has to be kept: `accuracy>=base-0.5pp`, `bytes<=100kB` (see `parseGoal`). */
  readonly goals: readonly string[];
  /** What is to become as small as the goals allow. Default: bytes; nothing, where goals limit a cost: then it ends once they are kept. */
  readonly minimize?: MinimizedCost;
  /** A recipe whose passes are turned. Default: whatever is known to help. */
  readonly steps?: readonly Step[];
  /** Whether the knobs of the recipe are turned; left as they are, it is carried out and judged as it is. Default: true. */
  readonly turn?: boolean;
  /** All randomness follows from this. Default: 0. */
  readonly seed?: number;
  /** What passes that train teach the model by: one of `lossTypes`, or a function. Default: what it was trained by. */
  readonly loss?: GivenLoss;
  /** How many recipes are tried at most, beside the model as given. Default: 60. */
  readonly maxTrials?: number;
  /** How long trials may take together, as they took when they were made: what is resumed goes on counting. Default: no limit. */
  readonly maxMinutes?: number;
  /** How often a recipe that is not the caller's goes through the training examples. Default: 10. */
  readonly epochs?: number;
  /** How latencies are compared. */
  readonly latency?: ComparisonOptions;
  /** Where what was found is kept, to go on from after an interruption. Default: in memory. */
  readonly store?: LoopStore;
  /** Told of each recipe that was tried, in order; those of an interrupted run again. */
  readonly onTrial?: (trial: LoopTrial) => void | Promise<void>;
  /** Told of each model that keeps the goals and is better than those before. */
  readonly onBest?: (best: BestModel) => void | Promise<void>;
  readonly onProgress?: (progress: PassProgress) => void;
  /** Ends the search at once; the best so far is returned, if there is any. */
  readonly signal?: AbortSignalLike;
}

/** What is checked where it is used has `anything` here. */
export const optimizeRules: OptionRules<OptimizeOptions> = {
  data: ruleOf('datasets by what they are for: { train, validate, test }', anObject.holds),
  goals: listOf(aText),
  minimize: oneOf(...minimizedCosts),
  steps: anything(),
  turn: aBoolean,
  seed: anything(),
  loss: anything(),
  maxTrials: aPositiveInteger,
  maxMinutes: ruleOf('a number above 0', (value) => typeof value === 'number' && value > 0),
  epochs: aPositiveInteger,
  latency: ruleOf('options such as { maxMs: 2000 }', anObject.holds),
  store: ruleOf('a store { read, readText, write }, of functions', (value) =>
    hasMethods(value, 'read', 'readText', 'write'),
  ),
  onTrial: callback(),
  onBest: callback(),
  onProgress: callback(),
  signal: aSignal,
};
