/** What the runs of all kinds of data have in common: search, train, make smaller, measure, judge, report. */
import type { SpaceRecipe } from '../candidate/search-space.ts';
import type { ClassWeights } from '../data/class-weights.ts';
import type { SourceUse } from '../data/source.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';

/** What is different between them. */
export interface DataPlan {
  readonly name: string;
  readonly seed: number;
  readonly task: string;
  readonly source: SourceUse;
  /** How much each class counts in training. Default: all alike. */
  readonly classWeights?: ClassWeights | undefined;
  /** Examples that candidates are compared by. */
  readonly validation: number;
  /** How many candidates are tried, on how many examples, and how often those are gone through. */
  readonly search: {
    readonly trials: number;
    readonly images: number;
    readonly epochs: number;
    readonly space: SpaceRecipe;
    /** In how many folds they are judged. Default: by one part of the examples. */
    readonly folds?: number | undefined;
  };
  /** How often the winner goes through its examples, and how many of them are kept for choosing the smaller model. */
  readonly model: { readonly epochs: number; readonly heldOut: number };
  /** What the smaller model has to keep, how many recipes are tried for it, and how often those that train go through the examples. */
  readonly small: { readonly goals: readonly string[]; readonly trials: number; readonly epochs: number };
}

/** A pipeline of two models: the one that was found, and a smaller one made of it. */
export function dataPipeline(plan: DataPlan): Pipeline {
  const { name, seed, task, source, validation, classWeights, search, model, small } = plan;
  const { trials, images, epochs, space, folds } = search;
  const inFolds = folds === undefined ? {} : { folds };
  return {
    name,
    seed,
    task,
    data: { source, validation, ...(classWeights !== undefined && { classWeights }) },
    stages: [
      { stage: 'search', options: { strategy: 'random', trials, population: 1, images, epochs, space, ...inFolds } },
      { stage: 'train' },
      { stage: 'compress' },
      { stage: 'measure' },
      { stage: 'judge' },
      { stage: 'report' },
    ],
    rows: [
      { name: 'model', type: 'train', options: model },
      { name: 'small', type: 'goals', from: 'model', options: small },
    ],
  };
}

/** How long a training is, whatever the number of examples. */
export interface TrainingLength {
  /** Steps that it takes about, of batches of so many examples, */
  readonly steps: number;
  readonly batch: number;
  /** but it goes through the examples at least and at most so often. */
  readonly least: number;
  readonly most: number;
}

/** How often a training goes through so many examples. */
export function epochsFor(count: number, { steps, batch, least, most }: TrainingLength): number {
  return Math.min(most, Math.max(least, Math.round((steps * batch) / count)));
}
