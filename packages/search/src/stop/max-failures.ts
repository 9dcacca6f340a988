/** Ends a run that keeps failing, before a broken objective uses up its budget. */
import { checkPositive, type StopCondition } from './stop-condition.ts';

/**
 * Stops when that many trials in a row have failed: then it is rather the objective that is wrong than the configs.
 * @throws {ValueError} when the count is not a positive whole number.
 */
export function maxFailures(count: number): StopCondition {
  checkPositive('maxFailures', count, true);
  return {
    name: `maxFailures(${count})`,
    check: ({ history: { finished } }) => {
      const last = finished.findLastIndex(({ state }) => state !== 'failed');
      const failures = finished.length - 1 - last;
      const latest = finished.at(-1)?.failure;
      const cause = latest === undefined ? '' : `, the last by ${latest.kind}: ${latest.message}`;
      return {
        fired: failures >= count,
        progress: Math.min(1, failures / count),
        message: `${failures} of ${count} failures in a row${cause}`,
      };
    },
  };
}
