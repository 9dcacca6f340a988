/** A pipeline as data: which stages run, on which data, and which models they make. */
import type { ClassWeights } from '../data/class-weights.ts';
import type { SourceUse } from '../data/source.ts';

/** A stage of a pipeline: the name of one that is registered, and its options. */
export interface StageUse {
  readonly stage: string;
  readonly options?: object;
}

/** A row of the report: a model, how it is made, and from which. */
export interface RowUse {
  /** What the report calls it, and its folder: letters, digits, - and _. */
  readonly name: string;
  /** The name of a registered way to make a model. */
  readonly type: string;
  /** The earlier row whose model it is made from; without one it is made from data. */
  readonly from?: string;
  readonly options?: object;
}

/** Everything a run does, as JSON. */
export interface Pipeline {
  readonly name: string;
  /** All randomness follows from this. */
  readonly seed: number;
  /** The name of the task. Default: classification. */
  readonly task?: string;
  readonly data: {
    readonly source: SourceUse;
    /** Training examples held out for decisions: none is made by test examples. */
    readonly validation: number;
    /** How much each class counts in training. Default: all alike. */
    readonly classWeights?: ClassWeights;
  };
  /** In the order that they run in. */
  readonly stages: readonly StageUse[];
  /** In the order that they are shown in. */
  readonly rows: readonly RowUse[];
}
