/** What recovery can be told. */
import { aNumber, aPositiveInteger, checkOptions, type OptionRules } from '@espalier/tensor/arguments';

/** How what was lost is brought back. */
export interface RecoverOptions {
  /** How often all texts are gone through. Default: 3. */
  readonly epochs?: number;
  /** The largest, of AdamW, which falls to 0. Default: 0.00005 under grids, else 0.0002; ten times that with a rank. */
  readonly learningRate?: number;
  /** Tokens of a row; of texts to embed, several share one. Default: 128. */
  readonly length?: number;
  /** Rows of a step. Default: 8. */
  readonly batch?: number;
  /** Of how many rows, spread evenly, the layers' inputs are measured before. Default: 64. */
  readonly calibrate?: number;
  /**
   * Trains changes of so low a rank in place of the matrices, with scales, norms and biases (`lowRank` of `optimize`): less memory, and
   * little is forgotten where texts are few. Default: the matrices themselves.
   */
  readonly rank?: number;
}

const rules: OptionRules<RecoverOptions> = {
  epochs: aPositiveInteger,
  learningRate: aNumber,
  length: aPositiveInteger,
  batch: aPositiveInteger,
  calibrate: aPositiveInteger,
  rank: aPositiveInteger,
};

/** @throws {ArgumentError} for options that cannot be. */
export function checkRecover(place: string, options: RecoverOptions): void {
  checkOptions(place, options, rules);
}
