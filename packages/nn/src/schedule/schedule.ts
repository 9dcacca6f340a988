/** Learning-rate schedules: pure functions from the number of a step to a factor on the learning rate. */
import { ruleOf, type Rule } from '@espalier/tensor/arguments';
import { hasMethods } from '../config/rules.ts';

/** How long a training is. */
export interface Horizon {
  /** Steps in all. */
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/** A schedule as JSON. */
export interface ScheduleConfig {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A factor on the learning rate for each step. */
export interface Schedule {
  /** The factor for a step, counted from 0. */
  readonly at: (step: number, horizon: Horizon) => number;
  /** The schedule as JSON. */
  readonly config: () => ScheduleConfig;
}

/** A schedule of anybody's making. */
export const aSchedule: Rule<Schedule> = ruleOf('a schedule, such as cosine() or buildSchedule({ type })', (value) =>
  hasMethods(value, 'at', 'config'),
);
