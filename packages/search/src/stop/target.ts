/** Ends a run once it has found what was wanted. */
import { growing } from '../study/growing.ts';
import { parseConstraint, showConstraint, violation } from '../study/objective.ts';
import { totalViolation, type Criteria } from '../study/ranking.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import type { StopCondition } from './stop-condition.ts';

/**
 * Stops when a complete, feasible trial reaches a bound, such as `accuracy >= 0.99`.
 * @throws {ObjectiveError} when the text cannot be read.
 */
export function target(text: string): StopCondition {
  const goal = parseConstraint(text);
  const shown = showConstraint(goal);
  const first = growing<{ readonly criteria: Criteria; readonly reached?: TrialRecord }>(
    ({ criteria }) => ({ criteria }),
    (state, trial) => {
      const reaches = trial.state === 'complete' && violation(goal, trial.metrics) === 0;
      if (!reaches || state.reached !== undefined || totalViolation(trial, state.criteria) > 0) return state;
      return { ...state, reached: trial };
    },
  );
  return {
    name: `target('${shown}')`,
    check: ({ history }) => {
      const { reached } = first(history);
      return reached === undefined
        ? { fired: false, progress: 0, message: `no trial has ${shown} yet` }
        : {
            fired: true,
            progress: 1,
            message: `trial ${reached.number} has ${goal.metric} ${reached.metrics[goal.metric]}`,
          };
    },
  };
}
