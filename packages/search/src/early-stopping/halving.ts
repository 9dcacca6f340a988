/** Successive halving as an early stopping: no trial is paused; one that is not among the best at a rung ends there. */
import { atStep } from '../study/at-step.ts';
import {
  compareSingle,
  losses,
  nonDominatedSort,
  rankTrials,
  totalViolation,
  type Criteria,
} from '../study/ranking.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import {
  defineEarlyStopping,
  type EarlyStoppingFactory,
  type EarlyStoppingInput,
  type StopAdvice,
} from './early-stopping.ts';
import { checkRungs, hyperbandBrackets, rungLimits, type RungOptions } from './rungs.ts';

/** The options of {@link ashaStopping}. */
export interface AshaStoppingOptions {
  /** The step of the first rung; the others are at eta, eta², … times as many. Default 1. */
  readonly min: number;
  /** One of so many trials goes on at each rung. Default 3. */
  readonly eta: number;
}

/** The last rung that a trial came past with its latest report. */
function rungReached({ reports }: TrialRecord, min: number, eta: number): number | undefined {
  const [before, now] = [reports.at(-2)?.step ?? -1, reports.at(-1)?.step ?? -1];
  let rung: number | undefined;
  for (let step = min; step <= now; step *= eta) if (step > before) rung = step;
  return rung;
}

/** How many of the others rank before a trial; of several objectives only its own front is put in order. */
function ranksBefore(others: readonly TrialRecord[], own: TrialRecord, criteria: Criteria): number {
  if (criteria.objectives.length === 1) return others.filter((other) => compareSingle(other, own, criteria) < 0).length;
  const all = [...others, own];
  const feasible = all.filter((trial) => totalViolation(trial, criteria) === 0);
  const fronts = nonDominatedSort(feasible.map((trial) => losses(trial, criteria)));
  const levels = new Map(feasible.map((trial, index) => [trial, fronts[index]]));
  const levelOf = (trial: TrialRecord): number => levels.get(trial) ?? Infinity;
  const level = levelOf(own);
  const beside = all.filter((trial) => levelOf(trial) === level);
  return all.filter((trial) => levelOf(trial) < level).length + rankTrials(beside, criteria).indexOf(own);
}

/** Whether a trial that has just come to a rung is among the best of those that were there. */
function judge(
  { history, trial }: EarlyStoppingInput,
  rung: number | undefined,
  eta: number,
  isPeer: (other: TrialRecord) => boolean,
): StopAdvice {
  if (rung === undefined) return { stop: false, reason: 'it is not at a rung' };
  const { criteria } = history;
  const own = atStep(trial, rung, criteria);
  if (own === undefined) return { stop: false, reason: `not every objective was reported at step ${rung}` };
  const others = history.trials
    .filter((other) => other.number !== trial.number && isPeer(other))
    .flatMap((other) => atStep(other, rung, criteria) ?? []);
  const place = ranksBefore(others, own, criteria) + 1;
  const count = others.length + 1;
  const room = Math.max(1, Math.floor(count / eta));
  return { stop: place > room, reason: `number ${place} of ${count} at step ${rung}, where ${room} go on` };
}

/**
 * Ends a trial at a rung unless it is among the best 1/eta of those that came there before: successive halving without
 * waiting for anyone. With several objectives the best are those of the first fronts, and of a front those that stand
 * most alone. A trial is judged with the first report at or past a rung: ask after every report.
 *
 * Source: Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020 (ASHA), in its stopping form;
 * Schmucker et al., "Multi-objective asynchronous successive halving", 2021, for several objectives.
 */
export const ashaStopping: EarlyStoppingFactory<AshaStoppingOptions> = defineEarlyStopping<AshaStoppingOptions>({
  name: 'asha',
  defaults: { min: 1, eta: 3 },
  limits: { min: rungLimits.min, eta: rungLimits.eta },
  advise: (input, { min, eta }) => judge(input, rungReached(input.trial, min, eta), eta, () => true),
});

/** The options of {@link hyperbandStopping}. */
export interface HyperbandStoppingOptions extends RungOptions {
  /** The step of the first rung of the bracket that halves most. Default 1. */
  readonly min: number;
  /** The step at which trials end by themselves. Default 81. */
  readonly max: number;
  /** One of so many trials goes on at each rung. Default 3. */
  readonly eta: number;
}

const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * As {@link ashaStopping}, hedged: the trials are spread over Hyperband's brackets by their numbers, in proportion to
 * what these begin with, and those of a bracket are compared with each other, from a later first rung in each.
 *
 * Source: Li et al., "Hyperband", JMLR 2018; the brackets are those of `hyperbandBrackets`.
 */
export const hyperbandStopping: EarlyStoppingFactory<HyperbandStoppingOptions> =
  defineEarlyStopping<HyperbandStoppingOptions>({
    name: 'hyperband',
    defaults: { min: 1, max: 81, eta: 3 },
    limits: rungLimits,
    check: checkRungs,
    advise: (input, options) => {
      const brackets = hyperbandBrackets(options);
      const total = brackets.reduce((sum, { counts }) => sum + (counts[0] ?? 0), 0);
      const bracketOf = ({ number }: TrialRecord): number => {
        // Multiples of the golden ratio share out any few trials as they do all of them.
        let left = ((number * goldenRatio) % 1) * total;
        return brackets.findIndex(({ counts }) => (left -= counts[0] ?? 0) < 0);
      };
      const own = bracketOf(input.trial);
      const steps = brackets[own]?.steps ?? [];
      const [before, now] = [input.trial.reports.at(-2)?.step ?? -1, input.trial.reports.at(-1)?.step ?? -1];
      // The last step is the end, where nobody has to be better than others.
      const rung = steps.slice(0, -1).findLast((step) => step <= now && step > before);
      return judge(input, rung, options.eta, (other) => bracketOf(other) === own);
    },
  });
