/** What can be said about quantization. */
import type { ParameterFilter } from '../selection/parameter-filter.ts';
import type { WeightFormat } from './number-format.ts';
import type { ObserverConfig } from './observers.ts';

/** How many weights share a scale: all of a tensor, or those of one output channel (an index of the first axis). */
export type Granularity = 'tensor' | 'channel';

/** Options of quantization. */
export interface QuantizeOptions extends ParameterFilter {
  /** The format of weights, one of `numberFormats`. Default: `int8`. */
  readonly weights?: WeightFormat;
  /** Default: `channel`. */
  readonly granularity?: Granularity;
  /** How the range of weights that share a scale is found. Default: `min-max`. */
  readonly observer?: ObserverConfig['type'] | ObserverConfig;
  /**
   * Narrows each range to where the error at the output is least, as examples of the training data show it. `true` takes
   * 256 of them. Default: false.
   */
  readonly calibrate?: boolean | { readonly examples: number };
}
