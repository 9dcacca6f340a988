/** The row of a report that is the smallest model which keeps goals. */
import { parseGoal } from '@espalier/optimize';
import { numberBetween, optional, wholeNumber, type Field } from '../fields.ts';
import type { RowType } from '../pipeline/row.ts';

/** What is to be kept, and how long is looked. */
export interface GoalsOptions {
  /** Such as `accuracy>=base-0.5pp`. */
  readonly goals: readonly string[];
  /** How many recipes are tried at most. */
  readonly trials?: number;
  readonly minutes?: number;
  readonly epochs?: number;
}

const someGoals: Field = {
  allowed: "a list of goals such as 'accuracy>=base-0.5pp'",
  accepts: (value) => {
    try {
      return Array.isArray(value) && value.length > 0 && value.every((goal) => parseGoal(goal as string));
    } catch {
      return false;
    }
  },
};

/** Whatever makes a model smallest and keeps goals; with too few examples to be sure, as far as they show. */
export const goalsRow: RowType<GoalsOptions> = {
  name: 'goals',
  options: {
    goals: someGoals,
    trials: optional(wholeNumber(1)),
    minutes: optional(numberBetween(0, 10_000)),
    epochs: optional(wholeNumber(1, 10_000)),
  },
  from: 'row',
  weight: () => 1,
  make: async ({ pipeline: { seed }, lesson, options, from, folder, runner, onProgress }) => {
    const input = { ...lesson, ...options, minimize: 'bytes', settle: true, from, folder, seed } as const;
    await runner.run('reachGoals', input, onProgress);
    return [];
  },
};
