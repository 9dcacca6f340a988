/** `espalier run --data FOLDER`: from pictures by class to a small model that tells them apart, without a recipe. */
import { leastSide, mostSide } from '@espalier/data/node';
import { picturePipeline } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { defaultSeed } from '../cli/options.ts';
import type { RecipeOptions } from './recipe-options.ts';
import { runData } from './run-data.ts';
import { weightsOf } from './class-weights.ts';
import type { TableOptions } from './table-options.ts';

/** What is said of the run of pictures. */
export interface PictureRunOptions extends RecipeOptions, TableOptions {
  /** Pixels of a side. */
  readonly size?: number;
}

/** Candidates that are tried, if nobody says how many. */
const usualTrials = 6;

/**
 * A side that pictures can be made to have.
 * @throws {UsageError} for another.
 */
export function checkSide(size: number | undefined): void {
  if (size === undefined || (size >= leastSide && size <= mostSide)) return;
  throw new UsageError(
    `--size ${size}: pictures are made to have ${leastSide} to ${mostSide} pixels a side: give one of these`,
  );
}

/**
 * Searches, trains, makes smaller and judges a model of pictures by class, in a folder that is complete or not there.
 * @throws {UsageError} for options that do not go together, before anything is begun.
 * @throws {DataError | FormatError} naming the picture that cannot be learnt from.
 */
export async function runPictures(session: Session, path: string, options: PictureRunOptions): Promise<void> {
  const { strategy, size, seed = defaultSeed, trials = usualTrials } = options;
  const foreign = (['target', 'column', 'group', 'time'] as const).find((name) => options[name] !== undefined);
  if (foreign !== undefined)
    throw new UsageError(`--${foreign}: it is of a table, and classes of pictures are folders: leave it out`);
  if (strategy !== undefined)
    throw new UsageError('--strategy: the candidates for pictures are few and drawn at random: leave it out');
  checkSide(size);
  const { pipeline, classes } = await picturePipeline({
    path,
    seed,
    trials,
    classWeights: weightsOf(options),
    folds: options.folds,
    ...(size !== undefined && { size }),
  });
  await runData(session, { path, pipeline, options, examples: 'pictures', ask: '--data FOLDER', classes });
}
