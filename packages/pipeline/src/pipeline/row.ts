/** A way to make the model of a row. */
import type { Candidate } from '../candidate/candidate.ts';
import type { Fields } from '../fields.ts';
import type { ProgressListener } from '../jobs/job.ts';
import type { Lesson } from '../data/source.ts';
import type { Runner } from '../jobs/runner.ts';
import type { CurvePoint } from '../report/report.ts';
import type { Pipeline } from './pipeline.ts';

/** What a row's model is made with. */
export interface RowContext<Options extends object = object> {
  readonly pipeline: Pipeline;
  readonly options: Options;
  /** What is learnt, and from what: a part of what jobs take. */
  readonly lesson: Lesson;
  /** The folder of the model that it is made from; empty for one that is made from data. */
  readonly from: string;
  /** The folder that it is saved into. */
  readonly folder: string;
  /**
   * What a search found.
   * @throws {UsageError} in a pipeline that has found nothing.
   */
  readonly winner: Candidate;
  readonly runner: Runner;
  /** Whether this goes on with what the folder holds. */
  readonly resume: boolean;
  readonly onProgress: ProgressListener;
}

/** A way to make a model and save it. */
export interface RowType<Options extends object = object> {
  readonly name: string;
  /** What its options may be. */
  readonly options: Fields;
  /** Whether it is made from the model of an earlier row, or from data. */
  readonly from: 'row' | 'data';
  /** How much work it is, in epochs of training. */
  readonly weight: (options: Options) => number;
  /** Makes and saves the model; gives its learning curve, empty where nothing was trained. */
  readonly make: (context: RowContext<Options>) => Promise<readonly CurvePoint[]>;
}
