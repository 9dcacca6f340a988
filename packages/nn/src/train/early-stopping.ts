/** Keeps the best epoch, and says when waiting for a better one has lasted long enough. */
import { ArgumentError, type Tensor } from '@espalier/tensor';
import type { Metric } from '../metrics/metric.ts';
import type { EarlyStopping } from './options.ts';

/** The best epoch so far. */
export interface Best {
  readonly epoch: number;
  readonly value: number;
}

/** Watches one metric. */
export class Stopper {
  readonly #options: EarlyStopping;
  readonly #sign: 1 | -1;
  #found: Best | undefined;
  #values: ReadonlyMap<string, Tensor> | undefined;

  /** @throws {ArgumentError} if the metric is not measured. */
  constructor(options: EarlyStopping, metrics: Readonly<Record<string, Metric>>) {
    const own = Object.hasOwn(metrics, options.metric) ? metrics[options.metric] : undefined;
    const watched = options.metric === 'loss' ? { direction: 'minimize' } : own;
    if (!watched)
      throw new ArgumentError(
        'fit',
        `early stopping watches '${options.metric}', which is not measured; measured are ${['loss', ...Object.keys(metrics)].join(', ')}`,
      );
    this.#options = options;
    this.#sign = watched.direction === 'maximize' ? 1 : -1;
  }

  /** The best epoch so far. */
  get best(): Best | undefined {
    return this.#found;
  }

  /** The model's values of the best epoch; only if they are to be restored. */
  get bestState(): ReadonlyMap<string, Tensor> | undefined {
    return this.#values;
  }

  /** Goes on from a checkpoint. */
  restore(best: Best | undefined, values: ReadonlyMap<string, Tensor> | undefined): void {
    this.#found = best;
    this.#values = values;
  }

  /** Takes in an epoch; `state` is asked for only if it is the best one. */
  record(epoch: number, measured: Readonly<Record<string, number>>, state: () => ReadonlyMap<string, Tensor>): void {
    const value = measured[this.#options.metric] as number;
    const gain = this.#found ? this.#sign * (value - this.#found.value) : Infinity;
    if (!(gain > (this.#options.minDelta ?? 0)) || Number.isNaN(value)) return;
    this.#found = { epoch, value };
    if (!(this.#options.restoreBest ?? true)) return;
    this.dispose();
    this.#values = state();
  }

  /** Frees the values of the best epoch. */
  dispose(): void {
    for (const tensor of this.#values?.values() ?? []) tensor.dispose();
    this.#values = undefined;
  }

  /** Whether patience is used up after an epoch. */
  isOver(epoch: number): boolean {
    return epoch - (this.#found?.epoch ?? 0) >= this.#options.patience;
  }
}
