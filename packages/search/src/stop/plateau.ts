import { hypervolume } from '../multi-objective/hypervolume.ts';
import { losses, totalViolation } from '../study/ranking.ts';
import type { Criteria } from '../study/ranking.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import { checkPositive } from './stop-condition.ts';
import type { StopCondition } from './stop-condition.ts';

type Points = readonly (readonly number[])[];

/** The losses of the feasible complete trials. */
function points(trials: readonly TrialRecord[], criteria: Criteria): Points {
  return trials
    .filter((trial) => trial.state === 'complete' && totalViolation(trial, criteria) === 0)
    .map((trial) => losses(trial, criteria));
}

const best = (list: Points): number => list.reduce((least, [loss = Infinity]) => Math.min(least, loss), Infinity);

/** How much better `after` is than `before`: of the best loss, or with several objectives of the hypervolume, as a part. */
function gain(before: Points, after: Points): number {
  const dimensions = after[0]?.length ?? 0;
  if (dimensions === 1) return best(before) - best(after);
  // A little behind the worst, so that the ends of the front count.
  const reference = Array.from({ length: dimensions }, (_, axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (const point of after) {
      low = Math.min(low, point[axis] ?? 0);
      high = Math.max(high, point[axis] ?? 0);
    }
    return high + 0.1 * (high - low) + 1e-12;
  });
  const [old, now] = [hypervolume(before, reference), hypervolume(after, reference)];
  return now === 0 ? 0 : (now - old) / now;
}

/**
 * Stops when the last `window` finished trials have improved the best loss by no more than `epsilon`, in the objective's
 * own unit; with several objectives, the hypervolume by no more than that part of it. Its reference point lies a tenth
 * of each objective's extent behind the worst trial.
 * @throws RangeError when the window is not a positive whole number, or epsilon is below 0.
 */
export function plateau(window: number, epsilon: number): StopCondition {
  checkPositive('plateau', window, true);
  if (!(epsilon >= 0)) throw new RangeError(`plateau: epsilon is ${epsilon}: give a number from 0`);
  return {
    name: `plateau(${window}, ${epsilon})`,
    check: ({ history: { finished, criteria } }) => {
      const before = points(finished.slice(0, -window), criteria);
      if (before.length === 0) {
        const progress = Math.min(0.99, finished.length / (window + 1));
        return { fired: false, progress, message: `${finished.length} trials, with the last ${window} to be judged` };
      }
      const improvement = gain(before, points(finished, criteria));
      const fired = improvement <= epsilon;
      return {
        fired,
        progress: fired ? 1 : epsilon / improvement,
        message: `${Number(improvement.toPrecision(3))} gained in ${window} trials, where ${epsilon} is little`,
      };
    },
  };
}
