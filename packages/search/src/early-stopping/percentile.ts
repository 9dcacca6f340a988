/**
 * Stops a trial that lags behind what complete ones had at the same step: behind their median, or another part of them.
 */
import { countFrom } from '../limits.ts';
import { placeOf } from '../place-of.ts';
import { growing } from '../study/growing.ts';
import type { History } from '../study/history.ts';
import type { Criteria } from '../study/ranking.ts';
import { curveMetric, lossAt, lossesOf, type CurveMetric } from './curve.ts';
import {
  defineEarlyStopping,
  type EarlyStoppingFactory,
  type EarlyStoppingInput,
  type StopAdvice,
} from './early-stopping.ts';

/** The options of {@link medianStopping}. */
export interface MedianStoppingOptions {
  /** The reported metric; default: that of the first objective. */
  readonly metric: string | null;
  /** How many trials must be complete before any is stopped. Default 5. */
  readonly startup: number;
  /** Trials are not stopped up to this step. Default 0. */
  readonly warmup: number;
  /** How many complete trials must have come to the step. Default 1. */
  readonly minTrials: number;
}

/** The options of {@link percentileStopping}. */
export interface PercentileStoppingOptions extends MedianStoppingOptions {
  /** The part of complete trials, in percent, that a trial must keep up with. Default 25. */
  readonly percentile: number;
}

/** The value below which that part of sorted values lies, between neighbours by their distance. */
function quantile(sorted: readonly number[], part: number): number {
  const place = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? Infinity, sorted[Math.ceil(place)] ?? Infinity];
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}

/** By study, step and metric, what keeps the losses that complete trials had there. */
const known = new WeakMap<Criteria, Map<string, (history: History) => number[]>>();

/** The losses at a step of the complete trials that came so far, from least to most. */
function lossesAt(history: History, step: number, metric: CurveMetric): readonly number[] {
  const ofStudy = known.get(history.criteria) ?? new Map<string, (history: History) => number[]>();
  known.set(history.criteria, ofStudy);
  const key = `${step} ${metric.metric}`;
  let grown = ofStudy.get(key);
  if (grown === undefined) {
    grown = growing<number[]>(
      () => [],
      (sorted, trial) => {
        const came = trial.state === 'complete' && (trial.reports.at(-1)?.step ?? -1) >= step;
        const loss = came ? lossAt(trial, step, metric) : undefined;
        if (loss === undefined) return sorted;
        const place = placeOf(sorted, (other) => other < loss);
        sorted.splice(place, 0, loss);
        return sorted;
      },
    );
    ofStudy.set(key, grown);
  }
  return grown(history);
}

function advise({ history, trial }: EarlyStoppingInput, options: PercentileStoppingOptions): StopAdvice {
  const metric = curveMetric(options.metric, history.criteria);
  const step = trial.reports.at(-1)?.step;
  const own = lossesOf(trial.reports, metric);
  const keep = (reason: string): StopAdvice => ({ stop: false, reason });
  if (step === undefined || own.length === 0) return keep(`no ${metric.metric} was reported`);
  if (step <= options.warmup) return keep(`step ${step} is within the warm-up of ${options.warmup}`);
  const complete = history.finished.filter(({ state }) => state === 'complete');
  if (complete.length < options.startup) return keep(`${complete.length} of ${options.startup} trials are complete`);
  const others = lossesAt(history, step, metric);
  if (others.length < Math.max(1, options.minTrials)) return keep(`${others.length} trials have come to step ${step}`);
  const bar = quantile(others, options.percentile / 100);
  const best = own.reduce((least, { loss }) => Math.min(least, loss), Infinity);
  const reason = `its best ${metric.metric} up to step ${step} is ${best > bar ? 'worse' : 'no worse'} than the best ${options.percentile} % there`;
  return { stop: best > bar, reason };
}

const limits = { startup: countFrom(0), warmup: countFrom(0), minTrials: countFrom(0) };

const defaults: MedianStoppingOptions = { metric: null, startup: 5, warmup: 0, minTrials: 1 };

/**
 * Ends a trial whose best so far is worse than what a part of the complete trials had at the same step.
 *
 * Source: as {@link medianStopping}, with another part.
 */
export const percentileStopping: EarlyStoppingFactory<PercentileStoppingOptions> =
  defineEarlyStopping<PercentileStoppingOptions>({
    name: 'percentile',
    defaults: { ...defaults, percentile: 25 },
    limits,
    check: ({ percentile }) =>
      percentile >= 0 && percentile <= 100 ? undefined : `percentile is ${percentile}: give a number from 0 to 100`,
    advise,
  });

/**
 * Ends a trial whose best so far is worse than the median of the complete trials at the same step.
 *
 * Source: Golovin et al., "Google Vizier: a service for black-box optimization", KDD 2017, section 3.2, comparing values
 * at the step rather than running means.
 */
export const medianStopping: EarlyStoppingFactory<MedianStoppingOptions> = defineEarlyStopping<MedianStoppingOptions>({
  name: 'median',
  defaults,
  limits,
  advise: (input, options) => advise(input, { ...options, percentile: 50 }),
});
