/** What is done with a file of tokens where nobody says more than where it is. */
import { cpu } from '@espalier/tensor';
import { checkClassWeights, classNames, type ClassWeights } from '../../data/class-weights.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { dataPipeline } from '../data-pipeline.ts';
import { nameOfPath } from '../name-of-path.ts';
import { candidates, goals } from '../text/text-pipeline.ts';
import { openTokens, type TokensUse } from './open-tokens.ts';

/** What may be told of the run of tokens. */
export interface TokensRun extends TokensUse {
  /** How many candidates are tried. */
  readonly trials: number;
  /** How much each token counts in training, by its number. Default: all alike. */
  readonly classWeights?: ClassWeights | undefined;
}

/**
 * The pipeline for tokens: candidates are tried on a sample of the file, and the winner is trained on examples of all of it.
 * @throws {UsageError | FormatError} as `openTokens` does.
 */
export async function tokensPipeline({ trials, classWeights, ...use }: TokensRun): Promise<Pipeline> {
  const { sample, validate, vocabulary, close } = await openTokens(use, cpu());
  await close();
  checkClassWeights(classWeights, classNames({ classes: vocabulary }));
  const validation = Math.floor((validate.length - 1) / use.context);
  return dataPipeline({
    name: nameOfPath(use.file),
    seed: use.seed,
    task: 'next-token',
    source: { source: 'tokens', options: use },
    validation,
    classWeights,
    search: { trials, images: sample.size, epochs: 1, space: candidates },
    model: { epochs: 1, heldOut: validation },
    small: { goals, trials: 4, epochs: 1 },
  });
}
