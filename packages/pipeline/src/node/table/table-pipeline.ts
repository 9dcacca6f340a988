/** What is done with a table where nobody says more than its target: the pipeline of `espalier run --target`. */
import { choice } from '@espalier/search';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { openTable, type TableUse } from './open-table.ts';

/** What may be told of the run of a table. */
export interface TableRun extends TableUse {
  /** How many candidates are tried. */
  readonly trials: number;
}

/** Rows of a batch. */
const batch = 32;

/** So many steps a training takes about, whatever the number of rows, */
const usualSteps = 1500;

/** but goes through them at least and at most so often. */
const [leastEpochs, mostEpochs] = [10, 60];

/** Candidates: perceptrons small enough for a minute on one core, and wide enough to be made smaller. */
const candidatesOf = (rowsOfBatch: number) => ({
  architecture: {
    mlp: {
      layers: choice([1, 2]),
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

/** What the smaller model has to keep, by what the target is. */
const goalOf = { classes: 'accuracy>=base-0.5pp', labels: 'loss<=base*1.02', numbers: 'loss<=base*1.02' } as const;

/** What a pipeline for a table is made of. */
export interface TablePlan {
  /** The name of the source, and the rows that it is of. */
  readonly source: string;
  readonly use: TableUse;
  readonly as: keyof typeof goalOf;
  readonly trials: number;
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
  const { source, use, as, trials, rows, validation, epochs } = plan;
  const search = {
    strategy: 'random',
    trials,
    population: 1,
    images: rows,
    epochs: plan.searchEpochs,
    space: candidatesOf(plan.batch),
  };
  const goals = [goalOf[as]];
  return {
    name: [use.target].flat().join(', '),
    seed: use.seed,
    task: as === 'classes' ? 'classification' : 'regression',
    data: { source: { source, options: use }, validation },
    stages: [
      { stage: 'search', options: search },
      { stage: 'train' },
      { stage: 'compress' },
      { stage: 'measure' },
      { stage: 'judge' },
      { stage: 'report' },
    ],
    rows: [
      { name: 'model', type: 'train', options: { epochs, heldOut: validation } },
      { name: 'small', type: 'goals', from: 'model', options: { goals, trials: 10 } },
    ],
  };
}

/**
 * The pipeline for a table that memory holds.
 * @throws {DataError | FormatError | UsageError} as `openTable` does, before anything is begun.
 */
export async function tablePipeline({ trials, ...use }: TableRun): Promise<Pipeline> {
  const { train, validate, target } = await openTable(use);
  const { rows } = train;
  const epochs = Math.min(mostEpochs, Math.max(leastEpochs, Math.round((usualSteps * batch) / rows)));
  const sizes = { rows, validation: validate.rows, searchEpochs: epochs, epochs, batch };
  return pipelineOf({ source: 'table', use, as: target.as, trials, ...sizes });
}
