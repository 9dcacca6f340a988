/** `espalier run --data FILE.txt`: from texts to a small model that continues them, without a recipe. */
import { textPipeline } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { defaultSeed } from '../cli/options.ts';
import type { RecipeOptions } from './recipe-options.ts';
import { runData } from './run-data.ts';
import { weightsOf } from './class-weights.ts';

/** What is said of the run of texts. */
export interface TextRunOptions extends RecipeOptions {
  readonly size?: number;
}

/** Candidates that are tried, if nobody says how many. */
const usualTrials = 4;

/**
 * Searches, trains, makes smaller and judges a model that tells the next token of texts, in a folder that is complete or not there.
 * @throws {UsageError} for options that do not go together and for a text that is too short, before anything is begun.
 * @throws {DataError | FormatError} with file and offset, for a text that cannot be read.
 */
export async function runText(session: Session, path: string, options: TextRunOptions): Promise<void> {
  const { size, strategy, seed = defaultSeed, trials = usualTrials } = options;
  if (size !== undefined) throw new UsageError('--size: it is of pictures: leave it out');
  if (strategy !== undefined)
    throw new UsageError('--strategy: the candidates for texts are few and drawn at random: leave it out');
  const pipeline = await textPipeline({ path, seed, trials, classWeights: weightsOf(options) });
  await runData(session, { path, pipeline, options, examples: 'sequences', ask: "--prompt 'Once upon'" });
}
