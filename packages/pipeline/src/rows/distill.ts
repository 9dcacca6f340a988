/** The row of a report that is a distilled model. */
import { numberAbove, numberBetween, numberWithin, optional, wholeNumber } from '../fields.ts';
import type { RowType } from '../pipeline/row.ts';

/** How to distil. */
export interface DistillOptions {
  /** The student's parameters, at most, as a part of its teacher's; left out, it has its teacher's architecture. */
  readonly size?: number;
  readonly epochs: number;
  readonly temperature: number;
  /** How much the teacher counts against the labels, from 0 to 1. */
  readonly alpha: number;
  readonly lr: number;
}

/** A small model that learns to answer as the one it is made from does. */
export const distillRow: RowType<DistillOptions> = {
  name: 'distill',
  options: {
    size: optional(numberBetween(0, 1)),
    epochs: wholeNumber(1, 10_000),
    temperature: numberAbove(0, 100),
    alpha: numberWithin(0, 1),
    lr: numberAbove(0, 10),
  },
  from: 'row',
  weight: ({ epochs }) => epochs,
  make: async ({ pipeline: { seed }, lesson, options, from, folder, winner, runner, onProgress }) => {
    const input = { ...options, ...lesson, teacher: from, folder, candidate: winner, seed };
    return (await runner.run('distill', input, onProgress)).curve;
  },
};
