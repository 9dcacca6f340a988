/** What is done with texts where nobody says more than where they are: the pipeline of `espalier run --data`. */
import { choice } from '@espalier/search';
import type { SpaceRecipe } from '../../candidate/search-space.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { nameOfPath } from '../name-of-path.ts';
import { openText, type TextUse } from './open-text.ts';

/** What may be told of the run of texts. */
export interface TextRun extends TextUse {
  /** How many candidates are tried. */
  readonly trials: number;
}

/** Sequences of a batch. */
const batch = 16;

/** So many steps a training takes about, whatever the length of the text, */
const usualSteps = 500;

/** but goes through it at least and at most so often: a small text that is seen too often is learnt by heart. */
const [leastEpochs, mostEpochs] = [1, 16];

/** The parts of the training sequences that candidates are compared by, and that the smaller model is chosen by. */
const [validationShare, heldOutShare] = [0.15, 0.1];

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
export async function textPipeline({ trials, ...use }: TextRun): Promise<Pipeline> {
  const { train, preparation } = await openText(use);
  const { context, pairs } = preparation;
  const { path, seed } = use;
  const options: TextUse = { path, seed, context, pairs };
  const count = Math.floor((train.length - 1) / context);
  const part = (share: number): number => Math.max(2, Math.round(count * share));
  const validation = part(validationShare);
  const epochs = Math.min(mostEpochs, Math.max(leastEpochs, Math.round((usualSteps * batch) / count)));
  // Candidates are trained as the winner will be, so that one that learns by heart is seen to.
  const images = Math.min(count - validation, usualSteps * batch);
  const search = { strategy: 'random', trials, population: 1, images, epochs, space: candidates };
  const goals = ['loss<=base*1.02'];
  return {
    name: nameOfPath(path),
    seed,
    task: 'next-token',
    data: { source: { source: 'text', options }, validation },
    stages: [
      { stage: 'search', options: search },
      { stage: 'train' },
      { stage: 'compress' },
      { stage: 'measure' },
      { stage: 'judge' },
      { stage: 'report' },
    ],
    rows: [
      { name: 'model', type: 'train', options: { epochs, heldOut: part(heldOutShare) } },
      { name: 'small', type: 'goals', from: 'model', options: { goals, trials: 6, epochs: 1 } },
    ],
  };
}
