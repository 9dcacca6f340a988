/** The errors this package adds to those of `@espalier/tensor` and `@espalier/nn`. */
import { TensorError } from '@espalier/tensor';

/** What the errors of this package can be told apart by; see `TensorErrorCode`. */
export type OptimizeErrorCode = 'recipe' | 'goal';

/** A recipe, or a step of it, that cannot be carried out. */
export class RecipeError extends TensorError {
  override readonly name: string = 'RecipeError';
  override readonly code = 'recipe';
  /** The step or option at fault. */
  readonly place: string;

  constructor(place: string, problem: string) {
    super(place, problem);
    this.place = place;
  }
}

/** A goal that says nothing, contradicts itself or cannot be read. */
export class GoalError extends TensorError {
  override readonly name: string = 'GoalError';
  override readonly code = 'goal';
  /** The part of the goal at fault. */
  readonly part: string;

  constructor(part: string, problem: string) {
    super(`goal.${part}`, problem);
    this.part = part;
  }
}
