import type { LatencyRatio } from '@espalier/optimize';
import type { Candidate } from '../recipe/candidate.ts';

/** The models of a run, in the order they are made and shown. */
export const rowNames = ['searched', 'random-mask', 'pruned', 'int8', 'student'] as const;

/** The name of a row. */
export type RowName = (typeof rowNames)[number];

/** How good a model is, and what it costs. */
export interface ModelFigures {
  /** The part of the test images whose class it gets right. */
  readonly accuracy: number;
  /** The mean over the classes of F1 on the test images. */
  readonly macroF1: number;
  readonly parameters: number;
  readonly nonZeros: number;
  /** Of the saved weights, on disk. */
  readonly bytes: number;
  /** Multiply-accumulates for one image. */
  readonly macs: number;
}

/** One model of a run. */
export interface ReportRow extends ModelFigures {
  readonly name: RowName;
  /** Where it was saved, relative to the report. */
  readonly folder: string;
  /** What was done to it after the search, a sentence for each pass, as `optimization.json` has it. */
  readonly passes: readonly string[];
  /** Milliseconds for one image, measured on the device of the run. */
  readonly latencyMs: number;
  /** Against the latency of the searched model, both measured in turns; absent for that model. */
  readonly latencyRatio?: LatencyRatio;
}

/** A trial of the search. */
export interface ReportTrial {
  readonly number: number;
  /** On the held-out part of the training images; null when the trial failed. */
  readonly accuracy: number | null;
  /** How the strategy came to it. */
  readonly operator: string;
  readonly config: unknown;
}

/** A point of a learning curve. */
export interface CurvePoint {
  /** Epochs done, fractions included. */
  readonly epoch: number;
  /** The mean loss since the point before. */
  readonly loss: number;
}

/** Everything a run has to say; `report.json` holds exactly this. */
export interface RunReport {
  readonly format: 'espalier-report';
  readonly version: 1;
  readonly name: string;
  readonly seed: number;
  /** The kind of device: `cpu`, `webgpu`, `reference`. */
  readonly device: string;
  /** What hardware or engine that is. */
  readonly deviceDescription: string;
  readonly rows: readonly ReportRow[];
  readonly images: { readonly train: number; readonly test: number; readonly validation: number };
  readonly search: {
    readonly strategy: string;
    readonly trials: readonly ReportTrial[];
    /** The number of the winning trial. */
    readonly best: number;
    /** Why the search ended. */
    readonly stopped: string;
  };
  readonly winner: Candidate;
  /** By row, the loss during training; a row that was not trained has none. */
  readonly curves: Readonly<Partial<Record<RowName, readonly CurvePoint[]>>>;
  /** Test images of the searched model: rows are the true classes, columns the predicted ones. */
  readonly confusion: readonly (readonly number[])[];
  /** Seconds that each stage took. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, string>>;
}
