/** The row of a report that all others are made from: the winner of the search, trained. */
import { wholeNumber } from '../fields.ts';
import type { RowType } from '../pipeline/row.ts';

/** What the search found, trained on all training examples. */
export const trainRow: RowType<{ readonly epochs: number }> = {
  name: 'train',
  options: { epochs: wholeNumber(1, 10_000) },
  from: 'data',
  weight: () => 1,
  make: async ({ pipeline: { seed }, lesson, options: { epochs }, winner, folder, resume, runner, onProgress }) => {
    const input = { ...lesson, candidate: winner, seed, epochs, folder, resume };
    return (await runner.run('train', input, onProgress)).curve;
  },
};
