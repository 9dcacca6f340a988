import { compareStage } from './compare-stage.ts';
import type { CompareInput, Comparison } from './compare-stage.ts';
import { distillStage } from './distill-stage.ts';
import type { DistillInput } from './distill-stage.ts';
import type { Job } from './job.ts';
import { measureStage } from './measure-stage.ts';
import type { MeasureInput, Measurement } from './measure-stage.ts';
import { pruneStage } from './prune-stage.ts';
import type { PruneInput } from './prune-stage.ts';
import { quantizeStage } from './quantize-stage.ts';
import type { QuantizeInput } from './quantize-stage.ts';
import { trainStage } from './train-stage.ts';
import type { TrainInput, Trained } from './train-stage.ts';
import { trialStage } from './trial-stage.ts';
import type { TrialInput } from './trial-stage.ts';

/** Every job that a worker thread knows. */
export interface Jobs {
  readonly trial: Job<TrialInput, number>;
  readonly train: Job<TrainInput, Trained>;
  readonly prune: Job<PruneInput, Trained>;
  readonly quantize: Job<QuantizeInput, null>;
  readonly distill: Job<DistillInput, Trained>;
  readonly measure: Job<MeasureInput, Measurement>;
  readonly compare: Job<CompareInput, Comparison>;
}

/** What a job takes. */
export type InputOf<Name extends keyof Jobs> = Parameters<Jobs[Name]>[0];

/** What a job gives. */
export type OutputOf<Name extends keyof Jobs> = Awaited<ReturnType<Jobs[Name]>>;

/** The jobs by name. */
export const jobs: Jobs = {
  trial: trialStage,
  train: trainStage,
  prune: pruneStage,
  quantize: quantizeStage,
  distill: distillStage,
  measure: measureStage,
  compare: compareStage,
};
