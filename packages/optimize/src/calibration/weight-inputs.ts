/** The inputs of modules as what their weights are multiplied with. */
import type { Module } from '@espalier/nn';
import type { Tensor } from '@espalier/tensor';
import type { InputMeasure } from './visit-inputs.ts';

/** A module that says what its weight is multiplied with: [groups, rows, columns], as `Linear` and `Conv2d` do. */
interface WeightedModule extends Module {
  weightInputs(x: Tensor): Tensor;
}

const isWeighted = (module: Module): module is WeightedModule => 'weightInputs' in module;

/** A measure out of sums over the rows of such inputs. */
export function measureOf(sumsOf: (inputs: Tensor) => Tensor): InputMeasure {
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
