/** Ends a run by what its trials cost, in a unit of the user's or in seconds of work. */
import { own } from '../json.ts';
import { growing } from '../study/growing.ts';
import { isFinished, type TrialRecord } from '../study/trial-record.ts';
import { checkPositive, type StopCondition } from './stop-condition.ts';

/**
 * Stops when the trials of the study, earlier runs included, have cost that much: the sum of a metric that each tells
 * at its end or last reported (such as `flops`), or without one the seconds that workers spent on them, whatever came of them.
 * @throws {ValueError} when the budget is not a positive number.
 */
export function maxCost(budget: number, metric?: string): StopCondition {
  checkPositive('maxCost', budget, false);
  const [name, unit] =
    metric === undefined ? [`maxCost(${budget})`, 'seconds'] : [`maxCost(${budget}, '${metric}')`, metric];
  const add = (sum: number, { spent, metrics, reports }: TrialRecord): number =>
    sum +
    (metric === undefined ? spent / 1000 : (own(metrics, metric) ?? own(reports.at(-1)?.metrics ?? {}, metric) ?? 0));
  const ended = growing(() => 0, add);
  return {
    name,
    check: ({ history }) => {
      const { trials, finished, running } = history;
      const isAll = finished.length + running.length === trials.length;
      const open = isAll ? running : trials.filter((trial) => !isFinished(trial));
      const cost = open.reduce(add, ended(history));
      return {
        fired: cost >= budget,
        progress: Math.min(1, cost / budget),
        message: `${Number(cost.toPrecision(4))} of ${budget} ${unit}`,
      };
    },
  };
}
