/** What a run has to say, as data: JSON first, and whatever is shown is made from it. */
import type { LatencyRatio, ParameterCost } from '@espalier/optimize';
import type { KernelChoice } from '@espalier/tensor';
import type { Candidate } from '../candidate/candidate.ts';

/** What a model costs. */
export interface ModelCost {
  readonly parameters: number;
  readonly nonZeros: number;
  /** Of the saved weights, on disk. */
  readonly bytes: number;
  /** Multiply-accumulates for one example. */
  readonly macs: number;
}

/** How good a model is that tells classes apart. */
export interface ClassMetrics {
  /** The part of the test examples whose class it gets right. */
  readonly accuracy: number;
  /** The mean over the classes of F1 on the test examples. */
  readonly macroF1: number;
}

/** How good a model is, and what it costs. */
export type ModelFigures = ClassMetrics & ModelCost;

/** What the products of a weight that is stored in a format run on, for one example, and why. */
export interface WeightKernel extends Pick<ParameterCost, 'name' | 'shape' | 'layout' | 'format'>, KernelChoice {}

/** One model of a run, as it is whatever its task. */
interface Row extends ModelCost {
  readonly name: string;
  /** Where it was saved, relative to the report. */
  readonly folder: string;
  /** What was done to it after the search, a sentence for each pass, as `optimization.json` has it. */
  readonly passes: readonly string[];
  /** Of each weight that is stored in a format; absent in reports that are older than such weights. */
  readonly kernels?: readonly WeightKernel[];
  /** Milliseconds for one example, measured on the device of the run. */
  readonly latencyMs: number;
  /** Against the latency of the first model, both measured in turns; absent for that model. */
  readonly latencyRatio?: LatencyRatio;
}

/** One model of a run: its cost, and beside it the metrics of its task by their names. */
export type ReportRow<Metrics = ClassMetrics> = Row & Metrics;

/** A trial of the search: its score under the name that the task gives it; null when the trial failed. */
export type ReportTrial<Score extends string = 'accuracy'> = {
  readonly number: number;
  /** How the strategy came to it. */
  readonly operator: string;
  readonly config: unknown;
  /** Where it was judged by folds: its score on each, of which the score is the mean. */
  readonly folds?: readonly number[];
  /** The standard deviation of those scores: the root of their mean squared distance from the mean. */
  readonly sd?: number;
} & { readonly [Name in Score]: number | null };

/** A point of a learning curve. */
export interface CurvePoint {
  /** Epochs done, fractions included. */
  readonly epoch: number;
  /** The mean loss since the point before. */
  readonly loss: number;
}

/** By row, the loss during training; a row that was not trained has none. */
export type Curves = Readonly<Record<string, readonly CurvePoint[]>>;

/** A search as a report tells it. */
export interface ReportSearch<Score extends string = 'accuracy'> {
  readonly strategy: string;
  readonly trials: readonly ReportTrial<Score>[];
  /** The number of the winning trial. */
  readonly best: number;
  /** Why the search ended. */
  readonly stopped: string;
}

/** What every report says; beside it stand the details of its task, for the first model. */
export interface Report<Metrics = Readonly<Record<string, number>>, Score extends string = string> {
  readonly format: 'espalier-report';
  readonly version: 2;
  readonly name: string;
  /** What the models learnt; absent for classification in reports that are older than tasks. */
  readonly task?: string;
  readonly seed: number;
  /** The kind of device: `cpu`, `webgpu`, `reference`. */
  readonly device: string;
  /** What hardware or engine that is. */
  readonly deviceDescription: string;
  readonly rows: readonly ReportRow<Metrics>[];
  /** How many there are of each part; `images` in reports of version 1, whatever they were. */
  readonly examples: { readonly train: number; readonly test: number; readonly validation: number };
  /** How much each class counted in the training of the first model, by name; absent where they counted alike. */
  readonly classWeights?: Readonly<Record<string, number>>;
  /** Absent where nothing was searched. */
  readonly search?: ReportSearch<Score>;
  readonly winner?: Candidate;
  readonly curves: Curves;
  /** Seconds that each stage took. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** The report of a search for models that tell classes apart: that of the built-in recipe. */
export interface RunReport extends Report<ClassMetrics, 'accuracy'> {
  readonly search: ReportSearch;
  readonly winner: Candidate;
  /** Test examples of the searched model: rows are the true classes, columns the predicted ones. */
  readonly confusion: readonly (readonly number[])[];
}
