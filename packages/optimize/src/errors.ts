/** The errors this package adds to those of `@espalier/tensor` and `@espalier/nn`. */
import { TensorError } from '@espalier/tensor';

/** A recipe, or a step of it, that cannot be carried out. */
export class RecipeError extends TensorError {
  override readonly name: string = 'RecipeError';
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
  /** The part of the goal at fault. */
  readonly part: string;

  constructor(part: string, problem: string) {
    super(`goal.${part}`, problem);
    this.part = part;
  }
}
