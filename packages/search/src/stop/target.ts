import { parseConstraint, showConstraint, violation } from '../study/objective.ts';
import { totalViolation } from '../study/ranking.ts';
import type { StopCondition } from './stop-condition.ts';

/**
 * Stops when a complete, feasible trial reaches a bound, such as `accuracy >= 0.99`.
 * @throws ObjectiveError when the text cannot be read.
 */
export function target(text: string): StopCondition {
  const goal = parseConstraint(text);
  const shown = showConstraint(goal);
  return {
    name: `target('${shown}')`,
    check: ({ history: { trials, criteria } }) => {
      const reached = trials.find(
        (trial) =>
          trial.state === 'complete' && violation(goal, trial.metrics) === 0 && totalViolation(trial, criteria) === 0,
      );
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
