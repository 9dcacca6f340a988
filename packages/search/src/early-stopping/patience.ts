/** Stops a trial by its own curve alone: when it has not got better for too long. */
import { atLeastZero, countFrom } from '../limits.ts';
import { curveMetric, lossesOf } from './curve.ts';
import { defineEarlyStopping, type EarlyStoppingFactory } from './early-stopping.ts';

/** The options of {@link patienceStopping}. */
export interface PatienceStoppingOptions {
  /** The reported metric; default: that of the first objective. */
  readonly metric: string | null;
  /** How many steps a trial may go on without getting better. Default 5. */
  readonly patience: number;
  /** By how much better it must get for that to count, in the metric's unit. Default 0. */
  readonly minDelta: number;
}

/** Ends a trial whose curve has not got better for some steps. Other trials do not matter. */
export const patienceStopping: EarlyStoppingFactory<PatienceStoppingOptions> =
  defineEarlyStopping<PatienceStoppingOptions>({
    name: 'patience',
    defaults: { metric: null, patience: 5, minDelta: 0 },
    limits: { patience: countFrom(1), minDelta: atLeastZero },
    advise: ({ history, trial }, { metric, patience, minDelta }) => {
      const wanted = curveMetric(metric, history.criteria);
      const curve = lossesOf(trial.reports, wanted);
      let [best, since] = [Infinity, curve[0]?.step ?? 0];
      for (const { step, loss } of curve) if (loss < best - minDelta) [best, since] = [loss, step];
      const idle = (curve.at(-1)?.step ?? since) - since;
      return { stop: idle >= patience, reason: `${wanted.metric} has not got better for ${idle} steps` };
    },
  });
