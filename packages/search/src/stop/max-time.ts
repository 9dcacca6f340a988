/** Ends a run by the clock, whatever it has found. */
import { checkPositive, type StopCondition } from './stop-condition.ts';

/**
 * Stops when this run has lasted that many seconds. Trials in hand are finished, so the run lasts a little longer.
 * @throws {ValueError} when the time is not a positive number.
 */
export function maxTime(seconds: number): StopCondition {
  checkPositive('maxTime', seconds, false);
  return {
    name: `maxTime(${seconds})`,
    check: ({ elapsed }) => ({
      fired: elapsed >= seconds,
      progress: Math.min(1, elapsed / seconds),
      message: `${elapsed.toFixed(1)} of ${seconds} seconds`,
    }),
  };
}
