/** What products with encoded matrices cost on a device, beside dense ones. */
import type { EncodedLayout } from '../kernel/spec.ts';

/**
 * Microseconds, fitted by hand to what `tools/bench/crossover.ts` measures: they decide between the arrays of a matrix and its
 * dense form. They are kept in the source, so that a choice depends on shapes and never on a clock.
 */
export interface EncodedCosts {
  /** A product from arrays more than a dense one, before anything is multiplied. */
  readonly call: number;
  /** Laying windows out, whatever their number, and one element of a window. */
  readonly windowsCall: number;
  readonly window: number;
  /** A multiply-accumulate of a dense product of many rows, or of windows, and of few rows. */
  readonly dense: number;
  readonly denseFewRows: number;
  /** From how many rows on they are many. */
  readonly manyRows: number;
  /** A multiply-accumulate with an element that a layout stores; absent for one that was not measured. */
  readonly stored: Readonly<Partial<Record<EncodedLayout, number>>>;
}
