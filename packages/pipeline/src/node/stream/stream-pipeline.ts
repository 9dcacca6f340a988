/** What is done with a table that is larger than memory: candidates are tried on a sample, and the winner sees every row. */
import { cpu } from '@espalier/tensor';
import { checkClassWeights, type ClassWeights } from '../../data/class-weights.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { pipelineOf } from '../table/table-pipeline.ts';
import { openStreamedTable, type StreamedTableUse } from './open-stream.ts';

/** What may be told of the run of a table that is streamed. */
export interface StreamedTableRun extends StreamedTableUse {
  /** How many candidates are tried. */
  readonly trials: number;
  /** How much each class counts in training. Default: all alike. */
  readonly classWeights?: ClassWeights | undefined;
}

/** How often candidates go through the sample. */
const searchEpochs = 5;

/** Rows of a batch: many rows, of which each is met once. */
const batch = 256;

/**
 * The pipeline for a table that is streamed. The table is indexed and gone through once, unless that is kept.
 * @throws {DataError | FormatError | UsageError} as `openStreamedTable` does.
 */
export async function streamedTablePipeline({ trials, classWeights, ...use }: StreamedTableRun): Promise<Pipeline> {
  const { held, target, preparation, close } = await openStreamedTable(use, cpu());
  const [rows, validation] = [held.sample.dataset.size, held.validate.dataset.size];
  await close();
  checkClassWeights(classWeights, target.as === 'classes' ? target.classes : undefined);
  const sizes = { rows, validation, searchEpochs, epochs: 1, batch };
  const features = preparation.features.length;
  return pipelineOf({ source: 'streamed-table', use, as: target.as, features, trials, classWeights, ...sizes });
}
