/** What can be said about quantization. */
import type { TrainingConfig } from '../recipe/training-config.ts';
import type { ParameterFilter } from '../selection/parameter-filter.ts';
import type { ActivationOptions } from './activations/round-activations.ts';
import type { WeightFormat } from './number-format.ts';
import type { ObserverConfig } from './observers/observers.ts';

/**
 * How many weights share a scale: all of a tensor, those of one output channel (an index of the first axis), or a group of those. By
 * what is `fitting`, those of a channel, and where that would lose more than a twenty-thousandth of the energy of a weight, groups of 8
 * (of 32 below 8 bits); weights of depthwise convolutions stay as they are.
 */
export type Granularity = 'tensor' | 'channel' | 'group' | 'fitting';

/** Options of quantization. */
export interface QuantizeOptions extends ParameterFilter {
  /** The format of weights, one of `numberFormats`. Default: `int8`. */
  readonly weights?: WeightFormat;
  /**
   * Whether what weights are multiplied with is rounded to 8 bits as well: with a scale for each of its rows, found as it is
   * there (`dynamic`), or by a scale that examples of the training data show (`static`). Default: it is not.
   */
  readonly activations?: ActivationOptions['type'] | ActivationOptions;
  /**
   * Trains the model as it will be when it is rounded (quantization-aware training), instead of rounding it as it is. Default:
   * it is not trained, but for what the other passes of its stage ask for.
   */
  readonly train?: TrainingConfig;
  /**
   * What becomes of scales in training: `learned` ones, of weights and static ones of activations, are trained with the weights,
   * from 2 · mean |w| / √(largest code) on; `fixed` ones stay. Default: `learned` with `train`, else `fixed`.
   */
  readonly steps?: 'fixed' | 'learned';
  /**
   * Adds to the bias of each layer what rounding takes off the mean of its outputs, layer by layer, as examples of the training
   * data show it. `true` takes 256 examples. Default: false.
   */
  readonly correctBiases?: boolean | { readonly examples: number };
  /** Default: `channel`, or `group` where a group is given. */
  readonly granularity?: Granularity;
  /** How many weights of a channel share a scale, with the granularity `group`. Default: 32. */
  readonly group?: number;
  /** Whether weights that share a scale have a zero point, so that their range need not lie around 0. Default: false. */
  readonly zeros?: boolean;
  /**
   * Whether weights that share a scale keep their sum to about half a step: where the errors of rounding add up to more, some are rounded the
   * other way. Learned scales have no such rounding. Default: true with the granularity `fitting`.
   */
  readonly keepSums?: boolean;
  /** How the range of weights that share a scale is found. Default: `min-max`. */
  readonly observer?: ObserverConfig['type'] | ObserverConfig;
  /**
   * Narrows each range to where the error at the output is least, as examples of the training data show it. `true` takes
   * 256 of them. Default: false.
   */
  readonly calibrate?: boolean | { readonly examples: number };
}
