/** `espalier run --data FILE --target COLUMN`: from a table to a small model of one of its columns, without a recipe. */
import { isLarger, streamedTablePipeline, tablePipeline, usualMemory } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { defaultSeed } from '../cli/options.ts';
import type { RecipeOptions } from './recipe-options.ts';
import { runData } from './run-data.ts';
import { weightsOf } from './class-weights.ts';
import { tableUse, withColumnRemedies, type TableOptions } from './table-options.ts';

/** What is said of the run of a table. */
export interface TableRunOptions extends RecipeOptions, TableOptions {
  /** Bytes that the run may take. */
  readonly memory?: number;
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;

/** Candidates that are tried, if nobody says how many. */
const usualTrials = 10;

/**
 * Searches, trains, makes smaller and judges a model of a column of a table, in a folder that is complete or not there.
 * @throws {UsageError} for options that do not go together, before anything is begun.
 * @throws {DataError | FormatError} naming row and column, for a table that cannot be learnt from.
 */
export async function runTable(session: Session, file: string, options: TableRunOptions): Promise<void> {
  const { target, strategy, seed = defaultSeed, trials = usualTrials } = options;
  if (target === undefined)
    throw new UsageError(
      `${file}: of a table one column is learnt: name it by --target; espalier data ${file} shows them`,
    );
  if (strategy !== undefined)
    throw new UsageError('--strategy: the candidates of a table are few and drawn at random: leave it out');
  const use = await tableUse(file, options);
  const classWeights = weightsOf(options);
  const { folds } = options;
  const memory = options.memory ?? usualMemory();
  const isStreamed = isLarger(file, memory);
  const parting = use.group === undefined ? use.time && 'time' : 'group';
  if (isStreamed && parting !== undefined)
    throw new UsageError(
      `--${parting}: rows of a table that is streamed are parted by lot: leave it out, or give so much --memory that the table is held`,
    );
  if (isStreamed && folds !== undefined)
    throw new UsageError(
      '--folds: a table that is streamed is gone through once: leave it out, or give so much --memory that the table is held',
    );
  if (isStreamed)
    session.log(`${file}: as a whole it would take more than ${mebibytes(memory)} of memory; it is streamed`);
  const words = { path: file, options, examples: 'rows', ask: '--data FILE' } as const;
  if (isStreamed) {
    // What is streamed keeps what it finds in the folder of the run; all else is looked at before there is one.
    const pipeline = async (kept: string) =>
      withColumnRemedies(use, () => streamedTablePipeline({ ...use, seed, trials, memory, kept, classWeights }));
    return runData(session, { ...words, pipeline });
  }
  const lesson = await withColumnRemedies(use, () => tablePipeline({ ...use, seed, trials, classWeights, folds }));
  return runData(session, { ...words, ...lesson });
}
