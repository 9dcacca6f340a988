import type { JsonObject } from '../json.ts';
import type { EarlyStopping } from './early-stopping.ts';

/** Anything that makes an early stopping from stored options. */
export interface AnyEarlyStoppingFactory {
  (options?: JsonObject): EarlyStopping;
  readonly earlyStopping: string;
}

/** The early stoppings that can be found by name. */
export const builtInEarlyStoppings: readonly AnyEarlyStoppingFactory[] = [];
