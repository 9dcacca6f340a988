/** `espalier run --data FILE.txt`: from texts to a small model that continues them, without a recipe. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findTexts } from '@espalier/data/node';
import { openTokenizerAt, tokenizeTexts, typeOfTokens } from '@espalier/language/node';
import { textPipeline } from '@espalier/pipeline/node';
import type { Session } from '../cli/session.ts';
import { UsageError } from '../errors.ts';
import { defaultSeed } from '../cli/options.ts';
import type { RecipeOptions } from './recipe-options.ts';
import { runData } from './run-data.ts';
import { formatBytes, formatCount } from '../terminal/format.ts';
import { weightsOf } from './class-weights.ts';
import { runTokens } from './run-tokens.ts';

/** What is said of the run of texts. */
export interface TextRunOptions extends RecipeOptions {
  readonly size?: number;
  readonly tokenizer?: string;
  readonly context?: number;
  readonly memory?: number;
}

/** Candidates that are tried, if nobody says how many. */
const usualTrials = 4;

/**
 * Searches, trains, makes smaller and judges a model that tells the next token of texts, in a folder that is complete or not there.
 * @throws {UsageError} for options that do not go together and for a text that is too short, before anything is begun.
 * @throws {DataError | FormatError} with file and offset, for a text that cannot be read.
 */
export async function runText(session: Session, path: string, options: TextRunOptions): Promise<void> {
  const { size, strategy, seed = defaultSeed, trials = usualTrials, tokenizer } = options;
  if (tokenizer !== undefined) return runTokenizedText(session, path, { ...options, tokenizer });
  for (const name of ['context', 'memory'] as const)
    if (options[name] !== undefined)
      throw new UsageError(`--${name}: it is of texts that are streamed as tokens: say of which ones by --tokenizer`);
  if (size !== undefined) throw new UsageError('--size: it is of pictures: leave it out');
  if (strategy !== undefined)
    throw new UsageError('--strategy: the candidates for texts are few and drawn at random: leave it out');
  const pipeline = await textPipeline({ path, seed, trials, classWeights: weightsOf(options) });
  await runData(session, { path, pipeline, options, examples: 'sequences', ask: "--prompt 'Once upon'" });
  return undefined;
}

/** The same by the tokens of a model, a part of the texts at a time: they may be larger than memory. */
async function runTokenizedText(
  session: Session,
  path: string,
  options: TextRunOptions & { readonly tokenizer: string },
): Promise<void> {
  const texts = (await findTexts(path)).map((each) => each.path);
  const tokenizer = await openTokenizerAt(options.tokenizer);
  await runTokens(session, path, options, async (kept) => {
    await mkdir(kept, { recursive: true });
    const file = join(kept, `tokens.${typeOfTokens(tokenizer)}`);
    const bar = session.progress.start('tokens', 1);
    const { tokens, textBytes } = await tokenizeTexts(texts, file, tokenizer, {
      signal: session.interrupt,
      onProgress: (done, of, so) => bar.update(done / of, `${formatCount(so)} tokens`),
    });
    bar.finish();
    session.log(`${formatCount(tokens)} tokens of ${formatBytes(textBytes)} of text`);
    return file;
  });
}
