/** The loss of the task that a model was made for. */
import { loss, lossName, lossTypes, type LossFunction } from '@espalier/nn';
import { RecipeError } from '../errors.ts';
import { quote } from '../quote.ts';

/** What a model learns by. */
export interface TaskLoss {
  /** One of `lossTypes`; null for a function that is none of them. */
  readonly name: string | null;
  readonly of: LossFunction;
}

/** A loss as callers give it: a name or a function. */
export type GivenLoss = string | LossFunction;

/** @throws {RecipeError} unless the loss is a function or has a name that is known. */
export function checkLoss(place: string, given: unknown): void {
  if (given === undefined || typeof given === 'function' || lossTypes.includes(given as string)) return;
  throw new RecipeError(place, `loss is ${quote(given)}; it must be one of ${lossTypes.join(', ')}`);
}

/**
 * The loss that a model learns or is judged by: the first that is said of those given, which are that of the pass, of the
 * caller, and of the training that made the model.
 * @throws {RecipeError} if none is: to teach a model by a guess may undo it.
 */
export function findTaskLoss(place: string, ...given: readonly (GivenLoss | undefined)[]): TaskLoss {
  const first = given.find((each) => each !== undefined);
  if (first === undefined) {
    throw new RecipeError(
      place,
      'needs a loss, and nothing says which: fit did not train the model here, and its folder names none; ' +
        `give loss, one of ${lossTypes.join(', ')}`,
    );
  }
  return typeof first === 'string' ? { name: first, of: loss(first) } : { name: lossName(first) ?? null, of: first };
}
