/** `espalier run --data corpus.u16 --context 128`: from a file of tokens to a small model that tells the next one, without a recipe. */
import { statSync } from 'node:fs';
import { tokensPipeline, tokenTypeOf, usualMemory } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { formatBytes } from '../terminal/format.ts';
import { defaultSeed } from '../cli/options.ts';
import type { RecipeOptions } from './recipe-options.ts';
import { runData } from './run-data.ts';
import { weightsOf } from './class-weights.ts';

/** What is said of the run of tokens. */
export interface TokensRunOptions extends RecipeOptions {
  readonly context?: number;
  readonly memory?: number;
  readonly size?: number;
}

/** Candidates that are tried, and tokens that a model sees at once, if nobody says how many. */
const [usualTrials, usualContext] = [3, 128];

/**
 * Searches, trains, makes smaller and judges a model of a file of tokens, which is streamed whatever its size.
 * @param fileIn makes the file in a folder that stays until the run is over; default: the path is one
 * @throws {UsageError} for options that do not go together, and a file that is none of tokens.
 * @throws {FormatError} for a file that changes while it is read.
 */
export async function runTokens(
  session: Session,
  path: string,
  options: TokensRunOptions,
  fileIn: (kept: string) => Promise<string> = async () => path,
): Promise<void> {
  const { size, strategy, seed = defaultSeed, trials = usualTrials, context = usualContext } = options;
  if (size !== undefined) throw new UsageError('--size: it is of pictures: leave it out');
  if (strategy !== undefined)
    throw new UsageError('--strategy: the candidates for tokens are few and drawn at random: leave it out');
  const memory = options.memory ?? usualMemory();
  const pipeline = async (kept: string): ReturnType<typeof tokensPipeline> => {
    const file = await fileIn(kept);
    return tokensPipeline({ file, seed, context, memory, kept, trials, classWeights: weightsOf(options) });
  };
  await runData(session, { path, pipeline, options, examples: 'sequences', ask: '--data FILE' });
}

/** Shows what is known of a file of tokens by its name and size. */
export function showTokens(session: Session, file: string): Promise<void> {
  const { size: bytes } = statSync(file);
  const type = tokenTypeOf(file) ?? 'u16';
  const tokens = bytes / (Number(type.slice(1)) / 8);
  const result = { kind: 'tokens', file, bytes, type, tokens };
  session.result(result, () => `${file}: ${tokens} tokens of ${type}, ${formatBytes(bytes)}`);
  return Promise.resolve();
}
