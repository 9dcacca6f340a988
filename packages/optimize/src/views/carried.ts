/** Which views of a parameter a file holds. */
import type { Module, Parameter, ParameterView } from '@espalier/nn';
import { ArgumentError } from '@espalier/tensor';
import { MaskView } from '../prune/mask-view.ts';
import { QuantizeView } from '../quantize/quantize-view.ts';

/**
 * Throws ArgumentError, naming parameter and view, for a view that no file can hold: anybody's function of a tensor, or a
 * second mask or quantization.
 */
export function checkViews(operation: string, name: string, parameter: Parameter): void {
  const other = uncarried(parameter);
  if (!other) return;
  throw new ArgumentError(
    operation,
    `${name} has the view '${other.name}', which no file can hold, only one mask and one quantization; ` +
      'work on what it shows (strip), or take it away before (removeViews)',
  );
}

/** The first view that no file can hold, if there is one. */
export function uncarried({ views }: Parameter): ParameterView | undefined {
  const masks = views.filter((view) => view instanceof MaskView);
  const quantizations = views.filter((view) => view instanceof QuantizeView);
  return views.find((view) => view !== masks[0] && view !== quantizations[0]);
}

/** Checks the views of all parameters, as `checkViews` does. */
export function checkAllViews(operation: string, model: Module): void {
  for (const [name, parameter] of model.namedParameters())
    if (!parameter.stored) checkViews(operation, name, parameter);
}
