/** Measures a model on a dataset; what it records is kept, so that measuring again is cheap. */
import { ArgumentError, compile, noGrad, wideFloat, zeros, type Compiled, type Tensor } from '@espalier/tensor';
import { aPositiveInteger, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import { show } from '../config/fields.ts';
import { prepared, type Dataset, type Loaded } from '../data/dataset.ts';
import { batches, evenBatchSize, inOrder } from '../data/order.ts';
import type { Metrics, MetricValues, Statistic } from '../metrics/metric.ts';
import { callContext, someTaps, type CallContext, type Tap } from '../module/call-context.ts';
import type { Module } from '../module/module.ts';
import { breather } from './breathe.ts';
import { checkMeasuring } from './check-options.ts';
import { inEvaluation } from './evaluation-mode.ts';
import { aSignal, throwIfAborted, type AbortSignalLike } from './signal.ts';
import { findWrongTarget, type Judge } from './targets.ts';

/** How a dataset is gone through. */
export interface EvaluateOptions {
  /** About how many examples go through the model at once. Default: 500. */
  readonly batchSize?: number;
  readonly signal?: AbortSignalLike;
  /** See, or replace, what goes in and out of modules; what is to last of it, they assign to tensors. */
  readonly taps?: readonly Tap[];
}

/** What the options of going through a dataset have to be. */
export const evaluateRules: OptionRules<EvaluateOptions> = {
  batchSize: aPositiveInteger,
  signal: aSignal,
  taps: someTaps,
};

/** What a value is that is no metric, and what to write instead. */
function mistake(name: string, value: unknown): string {
  if (typeof value === 'function')
    return `is a function: call it to make a metric: { ${name}: ${value.name || name}() }`;
  if (value === undefined || value === null) return `is ${value}: give a metric, such as accuracy`;
  const found = typeof value === 'object' ? 'an object without statistic and value' : show(value);
  return `is ${found}: give a metric, such as accuracy or f1()`;
}

/** @throws {ArgumentError} that names what is no metric. */
export function checkMetrics(operation: string, metrics: Metrics): void {
  const given: unknown = metrics;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ArgumentError(operation, 'metrics must be an object of metrics by name, such as { accuracy }');
  }
  for (const [name, metric] of Object.entries(
    given as Readonly<Record<string, Partial<Metrics[string]> | undefined>>,
  )) {
    const { count, shape } = metric?.statistic ?? {};
    if (typeof metric?.value === 'function' && typeof count === 'function' && typeof shape === 'function') continue;
    throw new ArgumentError(operation, `metrics.${name} ${mistake(name, metric)}`);
  }
}

/** A model, a dataset and metrics, ready to be measured as often as wanted. */
export class Evaluator<M extends Metrics> {
  readonly #model: Module;
  readonly #data: Dataset;
  readonly #metrics: M;
  readonly #parts: readonly Int32Array[];
  readonly #statistics: readonly Statistic[];
  readonly #step: Compiled<[Loaded], Tensor>;
  readonly #context: CallContext | undefined;
  #totals: readonly Tensor[] = [];

  constructor(model: Module, data: Dataset, metrics: M, batchSize = 500, taps?: readonly Tap[]) {
    checkMetrics('evaluate', metrics);
    checkMeasuring('evaluate', model, data, batchSize);
    this.#model = model;
    this.#data = data;
    this.#metrics = metrics;
    this.#parts = batches(inOrder(data.size), evenBatchSize(data.size, batchSize));
    this.#statistics = [...new Set(Object.values(metrics).map(({ statistic }) => statistic))];
    this.#context = taps && callContext({ taps });
    this.#step = compile((loaded: Loaded) => this.#count(loaded));
  }

  /** Adds one batch to the totals. Returns a scalar, since a step must have a result. */
  #count(loaded: Loaded): Tensor {
    return noGrad(() => {
      const { x, y } = prepared('evaluate', this.#data, loaded);
      const output = this.#model.call(x, this.#context);
      for (const [index, statistic] of this.#statistics.entries()) {
        const total = this.#totals[index] as Tensor;
        total.assign(total.add(statistic.count(output, y, { x }).cast(total.dtype)));
      }
      return output.filled([], 0);
    });
  }

  /** The metrics of the model as it is now. */
  async measure(signal?: AbortSignalLike): Promise<MetricValues<M>> {
    const values = await inEvaluation(this.#model, async () => {
      const pause = breather(100);
      for (const [number, part] of this.#parts.entries()) {
        throwIfAborted(signal);
        const pending = this.#data.load(part);
        const loaded = pending instanceof Promise ? await pending : pending;
        if (number === 0) this.#reset(loaded);
        this.#step(loaded).dispose();
        for (const tensor of Object.values(loaded)) tensor.dispose();
        await pause();
      }
      return Promise.all(this.#totals.map(async (total) => Float64Array.from(await total.data())));
    });
    if (values.some((totals) => totals.some((total) => !Number.isFinite(total))))
      await findWrongTarget('evaluate', this.#model, this.#data, this.#judge);
    const entries = Object.entries(this.#metrics).map(([name, metric]) => [
      name,
      metric.value(values[this.#statistics.indexOf(metric.statistic)] as Float64Array),
    ]);
    return Object.fromEntries(entries) as MetricValues<M>;
  }

  /** All counts of a batch as one number. */
  readonly #judge: Judge = (output, target, context) => {
    const sums = this.#statistics.map(({ count }) => count(output, target, context).cast('f32').sum());
    return sums.reduce((sum, each) => sum.add(each), output.filled([], 0));
  };

  /** Totals start at 0; at first their shapes are found by a batch that is never computed. */
  #reset(loaded: Loaded): void {
    if (this.#totals.length === 0) {
      const output = noGrad(() => this.#model.call(prepared('evaluate', this.#data, loaded).x));
      const { device } = output;
      const dtype = wideFloat(output.dtype);
      this.#totals = this.#statistics.map((statistic) =>
        zeros(statistic.shape(output.shape.slice(1)), { device, dtype }).realizeSync(),
      );
      return;
    }
    for (const total of this.#totals) total.assign(total.filled(total.shape, 0));
  }

  /** Frees what was recorded. */
  dispose(): void {
    this.#step.dispose();
    for (const total of this.#totals) total.dispose();
    this.#totals = [];
  }
}

/**
 * The metrics of a model on a dataset, in evaluation mode; under the names they are given.
 * @throws {ArgumentError} naming the example for a label that is no class of the model's.
 *
 * @example
 * const { accuracy: share } = await evaluate(model, test, { accuracy });
 */
export async function evaluate<const M extends Metrics>(
  model: Module,
  data: Dataset,
  metrics: M,
  options: EvaluateOptions = {},
): Promise<MetricValues<M>> {
  const { batchSize, signal, taps } = checkOptions('evaluate', options, evaluateRules);
  const evaluator = new Evaluator(model, data, metrics, batchSize, taps);
  try {
    return await evaluator.measure(signal);
  } finally {
    evaluator.dispose();
  }
}
