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
import { checkCourse, type Course } from './course.ts';
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

/**
 * A linear map from the features of a place to outputs. Of images it reads the mean over all places; of what has the axes of the
 * output, all but the last alike; of anything else, everything as it is.
 */
export function exitHead(features: Shape, output: Shape, { seed, device, dtype }: ProjectionSite): Module {
  const isAlike = features.slice(0, -1).join() === output.slice(0, -1).join();
  const size = (shape: Shape): number => shape.slice(1).reduce((product, each) => product * each, 1);
  const from = isAlike ? features.at(-1) : features.length === 4 ? features[featureAxis(features)] : size(features);
  const to = isAlike ? output.at(-1) : size(output);
  return build({ type: 'linear', in: from ?? 1, out: to ?? 1 }, { seed, device, dtype });
}

/** What a head gives, in the shape of the student's output. */
export function throughExit(head: Module, features: Tensor, output: Shape): Tensor {
  const isAlike = features.shape.slice(0, -1).join() === output.slice(0, -1).join();
  if (isAlike) return head.call(features);
  return head.call(features.rank === 4 ? features.mean([2, 3]) : features.flatten(1)).reshape(output);
}
