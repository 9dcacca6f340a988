import { curveMetric, lossAt, lossesOf } from './curve.ts';
import { defineEarlyStopping } from './early-stopping.ts';
import type { EarlyStoppingFactory, EarlyStoppingInput, StopAdvice } from './early-stopping.ts';

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

function advise({ history, trial }: EarlyStoppingInput, options: PercentileStoppingOptions): StopAdvice {
  const metric = curveMetric(options.metric, history.criteria);
  const step = trial.reports.at(-1)?.step;
  const own = lossesOf(trial.reports, metric);
  const keep = (reason: string): StopAdvice => ({ stop: false, reason });
  if (step === undefined || own.length === 0) return keep(`no ${metric.metric} was reported`);
  if (step <= options.warmup) return keep(`step ${step} is within the warm-up of ${options.warmup}`);
  const complete = history.finished.filter(({ state }) => state === 'complete');
  if (complete.length < options.startup) return keep(`${complete.length} of ${options.startup} trials are complete`);
  const others = complete
    .filter(({ reports }) => (reports.at(-1)?.step ?? -1) >= step)
    .flatMap((other) => lossAt(other, step, metric) ?? []);
  if (others.length < Math.max(1, options.minTrials)) return keep(`${others.length} trials have come to step ${step}`);
  const bar = quantile(
    others.toSorted((a, b) => a - b),
    options.percentile / 100,
  );
  const best = own.reduce((least, { loss }) => Math.min(least, loss), Infinity);
  const reason = `its best ${metric.metric} up to step ${step} is ${best > bar ? 'worse' : 'no worse'} than the best ${options.percentile} % there`;
  return { stop: best > bar, reason };
}

function check({ startup, warmup, minTrials }: MedianStoppingOptions): string | undefined {
  for (const [name, value] of Object.entries({ startup, warmup, minTrials })) {
    if (!Number.isSafeInteger(value) || value < 0) return `${name} is ${value}: give a whole number from 0`;
  }
  return undefined;
}

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
    check: (options) =>
      options.percentile >= 0 && options.percentile <= 100
        ? check(options)
        : `percentile is ${options.percentile}: give a number from 0 to 100`,
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
  check,
  advise: (input, options) => advise(input, { ...options, percentile: 50 }),
});
