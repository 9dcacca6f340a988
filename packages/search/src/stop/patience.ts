/** Ends a run that has stopped finding anything better, by counting trials. */
import { ParetoFront } from '../study/front.ts';
import { growing } from '../study/growing.ts';
import { checkPositive, type StopCondition } from './stop-condition.ts';

/**
 * Stops when that many trials have finished in a row, pruned and failed ones included, without a better best trial, or
 * with several objectives without a change of the front.
 * @throws {ValueError} when the count is not a positive whole number.
 */
export function patience(count: number): StopCondition {
  checkPositive('patience', count, true);
  const progress = growing(
    ({ criteria }) => ({ front: new ParetoFront(criteria), idle: 0 }),
    ({ front, idle }, trial) => ({ front, idle: front.add(trial) ? 0 : idle + 1 }),
  );
  return {
    name: `patience(${count})`,
    check: ({ history }) => {
      const { idle } = progress(history);
      return {
        fired: idle >= count,
        progress: Math.min(1, idle / count),
        message: `${idle} of ${count} trials without improvement`,
      };
    },
  };
}
