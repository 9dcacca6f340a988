import { ParetoFront } from '../study/front.ts';
import { checkPositive } from './stop-condition.ts';
import type { StopCondition } from './stop-condition.ts';

/**
 * Stops when that many trials have finished in a row, pruned and failed ones included, without a better best trial, or
 * with several objectives without a change of the front.
 * @throws RangeError when the count is not a positive whole number.
 */
export function patience(count: number): StopCondition {
  checkPositive('patience', count, true);
  return {
    name: `patience(${count})`,
    check: ({ history }) => {
      const front = new ParetoFront(history.criteria);
      let idle = 0;
      for (const trial of history.finished) idle = front.add(trial) ? 0 : idle + 1;
      return {
        fired: idle >= count,
        progress: Math.min(1, idle / count),
        message: `${idle} of ${count} trials without improvement`,
      };
    },
  };
}
