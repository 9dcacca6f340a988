/** Stops a trial whose metric leaves a range that nothing good leaves: a loss that has exploded, or is no number. */
import { own } from '../json.ts';
import { aName, anyNumber, atLeastZero, orNull } from '../limits.ts';
import { defineEarlyStopping, type EarlyStoppingFactory } from './early-stopping.ts';

/** The options of {@link thresholdStopping}. */
export interface ThresholdStoppingOptions {
  /** The reported metric; default: that of the first objective. */
  readonly metric: string | null;
  /** The least value that may go on. Default: any. */
  readonly lower: number | null;
  /** The greatest value that may go on. Default: any. */
  readonly upper: number | null;
  /** Trials are not stopped up to this step. Default 0. */
  readonly warmup: number;
}

/** Ends a trial whose metric leaves a range, or is NaN. */
export const thresholdStopping: EarlyStoppingFactory<ThresholdStoppingOptions> =
  defineEarlyStopping<ThresholdStoppingOptions>({
    name: 'threshold',
    defaults: { metric: null, lower: null, upper: null, warmup: 0 },
    limits: {
      metric: orNull(aName),
      lower: orNull(anyNumber),
      upper: orNull(anyNumber),
      warmup: atLeastZero,
    },
    check: ({ lower, upper }) =>
      lower !== null && upper !== null && lower > upper
        ? `the range is ${lower} to ${upper}: give the smaller number first`
        : undefined,
    advise: ({ history, trial }, { metric, lower, upper, warmup }) => {
      const name = metric ?? history.criteria.objectives[0]?.metric ?? '';
      const last = trial.reports.at(-1);
      const value = own(last?.metrics ?? {}, name);
      if (last === undefined || value === undefined) return { stop: false, reason: `no ${name} was reported` };
      const within = value >= (lower ?? -Infinity) && value <= (upper ?? Infinity);
      const reason = `${name} is ${value} at step ${last.step}`;
      return { stop: !within && last.step > warmup, reason };
    },
  });
