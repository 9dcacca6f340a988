/** The main job as a pipeline: search, train, prune, quantize, distil, measure, report. */
import type { Importance } from '@espalier/optimize';
import type { ClassWeights } from './data/class-weights.ts';
import type { Pipeline, RowUse } from './pipeline/pipeline.ts';
import type { DistillOptions } from './rows/distill.ts';
import type { PruneOptions } from './rows/prune.ts';
import type { QuantizeOptions } from './rows/quantize.ts';
import type { SearchRecipe } from './search/recipe.ts';

/** The examples to learn from and to be tested on. */
export interface DataRecipe {
  /** `mnist`, the name of another source, or a folder with the four IDX files under MNIST's names. */
  readonly source: string;
  /** Of the source, where it has any: the folder of pictures, and how they are changed in training. */
  readonly options?: object | undefined;
  /** Training examples held out to judge by; no trial trains on them, and they are never the test set. */
  readonly validation: number;
  /** How much each class counts in training. Default: all alike, as `none` says. */
  readonly classWeights?: ClassWeights | 'none' | undefined;
}

/** How to prune. */
export interface PruneRecipe extends PruneOptions {
  /** Which weights go first: the smallest, by LAMP the smallest for their layer, or by another score that is registered. */
  readonly method: Importance;
  /** Also prunes at random, trained alike, to show what the method is worth. */
  readonly baseline: boolean;
}

/** How to distil. */
export interface DistillRecipe extends DistillOptions {
  /** The student's parameters, at most, as a part of its teacher's. */
  readonly size: number;
}

/** What can be said of the main job, with every value given. */
export interface Recipe {
  readonly name: string;
  readonly seed: number;
  readonly device: 'auto' | 'cpu' | 'webgpu' | 'reference';
  readonly output: string;
  readonly data: DataRecipe;
  readonly search: SearchRecipe;
  readonly train: { readonly epochs: number };
  readonly prune: PruneRecipe;
  readonly quantize: QuantizeOptions;
  readonly distill: DistillRecipe;
}

/** The data of a recipe as pipelines name it. */
export function dataOf({ source, options, validation, classWeights = 'none' }: DataRecipe): Pipeline['data'] {
  return {
    source: options === undefined ? source : { source, options },
    validation,
    ...(classWeights !== 'none' && { classWeights }),
  };
}

/** The pipeline that a recipe of the main job stands for. */
export function quickstartPipeline(recipe: Recipe): Pipeline {
  const { name, seed, data, search, train, quantize, distill } = recipe;
  const { baseline, ...pruning } = recipe.prune;
  const random: RowUse = {
    name: 'random-mask',
    type: 'prune',
    from: 'searched',
    options: { ...pruning, method: 'random' },
  };
  return {
    name,
    seed,
    data: dataOf(data),
    stages: [
      { stage: 'search', options: search },
      { stage: 'train' },
      { stage: 'compress' },
      { stage: 'measure' },
      { stage: 'report' },
    ],
    rows: [
      { name: 'searched', type: 'train', options: train },
      ...(baseline ? [random] : []),
      { name: 'pruned', type: 'prune', from: 'searched', options: pruning },
      { name: 'int8', type: 'quantize', from: 'pruned', options: quantize },
      { name: 'student', type: 'distill', from: 'searched', options: distill },
    ],
  };
}
