/** Ends a run whose gains have become too small, by measuring them. */
import { quote } from '../checked/quote.ts';
import { ValueError } from '../errors.ts';
import { hypervolume } from '../multi-objective/hypervolume.ts';
import { ParetoFront } from '../study/front.ts';
import { growing } from '../study/growing.ts';
import { checkPositive, type StopCondition } from './stop-condition.ts';

/** The front so far, and between what each loss of the feasible trials lay. */
interface Reached {
  readonly front: ParetoFront;
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** How much better `after` is than `before`: of the best loss, or with several objectives of the hypervolume, as a part. */
function gain(before: ParetoFront, { front, low, high }: Reached): number {
  if (before.points.length === 0) return front.points.length === 0 ? 0 : Infinity;
  if (low.length === 1) return (before.points[0]?.[0] ?? 0) - (front.points[0]?.[0] ?? 0);
  // A little behind the worst, so that the ends of the front count.
  const reference = high.map((worst, axis) => worst + 0.1 * (worst - (low[axis] ?? 0)) + 1e-12);
  const [old, now] = [hypervolume(before.points, reference), hypervolume(front.points, reference)];
  return now === 0 ? 0 : (now - old) / now;
}

/** What trials reach, for a list of them that grows. */
function reaching(): ReturnType<typeof growing<Reached>> {
  return growing<Reached>(
    ({ criteria }) => ({ front: new ParetoFront(criteria), low: [], high: [] }),
    ({ front, low, high }, trial) => {
      const point = front.pointOf(trial);
      if (point === undefined) return { front, low, high };
      front.add(trial);
      return {
        front,
        low: point.map((loss, axis) => Math.min(low[axis] ?? Infinity, loss)),
        high: point.map((loss, axis) => Math.max(high[axis] ?? -Infinity, loss)),
      };
    },
  );
}

/**
 * Stops when the last `window` finished trials have gained no more than `epsilon`. That is in the unit of the
 * objective; with several objectives, a part of the hypervolume, whose reference point lies a tenth of each objective's
 * extent behind the worst trial. Trials of which none is feasible gain nothing.
 * @throws {ValueError} when the window is not a positive whole number, or epsilon is below 0.
 */
export function plateau(window: number, epsilon: number): StopCondition {
  checkPositive('plateau', window, true);
  if (!(epsilon >= 0)) throw new ValueError(`plateau: epsilon is ${quote(epsilon)}: give a number from 0`);
  const [earlier, all] = [reaching(), reaching()];
  return {
    name: `plateau(${window}, ${epsilon})`,
    check: ({ history }) => {
      const { length } = history.finished;
      if (length <= window) {
        const progress = Math.min(0.99, length / (window + 1));
        return { fired: false, progress, message: `${length} trials, with the last ${window} to be judged` };
      }
      const improvement = gain(earlier(history, length - window).front, all(history));
      const fired = improvement <= epsilon;
      return {
        fired,
        progress: fired ? 1 : epsilon / improvement,
        message: `${Number(improvement.toPrecision(3))} gained in ${window} trials, where ${epsilon} is little`,
      };
    },
  };
}
