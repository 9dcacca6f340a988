/** What is measured of what a weight is multiplied with. */
import type { Module } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import type { InputMeasure } from '../calibration/visit-inputs.ts';
import { RecipeError } from '../errors.ts';
import { mostColumns } from './inverse-factor.ts';

/** A module that says what its weight is multiplied with: [groups, rows, columns], as `Linear` and `Conv2d` do. */
interface WeightedModule extends Module {
  weightInputs(x: Tensor): Tensor;
}

const isWeighted = (module: Module): module is WeightedModule => 'weightInputs' in module;

function measureOf(sumsOf: (inputs: Tensor) => Tensor): InputMeasure {
  return {
    measures: isWeighted,
    sumsOf: (input, module) => {
      const inputs = (module as WeightedModule).weightInputs(input).cast('f32');
      return { sums: sumsOf(inputs), count: inputs.shape[1] as number };
    },
    // The windows of a convolution take many times the memory of its images.
    batchSize: 32,
  };
}

/** The mean square of each column, for each group of a convolution: [groups, columns]. */
export const columnSquares: InputMeasure = measureOf((inputs) => inputs.square().sum([1]));

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
