/** Measured latency. */
import type { Module } from '@espalier/nn';
import { aModule } from '@espalier/nn/arguments';
import type { Tensor } from '@espalier/tensor';
import { aPositiveInteger, aTensor, check, checkOptions, type OptionRules } from '@espalier/tensor/arguments';
import { quantile, stopwatch, timingRules, warmUp, type TimingOptions } from './stopwatch.ts';

/** How latency is measured. */
export interface LatencyOptions extends TimingOptions {
  /** Runs that count. Default: 50. */
  readonly runs?: number;
}

/** What options of latency have to be. */
export const latencyRules: OptionRules<LatencyOptions> = { runs: aPositiveInteger, ...timingRules };

/** How long a model takes for one input, in milliseconds. */
export interface Latency {
  /** The middle one of all runs. */
  readonly medianMs: number;
  /** A tenth of the runs were faster than this … */
  readonly lowMs: number;
  /** … and a tenth slower than this. */
  readonly highMs: number;
  readonly runs: number;
  /** The device it ran on. */
  readonly device: string;
}

/**
 * Runs a model on an input again and again, from call to values read, one after the other, recorded once as `compile` does
 * it. The model should be in evaluation. Two such figures do not say which of two models is faster, since a process gets faster as it runs and the
 * machine does other things in between: `compareLatency` does.
 * @throws {ArgumentError} for less than one run.
 */
export async function measureLatency(model: Module, input: Tensor, options: LatencyOptions = {}): Promise<Latency> {
  check('measureLatency', 'model', model, aModule);
  check('measureLatency', 'input', input, aTensor);
  const { runs = 50 } = checkOptions('measureLatency', options, latencyRules);
  const watch = stopwatch(model, input, options.now);
  try {
    await warmUp([watch], options);
    const times: number[] = [];
    for (let run = 0; run < runs; run++) times.push(await watch());
    return latencyOf(times, input);
  } finally {
    watch.dispose();
  }
}

/** What single runs on an input come to. */
export function latencyOf(times: readonly number[], { device }: Tensor): Latency {
  return {
    medianMs: quantile(times, 0.5),
    lowMs: quantile(times, 0.1),
    highMs: quantile(times, 0.9),
    runs: times.length,
    device: device.name,
  };
}
