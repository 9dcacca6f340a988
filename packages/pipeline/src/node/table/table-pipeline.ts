/** What is done with a table where nobody says more than its target: the pipeline of `espalier run --target`. */
import { choice } from '@espalier/search';
import { checkClassWeights, type ClassWeights } from '../../data/class-weights.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { dataPipeline, epochsFor } from '../data-pipeline.ts';
import { openTable, type TableUse } from './open-table.ts';

/** What may be told of the run of a table. */
export interface TableRun extends TableUse {
  /** How many candidates are tried. */
  readonly trials: number;
  /** How much each class counts in training. Default: all alike. */
  readonly classWeights?: ClassWeights | undefined;
  /** Candidates are judged by their mean over so many folds. Default: by the rows to choose by. */
  readonly folds?: number | undefined;
}

/** Rows of a batch. */
const batch = 32;

/** How long a training is. */
const usualLength = { steps: 1500, batch, least: 10, most: 60 };

/** So many steps of batches of so many rows a smaller model is trained about, where it is trained, */
const [smallerSteps, smallerBatch] = [600, 128];

/** but goes through its rows at most so often. */
const mostSmallerEpochs = 200;

/** Rows of fewer numbers make a single layer mostly of what takes the same bytes however weights are rounded: biases and scales. */
const fewFeatures = 16;

/** Candidates: perceptrons small enough for a minute on one core, and of weights enough to be made smaller. */
const candidatesOf = (features: number, rowsOfBatch: number) => ({
  architecture: {
    mlp: {
      layers: choice(features < fewFeatures ? [2] : [1, 2]),
      width: choice([64, 128, 256]),
      activation: choice(['relu', 'silu']),
      dropout: choice([0.2, 0.5]),
    },
  },
  initialiser: choice(['kaiming-normal']),
  training: {
    optimizer: {
      adamw: {
        lr: choice([1e-3, 3e-3]),
        weightDecay: choice([0.1, 1]),
      },
    },
    schedule: choice(['cosine']),
    batch: choice([rowsOfBatch]),
  },
});

/** The tasks of a pipeline, by what the target is. */
export const taskNames = { classes: 'classification', labels: 'labels', numbers: 'regression' } as const;

/** What the smaller model has to keep, by what the target is. Of standardized numbers the loss is 1 - R², about. */
const goalOf = { classes: 'accuracy>=base-0.5pp', labels: 'loss<=base+0.01', numbers: 'loss<=base+0.01' } as const;

/** A name of letters, digits, - and _ that reads like the columns. */
function nameOf(columns: readonly string[]): string {
  const name = columns.map((column) => column.replaceAll(/[^\w-]+/gu, '-').replaceAll(/^-|-$/gu, '')).join('_');
  return /\w/u.test(name) ? name.slice(0, 80) : 'table';
}

/** How often a smaller model that is trained goes through so many rows. */
function smallerEpochs(rows: number): number {
  const epochs = Math.round(smallerSteps / Math.ceil(rows / smallerBatch));
  return Math.min(mostSmallerEpochs, Math.max(usualLength.least, epochs));
}

/** What a pipeline for a table is made of. */
export interface TablePlan {
  /** The name of the source, and the rows that it is of. */
  readonly source: string;
  readonly use: TableUse;
  readonly as: keyof typeof goalOf;
  /** Numbers of a row. */
  readonly features: number;
  readonly trials: number;
  readonly classWeights: ClassWeights | undefined;
  readonly folds?: number | undefined;
  /** Rows that candidates learn from, how often, and in batches of how many. */
  readonly rows: number;
  readonly searchEpochs: number;
  readonly batch: number;
  /** Rows that decisions are made by. */
  readonly validation: number;
  /** How often the winner goes through all rows. */
  readonly epochs: number;
}

/** The pipeline for a table: search, train, make smaller, measure, judge, report. */
export function pipelineOf(plan: TablePlan): Pipeline {
  const { source, use, as, trials, rows, validation, epochs, classWeights } = plan;
  return dataPipeline({
    name: nameOf([use.target].flat()),
    seed: use.seed,
    task: taskNames[as],
    source: { source, options: use },
    validation,
    classWeights,
    search: {
      trials,
      images: rows,
      epochs: plan.searchEpochs,
      folds: plan.folds,
      space: candidatesOf(plan.features, plan.batch),
    },
    model: { epochs, heldOut: validation },
    small: { goals: [goalOf[as]], trials: 10, epochs: smallerEpochs(rows) },
  });
}

/** What is done with a table, and what its classes are called, where there are any. */
export interface TableLesson {
  readonly pipeline: Pipeline;
  readonly classes?: readonly string[];
}

/**
 * The pipeline for a table that memory holds.
 * @throws {DataError | FormatError | UsageError} as `openTable` does, before anything is begun.
 */
export async function tablePipeline({ trials, classWeights, folds, ...use }: TableRun): Promise<TableLesson> {
  const { train, validate, preparation, target, folded } = await openTable(use);
  if (folds !== undefined) for (const fold of folded(folds)) fold();
  checkClassWeights(classWeights, target.as === 'classes' ? target.classes : undefined);
  const { rows } = train;
  const epochs = epochsFor(rows, usualLength);
  const sizes = { rows, validation: validate.rows, searchEpochs: epochs, epochs, batch };
  const features = preparation.features.length;
  const pipeline = pipelineOf({ source: 'table', use, as: target.as, features, trials, classWeights, folds, ...sizes });
  return { pipeline, ...(target.as === 'classes' && { classes: target.classes }) };
}
