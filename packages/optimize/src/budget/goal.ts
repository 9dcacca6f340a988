/** What a compressed model has to keep, and what it may cost. */
import { GoalError } from '../errors.ts';
import { quote } from '../quote.ts';
import { qualityMetrics, type QualityMetric } from './quality.ts';
import { limitedCosts, parseLimits, type Costs, type Limits } from './limit.ts';

/** A goal: a floor under the quality, limits on costs, and how long to look. */
export interface Goal extends Limits {
  /** Default: `accuracy` where targets are classes, `r2` where they are numbers. */
  readonly metric?: QualityMetric;
  /** The most that the metric may fall below that of the model as given: 0.002 is 0.2 points. */
  readonly maxDrop?: number;
  /** The least that the metric may be. */
  readonly min?: number;
  /** Default: 8. */
  readonly maxTrials?: number;
  readonly maxMinutes?: number;
}

/** A goal that was checked, with its defaults. */
export interface CheckedGoal {
  /** The metric that was named. */
  readonly metric: QualityMetric | undefined;
  readonly limits: Costs;
  readonly maxTrials: number;
  readonly maxMinutes: number;
  /** The floor, given the quality of the model as it was. */
  readonly floor: (before: number) => number;
}

const known = ['metric', 'maxDrop', 'min', 'maxTrials', 'maxMinutes', ...limitedCosts] as const;

/** @throws {GoalError} for a goal that cannot be read or sets no floor. */
export function checkGoal(goal: Goal): CheckedGoal {
  if (typeof goal !== 'object' || (goal as Goal | null) === null)
    throw new GoalError('goal', `is ${quote(goal)}; it must be an object such as { maxDrop: 0.01 }`);
  const unknown = Object.keys(goal).find((key) => !known.includes(key as (typeof known)[number]));
  if (unknown !== undefined) throw new GoalError(unknown, `is not part of a goal; there are ${known.join(', ')}`);
  const { metric, maxDrop, min, maxTrials = 8, maxMinutes = Infinity } = goal;
  if (metric !== undefined && !qualityMetrics.includes(metric))
    throw new GoalError('metric', `is ${quote(metric)}; it must be one of ${qualityMetrics.join(', ')}`);
  if (maxDrop === undefined && min === undefined)
    throw new GoalError('maxDrop', 'neither maxDrop nor min is set; say how much quality may be lost');
  for (const [part, value] of Object.entries({ maxDrop, min })) {
    if (value !== undefined && !(typeof value === 'number' && value >= 0 && value <= 1))
      throw new GoalError(part, `is ${quote(value)}; it must lie between 0 and 1`);
  }
  if (!Number.isInteger(maxTrials) || maxTrials < 1)
    throw new GoalError('maxTrials', `is ${quote(maxTrials)}; it must be an integer of at least 1`);
  if (!(typeof maxMinutes === 'number' && maxMinutes > 0))
    throw new GoalError('maxMinutes', `is ${quote(maxMinutes)}; it must be a number above 0`);
  return {
    metric,
    limits: parseLimits(goal),
    maxTrials,
    maxMinutes,
    floor: (before) => Math.max(min ?? -Infinity, maxDrop === undefined ? -Infinity : before - maxDrop),
  };
}
