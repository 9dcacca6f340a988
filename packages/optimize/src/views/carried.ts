/** Which views of a parameter a file holds. */
import type { Module, Parameter, ParameterView } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { ownViews, typeOfView } from './view-type.ts';

/**
 * @throws {ArgumentError} naming parameter and view, for a view that no file can hold: anybody's function of a tensor
 * whose kind is not registered, or a second mask or quantization.
 */
export function checkViews(operation: string, name: string, parameter: Parameter): void {
  const other = uncarried(parameter);
  if (!other) return;
  throw new ArgumentError(
    operation,
    `${name} has the view '${other.name}', which no file can hold, only one mask, one quantization, one codebook and registered views (registerView); ` +
      'work on what it shows (strip), or take it away before (removeViews)',
  );
}

/** The first view that no file can hold, if there is one. */
export function uncarried({ views }: Parameter): ParameterView | undefined {
  const first = ownViews.map(({ is }) => views.find(is));
  return views.find((view) => {
    const type = typeOfView(view);
    return !type || (ownViews.includes(type) && !first.includes(view));
  });
}

/**
 * Whether a file holds views of a parameter one by one: there is one among them besides a mask and one that says which numbers
 * weights take.
 */
export function isViewed(parameter: Parameter): boolean {
  if (parameter.stored) return false;
  const { views } = parameter;
  const numbers = views.filter((view) => typeOfView(view)?.effects?.includes('numbers'));
  return numbers.length > 1 || views.some((view) => !ownViews.some(({ is }) => is(view)));
}

/** Checks the views of all parameters, as `checkViews` does. */
export function checkAllViews(operation: string, model: Module): void {
  for (const [name, parameter] of model.namedParameters())
    if (!parameter.stored) checkViews(operation, name, parameter);
}
