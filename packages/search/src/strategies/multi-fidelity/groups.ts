/**
 * Trials in groups that are kept up to date: a strategy that asked every trial again would slow down as its study
 * grows.
 */
import { placeOf } from '../../place-of.ts';
import type { History } from '../../study/history.ts';
import type { Criteria } from '../../study/ranking.ts';
import type { TrialRecord } from '../../study/trial-record.ts';

/** Which group a trial belongs to; undefined: none. */
export type GroupOf = (trial: TrialRecord) => number | undefined;
type Groups = ReadonlyMap<number, readonly TrialRecord[]>;

/** Groups of a list that differs little from call to call: only what changed in it is looked at again. */
class Grouped {
  readonly groups: Map<number, TrialRecord[]> = new Map<number, TrialRecord[]>();
  readonly #groupOf: GroupOf;
  readonly #seen: TrialRecord[] = [];

  constructor(groupOf: GroupOf) {
    this.#groupOf = groupOf;
  }

  /** Whether the list begins with the numbers of the last one, so that this can follow it. */
  follow(trials: readonly TrialRecord[]): boolean {
    if (trials.length < this.#seen.length) return false;
    for (let index = 0; index < trials.length; index += 1) {
      const [before, now] = [this.#seen[index], trials[index]];
      if (before === now || now === undefined) continue;
      if (before !== undefined && before.number !== now.number) return false;
      if (before !== undefined) this.#change(before, 1);
      this.#change(now, 0);
      this.#seen[index] = now;
    }
    return true;
  }

  /** Takes a trial into its group, which is in the order of numbers, or with `removed` 1 out of it. */
  #change(trial: TrialRecord, removed: 0 | 1): void {
    const key = this.#groupOf(trial);
    if (key === undefined) return;
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = []));
    const place = placeOf(group, ({ number }) => number < trial.number);
    if (removed === 1) group.splice(place, 1);
    else group.splice(place, 0, trial);
  }
}

const known = new WeakMap<Criteria, Map<GroupOf, Grouped>>();

/** A study's trials by group, in the order of their numbers; to be read before the next call. */
export function groupsOf({ trials, criteria }: Pick<History, 'trials' | 'criteria'>, groupOf: GroupOf): Groups {
  let ways = known.get(criteria);
  if (ways === undefined) known.set(criteria, (ways = new Map()));
  let grouped = ways.get(groupOf);
  if (grouped?.follow(trials) !== true) {
    grouped = new Grouped(groupOf);
    grouped.follow(trials);
    ways.set(groupOf, grouped);
  }
  return grouped.groups;
}

/** Groups by bracket, whose number the origin holds. */
export const bracketOf: GroupOf = ({ origin: { bracket } }) => (typeof bracket === 'number' ? bracket : undefined);

/** Groups by the step that a trial trains up to; those without a budget are in group 0. */
export const stepOf: GroupOf = ({ budget }) => budget?.step ?? 0;

/** Group 1 has those that are on their way to their step, rather than there or ended. */
export const movingOf: GroupOf = ({ state }) => (state === 'running' || state === 'waiting' ? 1 : undefined);
