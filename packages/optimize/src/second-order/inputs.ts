/** What is measured of what a weight is multiplied with. */
import type { InputMeasure } from '../calibration/visit-inputs.ts';
import { measureOf } from '../calibration/weight-inputs.ts';
import { RecipeError } from '../errors.ts';
import { mostColumns } from './inverse-factor.ts';

/** X · Xᵀ over the number of rows, for each group of a convolution: [groups, columns, columns]; up to so many columns. */
export const columnProducts: InputMeasure = {
  ...measureOf((inputs) => inputs.permute([0, 2, 1]).matmul(inputs)),
  suits: ({ parameter }) => parameter.size <= (parameter.shape[0] ?? 1) * mostColumns,
};

/** @throws {RecipeError} naming the parameter, unless all that was measured of its inputs is finite. */
export function checkMeasured(place: string, name: string, means: Float64Array): void {
  if (means.every((mean) => Number.isFinite(mean))) return;
  throw new RecipeError(
    place,
    `the inputs of ${name} are not finite, or too large to square, on the examples to calibrate on; look at the data, or exclude ${name}`,
  );
}
