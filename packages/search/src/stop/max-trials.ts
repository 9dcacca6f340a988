/** Ends a run by the number of trials, which unlike time is the same on every machine. */
import { growing } from '../study/growing.ts';
import { checkPositive, type StopCondition } from './stop-condition.ts';

/**
 * Stops when the study, earlier runs included, has started that many trials. Those that were
 * answered by the result of an earlier one do not count.
 * @throws {ValueError} when the count is not a positive whole number.
 */
export function maxTrials(count: number): StopCondition {
  checkPositive('maxTrials', count, true);
  const answered = growing(
    () => 0,
    (sum, { origin }) => sum + (origin['reuses'] === undefined ? 0 : 1),
  );
  return {
    name: `maxTrials(${count})`,
    check: ({ history }) => {
      const reused = answered(history);
      const started = history.trials.length - history.waiting - reused;
      return {
        fired: started >= count,
        progress: Math.min(1, (history.finished.length - reused) / count),
        message: `${started} of ${count} trials`,
      };
    },
  };
}
