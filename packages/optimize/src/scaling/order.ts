/** Where in a recipe channels are scaled. */
import type { OrderRule } from '../recipe/pass.ts';

/** Weights that were rounded would no longer be what they were rounded to. */
export const scalesFirst: readonly OrderRule[] = [
  {
    before: 'numbers',
    after: 'scales',
    reason: 'would scale weights that were rounded already; scale first, then quantize',
  },
];
