/** What is done with pictures where nobody says more than where they are: the pipeline of `espalier run --data`. */
import type { Augmentation } from '@espalier/data';
import { foldPictures } from '@espalier/data/node';
import { choice } from '@espalier/search';
import type { SpaceRecipe } from '../../candidate/search-space.ts';
import { checkClassWeights, type ClassWeights } from '../../data/class-weights.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { dataPipeline, epochsFor } from '../data-pipeline.ts';
import { nameOfPath } from '../name-of-path.ts';
import { openPictures, type PictureUse } from './open-pictures.ts';

/** What may be told of the run of pictures. */
export interface PictureRun extends PictureUse {
  /** How many candidates are tried. */
  readonly trials: number;
  /** How much each class counts in training. Default: all alike. */
  readonly classWeights?: ClassWeights | undefined;
  /** Candidates are judged by their mean over so many folds. Default: by a part of the training pictures. */
  readonly folds?: number | undefined;
}

/** The parts of the training pictures that candidates are compared by, and that the smaller model is chosen by, at most so many. */
const [validationShare, heldOutShare, mostHeld] = [0.2, 1 / 6, 5000];

/** Candidates are compared on at most so many pictures. */
const mostTried = 6000;

/** Pictures of a batch: few of few, so that there are steps enough. */
const batchOf = (count: number): number => (count < 2000 ? 16 : 32);

/** How long a training is; that of candidates is half of it. */
const usualLength = { steps: 1200, least: 3, most: 60 };

/** How often a picture of a side is halved until a few pixels are left. */
const halvingsOf = (size: number): number => Math.max(1, Math.round(Math.log2(size / 6)));

/** Candidates: nets that end with a few pixels, whatever the side they begin with. */
function candidates(size: number, batch: number): SpaceRecipe {
  const halvings = halvingsOf(size);
  const stem = size > 96 ? 4 : size > 48 ? 2 : 1;
  const stages = Math.min(4, Math.max(1, halvings - Math.log2(stem) + 1));
  const activation = choice(['relu', 'silu']);
  return {
    architecture: {
      'conv-net': {
        stages: choice([halvings]),
        channels: choice([12, 16]),
        activation,
        batchNorm: choice([true, false]),
        dropout: choice([0, 0.2]),
      },
      'residual-net': {
        stages: choice([stages]),
        blocks: choice([1, 2]),
        channels: choice([12, 16]),
        activation,
        stem: choice([stem]),
      },
    },
    initialiser: choice(['kaiming-normal']),
    training: {
      optimizer: { adamw: { lr: choice([3e-3, 1e-2]), weightDecay: choice([0.01, 0.1]) } },
      schedule: choice(['one-cycle']),
      batch: choice([batch]),
    },
  };
}

/** How pictures are changed in training: moved and turned a little, as the same thing may be seen; in colour mirrored, as letters are not. */
function usualAugmentation(size: number, colour: 'grey' | 'colour'): readonly Augmentation[] {
  const moved: Augmentation[] = [
    { type: 'crop', by: Math.max(1, Math.round(size / 16)) },
    { type: 'rotate', degrees: 5 },
  ];
  return colour === 'colour' ? [{ type: 'flip' }, ...moved] : moved;
}

/** A run of pictures, and what its classes are called. */
export interface PlannedPictures {
  readonly pipeline: Pipeline;
  readonly classes: readonly string[];
}

/**
 * The pipeline for pictures: search, train, make smaller, measure, judge, report. Whatever is told of the pictures by looking at all of
 * them stands in its source, so that nobody looks again.
 * @throws {DataError | FormatError | UsageError} as `openPictures` does, before anything is begun.
 */
export async function picturePipeline({ trials, classWeights, folds, ...use }: PictureRun): Promise<PlannedPictures> {
  const { train, preparation } = await openPictures(use);
  const { size, colour, fit, mean, std, classes } = preparation;
  checkClassWeights(classWeights, classes);
  if (folds !== undefined) await foldPictures({ source: use.path, pictures: train }, folds, use.seed);
  const augment = use.augment ?? usualAugmentation(size, colour);
  const options: PictureUse = { ...use, size, colour, fit, mean, std, augment };
  const count = train.length;
  const part = (share: number): number => Math.max(2, Math.min(mostHeld, Math.round(count * share)));
  const validation = part(validationShare);
  const batch = batchOf(count);
  const epochs = epochsFor(count, { ...usualLength, batch });
  const tried = Math.max(2, Math.round(epochs / 2));
  const images = Math.min(mostTried, count - validation);
  const pipeline = dataPipeline({
    name: nameOfPath(use.path),
    seed: use.seed,
    task: 'classification',
    source: { source: 'pictures', options },
    validation,
    classWeights,
    search: { trials, images, epochs: tried, folds, space: candidates(size, batch) },
    model: { epochs, heldOut: part(heldOutShare) },
    small: { goals: ['accuracy>=base-0.5pp'], trials: 6, epochs: 1 },
  });
  return { pipeline, classes };
}
