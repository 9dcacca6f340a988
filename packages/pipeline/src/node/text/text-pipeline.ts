/** What is done with texts where nobody says more than where they are: the pipeline of `espalier run --data`. */
import { choice } from '@espalier/search';
import type { SpaceRecipe } from '../../candidate/search-space.ts';
import { checkClassWeights, type ClassWeights } from '../../data/class-weights.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { dataPipeline, epochsFor } from '../data-pipeline.ts';
import { nameOfPath } from '../name-of-path.ts';
import { openText, tokenNames, type TextUse } from './open-text.ts';

/** What may be told of the run of texts. */
export interface TextRun extends TextUse {
  /** How many candidates are tried. */
  readonly trials: number;
  /** How much each token counts in training, by its text. Default: all alike. */
  readonly classWeights?: ClassWeights | undefined;
}

/** Sequences of a batch. */
const batch = 16;

/** How long a training is: a small text that is seen too often is learnt by heart. */
const usualLength = { steps: 500, batch, least: 1, most: 16 };

/** The parts of the training sequences that candidates are compared by, and that the smaller model is chosen by. */
const [validationShare, heldOutShare] = [0.15, 0.1];

/** What the smaller model has to keep. */
export const goals: readonly string[] = ['loss<=base*1.02'];

/** Candidates: transformers small enough for a minute on one core. */
export const candidates: SpaceRecipe = {
  architecture: {
    transformer: {
      width: choice([32, 64]),
      depth: choice([1, 2]),
      heads: choice([2, 4]),
      dropout: choice([0.1, 0.2]),
    },
  },
  initialiser: choice(['xavier-uniform']),
  training: {
    optimizer: { adamw: { lr: choice([3e-3, 6e-3]), weightDecay: choice([0.01, 0.1]) } },
    schedule: choice(['one-cycle']),
    batch: choice([batch]),
  },
};

/**
 * The pipeline for texts: search, train, make smaller, measure, judge, report. The pairs that are tokens stand in its source, so that
 * nobody learns them again.
 * @throws {DataError | FormatError | UsageError} as `openText` does, before anything is begun.
 */
export async function textPipeline({ trials, classWeights, ...use }: TextRun): Promise<Pipeline> {
  const { train, preparation } = await openText(use);
  checkClassWeights(classWeights, tokenNames(preparation));
  const { context, pairs } = preparation;
  const { path, seed } = use;
  const options: TextUse = { path, seed, context, pairs };
  const count = Math.floor((train.length - 1) / context);
  const part = (share: number): number => Math.max(2, Math.round(count * share));
  const validation = part(validationShare);
  const epochs = epochsFor(count, usualLength);
  // Candidates are trained as the winner will be, so that one that learns by heart is seen to.
  const images = Math.min(count - validation, usualLength.steps * batch);
  return dataPipeline({
    name: nameOfPath(path),
    seed,
    task: 'next-token',
    source: { source: 'text', options },
    validation,
    classWeights,
    search: { trials, images, epochs, space: candidates },
    model: { epochs, heldOut: part(heldOutShare) },
    small: { goals, trials: 6, epochs: 1 },
  });
}
