/** The row of a report that all others are made from: the winner of the search, trained. */
import { optional, wholeNumber } from '../fields.ts';
import type { RowType } from '../pipeline/row.ts';

/** How the winner of a search is trained. */
export interface TrainOptions {
  readonly epochs: number;
  /** How many training examples are left for others to decide by. Default: none. */
  readonly heldOut?: number;
}

/** What the search found, trained on all training examples but those that are held out. */
export const trainRow: RowType<TrainOptions> = {
  name: 'train',
  options: { epochs: wholeNumber(1, 10_000), heldOut: optional(wholeNumber(1)) },
  from: 'data',
  weight: () => 1,
  make: async ({ pipeline: { seed }, lesson, options, winner, folder, resume, runner, onProgress }) => {
    const input = { ...lesson, ...options, candidate: winner, seed, folder, resume };
    return (await runner.run('train', input, onProgress)).curve;
  },
};
