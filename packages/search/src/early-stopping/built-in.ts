/** The early stoppings of this package, listed once: a study stores a name, and finds its early stopping here. */
import type { JsonObject } from '../json.ts';
import type { EarlyStopping } from './early-stopping.ts';
import { ashaStopping, hyperbandStopping } from './halving.ts';
import { patienceStopping } from './patience.ts';
import { medianStopping, percentileStopping } from './percentile.ts';
import { thresholdStopping } from './threshold.ts';

/** Anything that makes an early stopping from stored options. */
export interface AnyEarlyStoppingFactory {
  (options?: JsonObject): EarlyStopping;
  readonly earlyStopping: string;
}

/** The early stoppings that can be found by name. */
export const builtInEarlyStoppings: readonly AnyEarlyStoppingFactory[] = [
  medianStopping,
  percentileStopping,
  thresholdStopping,
  patienceStopping,
  ashaStopping,
  hyperbandStopping,
] as readonly AnyEarlyStoppingFactory[];
