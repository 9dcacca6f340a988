/** The row of a report that is whatever passes make of a model, for combinations that have no row of their own. */
import { parseRecipe, type StepJson } from '@espalier/optimize';
import type { Field } from '../fields.ts';
import type { RowType } from '../pipeline/row.ts';

const someSteps: Field = {
  allowed: "a list of passes such as { type: 'quantize', weights: 'int8' }",
  accepts: (value) => {
    try {
      return parseRecipe(value).length > 0;
    } catch {
      return false;
    }
  },
};

/** Whatever a recipe of passes makes of a model. */
export const passesRow: RowType<{ readonly steps: readonly StepJson[] }> = {
  name: 'passes',
  options: { steps: someSteps },
  from: 'row',
  weight: () => 1,
  make: async ({ pipeline: { seed }, lesson, options: { steps }, from, folder, runner, onProgress }) => {
    return (await runner.run('optimize', { ...lesson, from, folder, steps, seed }, onProgress)).curve;
  },
};
