import { atStep } from '../study/at-step.ts';
import { rankTrials } from '../study/ranking.ts';
import type { TrialRecord } from '../study/trial-record.ts';
import { defineEarlyStopping } from './early-stopping.ts';
import type { EarlyStoppingFactory, EarlyStoppingInput, StopAdvice } from './early-stopping.ts';
import { checkRungs, hyperbandBrackets } from './rungs.ts';
import type { RungOptions } from './rungs.ts';

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
  const ranked = rankTrials([...others, own], criteria);
  const place = ranked.indexOf(own) + 1;
  const room = Math.max(1, Math.floor(ranked.length / eta));
  return { stop: place > room, reason: `number ${place} of ${ranked.length} at step ${rung}, where ${room} go on` };
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
  check: ({ min, eta }) => checkRungs({ min, max: min, eta }),
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

/**
 * As {@link ashaStopping}, hedged: the trials go to Hyperband's brackets in turn, by their numbers, and those of a
 * bracket are compared with each other, from a later first rung in each.
 *
 * Source: Li et al., "Hyperband", JMLR 2018; the brackets are those of `hyperbandBrackets`.
 */
export const hyperbandStopping: EarlyStoppingFactory<HyperbandStoppingOptions> =
  defineEarlyStopping<HyperbandStoppingOptions>({
    name: 'hyperband',
    defaults: { min: 1, max: 81, eta: 3 },
    check: checkRungs,
    advise: (input, options) => {
      const brackets = hyperbandBrackets(options);
      const total = brackets.reduce((sum, { counts }) => sum + (counts[0] ?? 0), 0);
      const bracketOf = ({ number }: TrialRecord): number => {
        let left = number % total;
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
