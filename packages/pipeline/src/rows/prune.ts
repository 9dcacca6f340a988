/** The row of a report that is a pruned model. */
import { importances, type Importance } from '@espalier/optimize';
import { numberAbove, numberBetween, oneOf, wholeNumber } from '../fields.ts';
import type { RowType } from '../pipeline/row.ts';

/** How to prune. */
export interface PruneOptions {
  /** The part of the weights that becomes zero. */
  readonly sparsity: number;
  /** Which weights go first. */
  readonly method: Importance;
  /** Whether weights are ranked across the whole model or layer by layer. */
  readonly scope: 'global' | 'local';
  readonly epochs: number;
  readonly lr: number;
}

/** Most weights of a model set to zero, little by little, while it is trained on. */
export const pruneRow: RowType<PruneOptions> = {
  name: 'prune',
  options: {
    sparsity: numberBetween(0, 1),
    method: oneOf(importances),
    scope: oneOf(['global', 'local']),
    epochs: wholeNumber(1, 10_000),
    lr: numberAbove(0, 10),
  },
  from: 'row',
  weight: ({ epochs }) => epochs,
  make: async ({ pipeline: { seed }, lesson, options, from, folder, winner, runner, onProgress }) => {
    const input = { ...options, ...lesson, from, folder, batch: winner.training.batch, seed };
    return (await runner.run('prune', input, onProgress)).curve;
  },
};
