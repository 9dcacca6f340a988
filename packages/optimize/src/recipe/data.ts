/** The data that optimization works with. */
import type { Dataset } from '@espalier/nn';

/** Examples by what they may be used for. */
export interface OptimizationData {
  /** Training, and calibration. */
  readonly train?: Dataset;
  /** Every decision. */
  readonly validate?: Dataset;
  /** The report at the end, and nothing else. */
  readonly test?: Dataset;
}
