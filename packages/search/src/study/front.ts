/** The Pareto front, kept up to date trial by trial. */
import { dominates, losses, totalViolation, type Criteria } from './ranking.ts';
import type { TrialRecord } from './trial-record.ts';

/**
 * The Pareto front of the trials seen so far: the feasible complete ones that no other dominates. With one objective
 * it is the best trial alone. Of equals the first stays.
 */
export class ParetoFront {
  readonly #criteria: Criteria;
  #members: { readonly trial: TrialRecord; readonly point: readonly number[] }[] = [];

  constructor(criteria: Criteria, trials: Iterable<TrialRecord> = []) {
    this.#criteria = criteria;
    for (const trial of trials) this.add(trial);
  }

  /** The front, by trial number. */
  get trials(): readonly TrialRecord[] {
    return this.#members.map(({ trial }) => trial).toSorted((a, b) => a.number - b.number);
  }

  /** The losses of each of them, in the order in which they joined. */
  get points(): readonly (readonly number[])[] {
    return this.#members.map(({ point }) => point);
  }

  /** The losses of a trial that could join: a feasible complete one. */
  pointOf(trial: TrialRecord): readonly number[] | undefined {
    const counts = trial.state === 'complete' && totalViolation(trial, this.#criteria) === 0;
    return counts ? losses(trial, this.#criteria) : undefined;
  }

  /** Takes a trial into account, and tells whether it improved the front. */
  add(trial: TrialRecord): boolean {
    const point = this.pointOf(trial);
    if (point === undefined) return false;
    const covered = this.#members.some(
      (member) => dominates(member.point, point) || member.point.every((value, index) => value === point[index]),
    );
    if (covered) return false;
    this.#members = this.#members.filter((member) => !dominates(point, member.point));
    this.#members.push({ trial, point });
    return true;
  }
}
