/** How good models are on data of one kind, in the unit of that data, and what they say of more of it. */
import type { Json, Module } from '@espalier/nn';
import type { Device } from '@espalier/tensor';

/** What holds the true value in 95 of 100 cases. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How good a model, or a baseline, is on the test part of some data, in the unit of that data. */
export interface Judgement {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of the file of its weights; absent for a baseline. */
  readonly weightBytes?: number;
  /** By how many test examples; absent where those were all. */
  readonly examples?: number;
  /** By metric; a baseline has none. */
  readonly intervals: Readonly<Record<string, Interval>>;
  /** Where numbers are learnt: what is true of some examples and what the model said, of each output. */
  readonly points?: readonly Points[];
}

/** True numbers of one output, and beside them what a model said. */
export interface Points {
  readonly name: string;
  readonly actual: readonly number[];
  readonly predicted: readonly number[];
}

/** Judges models by examples that nothing was learnt from. */
export interface Judge {
  /** How many examples there are. */
  readonly examples: number;
  /** Whether the test part has more. Default: false. */
  readonly isPart?: boolean;
  readonly judge: (model: Module) => Promise<Pick<Judgement, 'metrics' | 'intervals' | 'points'>>;
  /** What is reached without a network. */
  readonly baselines: readonly Judgement[];
}

/** A column of predictions, a value for each row. */
export interface PredictedColumn {
  readonly name: string;
  readonly values: readonly (string | number)[];
}

/** A saved model that is to be gone on with, and data for it. */
export interface Again extends Pick<Question, 'preparation' | 'from' | 'path'> {
  /** Of the parts, where the model does not say how its data was parted. */
  readonly seed: number;
}

/** A saved model, and data that it is asked about. */
export interface Question {
  readonly model: Module;
  /** What was saved with it of how its data was prepared. */
  readonly preparation: Json;
  /** The folder of the model, for errors. */
  readonly from: string;
  /** A file or folder of the kind that the model was made of. */
  readonly path: string;
  readonly device: Device;
}
