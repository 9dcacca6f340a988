import { checkPositive } from './stop-condition.ts';
import type { StopCondition } from './stop-condition.ts';

/**
 * Stops when the study, earlier runs included, has started that many trials.
 * @throws RangeError when the count is not a positive whole number.
 */
export function maxTrials(count: number): StopCondition {
  checkPositive('maxTrials', count, true);
  return {
    name: `maxTrials(${count})`,
    check: ({ history }) => {
      const started = history.trials.length - history.waiting;
      return {
        fired: started >= count,
        progress: Math.min(1, history.finished.length / count),
        message: `${started} of ${count} trials`,
      };
    },
  };
}
