import { checkPositive } from './stop-condition.ts';
import type { StopCondition } from './stop-condition.ts';

/**
 * Stops when the trials of the study, earlier runs included, have cost that much: the sum of a metric that each tells
 * at its end or last reported (such as `flops`), or without one the seconds that workers spent on them, whatever came of them.
 * @throws RangeError when the budget is not a positive number.
 */
export function maxCost(budget: number, metric?: string): StopCondition {
  checkPositive('maxCost', budget, false);
  const [name, unit] =
    metric === undefined ? [`maxCost(${budget})`, 'seconds'] : [`maxCost(${budget}, '${metric}')`, metric];
  return {
    name,
    check: ({ history }) => {
      const cost = history.trials.reduce(
        (sum, { spent, metrics, reports }) =>
          sum + (metric === undefined ? spent / 1000 : (metrics[metric] ?? reports.at(-1)?.metrics[metric] ?? 0)),
        0,
      );
      return {
        fired: cost >= budget,
        progress: Math.min(1, cost / budget),
        message: `${Number(cost.toPrecision(4))} of ${budget} ${unit}`,
      };
    },
  };
}
