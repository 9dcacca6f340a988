/** Brackets of synchronous successive halving, played from the history: who is at which rung, and who goes on. */
import type { Bracket } from '../../early-stopping/rungs.ts';
import type { History } from '../../study/history.ts';
import { atStep } from '../../study/at-step.ts';
import { compareSingle, rankTrials } from '../../study/ranking.ts';
import { isFinished, type Origin, type TrialRecord } from '../../study/trial-record.ts';
import type { Decision, StrategyInput } from '../strategy.ts';
import { bracketOf, groupsOf } from './groups.ts';

/** The rung that a trial is at, or on its way to: the last whose step its budget covers. */
export function rungOf({ budget }: TrialRecord, steps: readonly number[]): number {
  return rungAt(budget?.step ?? 0, steps);
}

/** The last rung whose step is at most this one; -1 below the first. */
export function rungAt(step: number, steps: readonly number[]): number {
  let rung = steps.length - 1;
  while (rung >= 0 && (steps[rung] ?? 0) > step) rung -= 1;
  return rung;
}

/** Whether a trial is on its way to its rung, rather than there or lost. */
export function isMoving(trial: TrialRecord): boolean {
  return trial.state !== 'paused' && !isFinished(trial);
}

/** The best of the trials that are paused at a step. */
export function bestPaused(
  trials: readonly TrialRecord[],
  step: number,
  { criteria }: Pick<History, 'criteria'>,
): TrialRecord | undefined {
  // What a trial told at a pause is what it is compared by there.
  const isThere = ({ state, budget }: TrialRecord): boolean => state === 'paused' && budget?.step === step;
  if (criteria.objectives.length > 1) {
    return rankTrials(
      trials.filter(isThere).flatMap((trial) => atStep(trial, step, criteria) ?? []),
      criteria,
    )[0];
  }
  let best: TrialRecord | undefined;
  for (const trial of trials) {
    if (isThere(trial) && (best === undefined || compareSingle(trial, best, criteria) < 0)) best = trial;
  }
  return best;
}

/** The budget of a rung: the last one completes the trial. */
export function budgetOf(steps: readonly number[], rung: number): { readonly step: number; readonly last: boolean } {
  return { step: steps[rung] ?? 1, last: rung >= steps.length - 1 };
}

/** By its first trial, the shape of a bracket that is over: nothing more ever happens in it. */
const over = new WeakMap<TrialRecord, string>();

/** What a bracket does next: resume a trial, or nothing as it waits for running trials, or is over. */
export function advance(
  { steps, counts }: Bracket,
  members: readonly TrialRecord[],
  history: History,
): Decision | 'waiting' | 'over' {
  for (let rung = 0; rung < steps.length - 1; rung += 1) {
    if (members.some((trial) => isMoving(trial) && rungOf(trial, steps) === rung)) return 'waiting';
    const promoted = members.filter((trial) => rungOf(trial, steps) > rung).length;
    if (promoted >= (counts[rung + 1] ?? 0)) continue;
    const best = bestPaused(members, steps[rung] ?? 0, history);
    if (best !== undefined) return { type: 'resume', trial: best.number, budget: budgetOf(steps, rung + 1) };
  }
  return members.some(isMoving) ? 'waiting' : 'over';
}

/** How brackets follow each other. */
export interface BracketPlan {
  /** The brackets, taken in turn, again and again. */
  readonly brackets: readonly Bracket[];
  /** Whether a bracket must be over before the next begins; else the next begins while trials of one are awaited. */
  readonly waits: boolean;
  /** A new config for a bracket. */
  readonly sample: (bracket: Bracket) => Decision;
}

/** What tells a bracket's shape from another's. */
export function shapeOf({ steps, counts }: Bracket): string {
  return `${steps.join()} ${counts.join()}`;
}

/** Marks a new config as one of a bracket, with the budget of its first rung. */
export function enter(decision: Decision, { steps }: Bracket, more: Omit<Origin, 'operator'>): Decision {
  if (decision.type !== 'try') return decision;
  return { ...decision, origin: { ...decision.origin, ...more }, budget: budgetOf(steps, 0) };
}

/**
 * Synchronous successive halving in brackets: a bracket fills its first rung with new trials; once all of a rung are
 * there, the best go on, as many as the next has room for.
 */
export function runBrackets({ history }: StrategyInput, { brackets, waits, sample }: BracketPlan): Decision {
  const groups = groupsOf(history, bracketOf);
  const shapes = brackets.map(shapeOf);
  let [waiting, exhausted] = [false, 'there is no bracket'];
  for (let number = 0; ; number += 1) {
    const bracket = brackets[number % brackets.length];
    const members = groups.get(number) ?? [];
    if (bracket === undefined) break;
    if (members.length < (bracket.counts[0] ?? 0)) {
      const next = enter(sample(bracket), bracket, { bracket: number });
      if (next.type !== 'exhausted') return next;
      // The space has run out: the bracket goes on with what it has.
      exhausted = next.reason;
      if (members.length === 0) break;
    }
    const [first] = members;
    const shape = shapes[number % brackets.length] ?? '';
    if (first !== undefined && over.get(first) === shape) continue;
    const next = advance(bracket, members, history);
    if (typeof next === 'object') return next;
    if (next === 'over' && first !== undefined && members.length >= (bracket.counts[0] ?? 0)) over.set(first, shape);
    if (next === 'waiting') {
      if (waits) return { type: 'wait', reason: `bracket ${number} waits for trials that are running` };
      waiting = true;
    }
  }
  return waiting
    ? { type: 'wait', reason: 'the brackets wait for trials that are running' }
    : { type: 'exhausted', reason: exhausted };
}
