/**
 * Deep supervision: heads at places inside a student, which learn what its end says, and are thrown away.
 * Source: L. Zhang et al., "Be your own teacher: Improve the performance of convolutional neural networks via self
 * distillation", ICCV 2019.
 */
import { build, type Module } from '@espalier/nn';
import type { Shape, Tensor } from '@espalier/tensor';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';
import { optionsOf } from '../recipe/options.ts';
import { checkCourse, Dial, type Course } from './course.ts';
import { checkPlaceName } from './match/match.ts';
import { featureAxis, type ProjectionSite } from './match/projection.ts';

/** A head at a place of a student. */
export interface ExitOptions {
  /** Dotted name of the student's module whose output it reads. */
  readonly at: string;
  /** What its loss is multiplied with. Default: 1. */
  readonly weight?: Course;
}

/** @throws {RecipeError} unless it is a list of exits. */
export function checkExits(place: string, exits: unknown): void {
  if (!Array.isArray(exits))
    throw new RecipeError(place, `is ${quote(exits)}; it must be a list such as [{ at: '1' }]`);
  for (const [index, exit] of exits.entries()) {
    const where = `${place}[${index}]`;
    optionsOf(where, exit, ['at', 'weight']);
    const { at, weight } = exit as { readonly [Name in keyof ExitOptions]: unknown };
    checkPlaceName(where, 'at', at);
    if (weight !== undefined) checkCourse(where, 'weight', weight, { least: 0 });
  }
}

/** Whether features have the axes of the output, all but the last. */
function isAlike(features: Shape, output: Shape): boolean {
  return features.slice(0, -1).join() === output.slice(0, -1).join();
}

/**
 * A head at a place: a linear map from its features to outputs. Of images it reads the mean over all places; of what has the axes
 * of the output, all but the last alike; of anything else, everything as it is.
 */
export class Exit {
  readonly at: string;
  readonly weight: Dial;
  readonly head: Module;

  /** At a place that gives `features` for a batch of which the model gives `output`. */
  constructor(
    { at, weight = 1 }: ExitOptions,
    features: Shape,
    output: Shape,
    { seed, device, dtype }: ProjectionSite,
  ) {
    this.at = at;
    this.weight = new Dial(weight, device);
    const size = (shape: Shape): number => shape.slice(1).reduce((product, each) => product * each, 1);
    const from = features.length === 4 ? features[featureAxis(features)] : size(features);
    const [read = 1, made = 1] = isAlike(features, output) ? [features.at(-1), output.at(-1)] : [from, size(output)];
    this.head = build({ type: 'linear', in: read, out: made }, { seed, device, dtype });
  }

  /** What it says of the features of a batch, in the shape of the output. */
  says(features: Tensor, output: Shape): Tensor {
    if (isAlike(features.shape, output)) return this.head.call(features);
    return this.head.call(features.rank === 4 ? features.mean([2, 3]) : features.flatten(1)).reshape(output);
  }
}
