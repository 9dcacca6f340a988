/** What every pass is: something that plans, applies and finalizes a change of a model. */
import type { AbortSignalLike, Dataset, Json, LossFunction, Module, Tap } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import type { KnobRange } from '../budget/knob.ts';
import type { OptimizationData } from './data.ts';
import type { GivenLoss, TaskLoss } from './task-loss.ts';
import type { TrainingConfig, TrainingRecord } from './training-config.ts';

/** What a pass needs besides the model: examples, examples and the loss of the task, or to train. */
export type PassNeed = 'nothing' | 'calibration' | 'gradients' | 'training';

/**
 * What a pass changes. `architecture`: it puts another network in place; `structure`: it makes the network's layers smaller; `layers`: some layers are no more, and others compute what they did; `zeros`: it decides which weights are gone;
 * `weights`: it trains; `numbers`: it decides which numbers weights may take; `shared`: it settles which weights have one number; `format`: it stores them in a form that is not
 * trained. Passes of other packages may have effects of their own: any other word.
 */
export type Effect =
  | 'architecture'
  | 'structure'
  | 'layers'
  | 'zeros'
  | 'weights'
  | 'numbers'
  | 'shared'
  | 'format'
  | (string & Record<never, never>);

/** An order of passes that loses work. */
export interface OrderRule {
  /** The effect of the pass that comes first, or of what was done to the model before. */
  readonly before: Effect;
  /** The effect of the pass that must not come later; `any` for whatever has an effect. */
  readonly after: Effect | 'any';
  /** What would be lost and what to do, as the end of a sentence: `would round them again; do it once`. */
  readonly reason: string;
}

/** A pass as JSON: its type and its options. */
export interface StepConfig {
  readonly type: string;
  readonly [option: string]: Json;
}

/** What passes are given to work with. */
export interface PassContext {
  readonly data: OptimizationData | undefined;
  /** The model that the recipe started with, unchanged. */
  readonly original: Module;
  /** All randomness of a pass follows from this. */
  readonly seed: number;
  /** Once aborted, training ends with its reason. */
  readonly signal?: AbortSignalLike | undefined;
  /** How the stage trains, as its passes say it. */
  readonly train?: TrainingConfig | undefined;
  /** The loss that the stage trains by, as its passes or the caller say it. */
  readonly loss?: GivenLoss | undefined;
  /** Told how far the training is. */
  readonly onProgress?: ((progress: PassProgress) => void) | undefined;
}

/** How far a pass is. */
export interface PassProgress {
  /** The stage: `prune`, `prune+distill`. */
  readonly place: string;
  /** Steps of training done, of how many. */
  readonly step: number;
  readonly steps: number;
  /** The mean loss of the epoch so far. */
  readonly loss: number;
}

/** What a pass asks of the training that its stage has. Parts of passes that run together become one training. */
export interface TrainingPart {
  /** Called once before the training, ahead of all else here; gives the examples to train on, those given or the same with more to load. */
  readonly prepare?: (task: TaskLoss, train: Dataset) => Promise<Dataset>;
  /** What takes the place of the task's loss; only for a pass with `checkLoss`. */
  readonly loss?: (task: TaskLoss) => LossFunction;
  /** See what goes in and out of modules of the model in steps, which are recorded, before the loss is called. */
  readonly taps?: readonly Tap[];
  /** Modules that are trained with the model and then thrown away, by names that no other has. */
  readonly companions?: ReadonlyMap<string, Module>;
  /** Called before each step of the training, counted from 0, with the learning rate of the step. */
  readonly beforeStep?: (step: number, steps: number, learningRate: number) => Promise<void> | void;
  /** As that of `fit` of `@espalier/nn`: sees the gradients of each step, by the raw tensors of their parameters. */
  readonly onGradients?: (gradients: ReadonlyMap<Tensor, Tensor>) => void;
  /** Epochs of the training that took place before: it is shorter by those, and the learning rate goes on behind them. */
  readonly epochsBefore?: number;
}

/** A pass that has changed the model for the time of its stage. */
export interface AppliedPass {
  /** The model from here on: the one given, or another. */
  readonly model: Module;
  readonly training?: TrainingPart;
  /** Makes the change final, after the training if there was one, and says what came of it. */
  readonly finalize: (training: TrainingRecord | undefined) => Promise<PassRecord>;
}

/** What a pass did. */
export interface PassRecord {
  readonly config: StepConfig;
  /** One sentence. */
  readonly summary: string;
  /** Figures of each parameter or layer, by name. */
  readonly details: Json;
  /** The training that it asked for, or shared. */
  readonly training?: TrainingRecord;
}

/** What a pass is going to do with one model. */
export interface PassPlan {
  /** One sentence. */
  readonly summary: string;
  readonly apply: () => Promise<AppliedPass>;
}

/** The option of a pass that a budget loop may turn. Larger values save more and cost more quality. */
export interface PassKnob {
  /** The option's name: `sparsity`. */
  readonly name: string;
  /** The values that make sense for a model, and leave the passes that come later something to do; it starts at the one that was asked for. */
  readonly range: (model: Module, later: readonly Pass[]) => Promise<KnobRange>;
  /** The same pass at another value. */
  readonly at: (value: number) => Pass;
}

/** One thing of a pass that a search may turn. */
export type Dimension =
  /** Larger values save more and cost more quality. */
  | ({ readonly kind: 'number'; readonly log?: boolean } & KnobRange)
  /** The first is tried first. */
  | { readonly kind: 'choice'; readonly values: readonly Json[] };

/** The options of a pass that a search may turn, all at once. */
export interface PassSpace {
  /** By the names of options: the values that make sense for a model, and leave the passes that come later something to do. */
  readonly dimensions: (model: Module, later: readonly Pass[]) => Promise<Readonly<Record<string, Dimension>>>;
  /** The same pass at other values; options that are not given stay. */
  readonly at: (values: Readonly<Record<string, Json>>) => Pass;
}

/** A change of a model. It describes itself as JSON, and can be planned for any model without changing it. */
export interface Pass {
  readonly config: StepConfig;
  readonly needs: PassNeed;
  readonly effects: readonly Effect[];
  /** Models that it works with and its config does not name: the same config with others is another pass. */
  readonly models?: readonly Module[];
  /** What the patterns in `include` and `exclude` of its config are of; those that match nothing are refused before anything is done. Default: parameters. */
  readonly targets?: 'parameters' | 'layers';
  /** Rules of order that this pass brings, for all passes of its recipe. */
  readonly order?: readonly OrderRule[];
  /** How it wants to train; absent for a pass that leaves this to the others of its stage, or to the defaults. */
  readonly train?: TrainingConfig | undefined;
  /**
   * For a pass that makes a loss of its own out of that of the task.
   * @throws {RecipeError} for a task it can make none of.
   */
  readonly checkLoss?: (task: TaskLoss) => void;
  /** Absent where there is nothing to turn. */
  readonly knob?: PassKnob;
  /** Where there is more to turn than one number. Default: the knob. */
  readonly space?: PassSpace;
  /** @throws {RecipeError} when it cannot work on this model. */
  readonly plan: (model: Module, context: PassContext) => Promise<PassPlan>;
}
