/** Trials that others have in hand, and how a study would look if those others vanished. */
import { History, listsOf } from './history.ts';
import type { TrialRecord } from './trial-record.ts';

/** The trials that are running, but not among those in hand here. */
export function runningElsewhere(
  { running }: History,
  inHand: { has(number: number): boolean },
): readonly TrialRecord[] {
  return running.filter(({ number }) => !inHand.has(number));
}

/** A study as it would be if the workers of some trials vanished, so that these wait again. */
export function ifGivenBack(history: History, lost: readonly TrialRecord[]): History {
  const { revision, tried, criteria, finished } = history;
  const waiting = new Set(lost);
  const trials = history.trials.map((trial): TrialRecord =>
    waiting.has(trial) ? { ...trial, state: 'waiting' } : trial,
  );
  const ranked = criteria.objectives.length === 1 ? history.ranked : undefined;
  return new History({ revision, tried, criteria, lists: () => listsOf(trials, { finished, ranked }) });
}
