/** The jobs that are known from the start: what they take, and what they give. */
import type { Json } from '@espalier/nn';
import type {
  Importance,
  LatencyRatio,
  MinimizedCost,
  OptimizationReport,
  StepJson,
  WeakTeacher,
  WeightFormat,
} from '@espalier/optimize';
import type { Candidate } from '../candidate/candidate.ts';
import type { Judgement, PredictedColumn } from '../data/judgement.ts';
import type { Lesson, SourceUse } from '../data/source.ts';
import type { CurvePoint, ModelCost, WeightKernel } from '../report/report.ts';
import type { Figures } from '../task/task.ts';
import type { Job } from './job.ts';

/** A candidate to try. */
export interface TrialInput extends Lesson {
  readonly candidate: Candidate;
  /** Of the weights and the order of examples: each trial has its own. */
  readonly seed: number;
  /** Of the parts that examples are divided into: all trials of a search have the same. */
  readonly splitSeed: number;
  /** How many training examples to learn from. */
  readonly images: number;
  /** How many other training examples to be judged by. */
  readonly validation: number;
  readonly epochs: number;
}

/** A candidate to try on each of some folds. */
export interface CrossValidateInput extends Omit<TrialInput, 'images' | 'validation'> {
  readonly folds: number;
}

/** A candidate to train on all training examples. */
export interface TrainInput extends Lesson {
  readonly candidate: Candidate;
  readonly seed: number;
  readonly epochs: number;
  /** How many training examples are left for others to decide by. Default: none. */
  readonly heldOut?: number;
  /** Where the model goes, and a checkpoint when training is stopped. */
  readonly folder: string;
  /** Goes on from the checkpoint in the folder, if there is one. */
  readonly resume: boolean;
}

/** How a training went. */
export interface Trained {
  readonly curve: readonly CurvePoint[];
}

/** A saved model to prune. */
export interface PruneInput extends Lesson {
  readonly from: string;
  readonly folder: string;
  readonly method: Importance;
  /** The part of the weights that becomes zero. */
  readonly sparsity: number;
  readonly scope: 'global' | 'local';
  readonly epochs: number;
  readonly lr: number;
  readonly batch: number;
  readonly seed: number;
}

/** A saved model to quantize. */
export interface QuantizeInput {
  readonly from: string;
  readonly folder: string;
  /** A number format, such as `int8`. */
  readonly weights: WeightFormat;
  /** Whether each output channel has a scale of its own, or each tensor. */
  readonly granularity: 'channel' | 'tensor';
}

/** A saved model to learn from. */
export interface DistillInput extends Lesson {
  readonly teacher: string;
  readonly folder: string;
  /** Where the student's architecture, initialiser and batch size come from. */
  readonly candidate: Candidate;
  /** Shrinks the architecture to this part of the teacher's parameters; left out, it is taken as it is. */
  readonly size?: number;
  readonly epochs: number;
  /** How much the teacher's answers are softened, where they are classes. */
  readonly temperature?: number;
  readonly alpha: number;
  readonly lr: number;
  readonly seed: number;
  /** What becomes of a teacher that is worse than its student before training. Default: it is not listened to, with a notice. */
  readonly weakTeacher?: WeakTeacher;
}

/** A saved model, and a recipe of passes as JSON to carry out on it. */
export interface OptimizeInput extends Lesson {
  readonly from: string;
  readonly folder: string;
  readonly steps: readonly StepJson[];
  readonly seed: number;
}

/** A saved model, and goals that a smaller or faster one is looked for by. */
export interface ReachGoalsInput extends Lesson {
  readonly from: string;
  /** Where the search works, goes on where it was interrupted, and leaves the model. */
  readonly folder: string;
  /** As `parseGoal` of `@espalier/optimize` reads them: `accuracy>=base-0.2pp`. */
  readonly goals: readonly string[];
  readonly minimize?: MinimizedCost;
  /** A recipe to turn. Left out, whatever is known to help is tried. */
  readonly steps?: readonly StepJson[];
  /** Whether its knobs are turned. Default: true. */
  readonly turn?: boolean;
  readonly seed: number;
  /** How many recipes are tried at most. */
  readonly trials?: number;
  readonly minutes?: number;
  /** How often a recipe goes through the examples. */
  readonly epochs?: number;
  /** How many of the training examples decisions are made by. Default: a sixth. */
  readonly heldOut?: number;
  /**
   * Where there are too few examples to be sure of any goal: takes the smallest model that keeps them as far as those examples show,
   * among those that no training changed. Default: the model as given stays.
   */
  readonly settle?: boolean;
}

/** What came of a search by goals. */
export interface ReachedGoals extends OptimizationReport {
  /** The trial whose recipe was taken though nothing is sure. Absent where it was not needed, or there is none. */
  readonly settled?: number;
}

/** A saved model to measure. */
export interface MeasureInput extends Lesson {
  readonly folder: string;
  /** Whether its latency is measured: not where it is going to be compared, since that is done in turns. */
  readonly latency: boolean;
}

/** How good a saved model is on the test examples, and what it costs. */
export interface Measured extends Figures, ModelCost {
  /** Test examples. */
  readonly images: number;
  /** What was done to it after its first training, a sentence for each pass. */
  readonly passes: readonly string[];
  /** Of each weight that is stored in a format. */
  readonly kernels: readonly WeightKernel[];
  /** Milliseconds for one example, if that was to be measured. */
  readonly latencyMs?: number;
  /** How many there are to train on. */
  readonly trainImages: number;
  /** How much each class counted in its training, by name, where they did not count alike. */
  readonly classWeights?: Readonly<Record<string, number>>;
}

/** Saved models whose latency is compared with that of another. */
export interface CompareInput {
  readonly source: SourceUse;
  /** The folder of the model that the others are compared with. */
  readonly baseline: string;
  readonly folders: readonly string[];
}

/** How long a model takes for one example, and which part that is of what the baseline takes. */
export interface ComparedLatency {
  readonly latencyMs: number;
  readonly latencyRatio: LatencyRatio;
}

/** What a comparison came to. */
export interface Comparison {
  readonly baselineMs: number;
  /** In the order of the folders. */
  readonly models: readonly ComparedLatency[];
}

/** The data of a run, and saved models of it. */
export interface JudgeInput {
  readonly source: SourceUse;
  readonly folders: readonly string[];
}

/** A saved model, and data that it is asked about. */
export interface AskInput {
  /** The folder of a model that was made of such data. */
  readonly from: string;
  /** A file or folder. */
  readonly path: string;
  /** How it becomes examples, where the model says nothing of that. Default: as the model says. */
  readonly preparation?: Json;
}

/** Data that a saved model says something of, and where that goes. */
export interface PredictInput extends AskInput {
  /** A new file, and the ending that says its form. Default: predictions are given back. */
  readonly output?: { readonly path: string; readonly ending: string };
}

/** What a model says of examples. */
export interface Predicted {
  readonly examples: number;
  /** Absent where they were written. */
  readonly columns?: readonly PredictedColumn[];
}

/** How good a saved model is on data that it was asked about. */
export interface Assessed {
  readonly judgement: Judgement;
  readonly baselines: readonly Judgement[];
  /** How many examples there were. */
  readonly examples: number;
}

/** A saved model of texts, and the beginning of a text that it is to go on with. */
export interface ContinueInput {
  readonly from: string;
  readonly prompt: string;
  /** How many tokens are added. */
  readonly length: number;
  /** 0 takes the likeliest token each time; 1 draws as the model says. */
  readonly temperature: number;
  readonly seed: number;
}

/** The jobs by name. */
export interface Jobs {
  readonly trial: Job<TrialInput, number>;
  /** The score on each fold. */
  readonly crossValidate: Job<CrossValidateInput, readonly number[]>;
  readonly train: Job<TrainInput, Trained>;
  readonly prune: Job<PruneInput, Trained>;
  readonly quantize: Job<QuantizeInput, null>;
  readonly distill: Job<DistillInput, Trained>;
  readonly optimize: Job<OptimizeInput, Trained>;
  readonly reachGoals: Job<ReachGoalsInput, ReachedGoals>;
  readonly measure: Job<MeasureInput, Measured>;
  readonly compare: Job<CompareInput, Comparison>;
  readonly judge: Job<JudgeInput, readonly Judgement[]>;
  readonly predict: Job<PredictInput, Predicted>;
  readonly continueText: Job<ContinueInput, string>;
  readonly assess: Job<AskInput, Assessed>;
}

/** What a job takes. */
export type InputOf<Name extends keyof Jobs> = Parameters<Jobs[Name]>[0];

/** What a job gives. */
export type OutputOf<Name extends keyof Jobs> = Awaited<ReturnType<Jobs[Name]>>;
