/** Metrics: small counts that add up over batches on the device, and a value read from them at the end. */
import type { Shape, Tensor } from '@espalier/tensor';

/** Counts over a batch whose sum over batches is all a metric needs. Metrics that share a statistic share its cost. */
export interface Statistic {
  /** The shape of the counts, from the shape of one output example. */
  readonly shape: (output: Shape) => Shape;
  /** f32 counts of one batch; NaN where a target is none. Recorded into the evaluation step. */
  readonly count: (output: Tensor, target: Tensor, context: { readonly x: Tensor }) => Tensor;
}

/** A number, or something richer, that says how good outputs are. */
export interface Metric<Value = number> {
  readonly statistic: Statistic;
  /** From the counts of all batches, row-major. */
  readonly value: (totals: Float64Array) => Value;
  /** What better means, for early stopping and search. */
  readonly direction: 'maximize' | 'minimize';
}

/** Metrics by the names their values are reported under. */
export type Metrics = Readonly<Record<string, Metric<unknown>>>;

/** The values of metrics, under the same names. */
export type MetricValues<M extends Metrics> = {
  readonly [Name in keyof M]: M[Name] extends Metric<infer Value> ? Value : never;
};
