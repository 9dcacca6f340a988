/** Measured latency. */
import type { Module } from '@espalier/nn';
import { ArgumentError, noGrad, type Tensor } from '@espalier/tensor';

/** How latency is measured. */
export interface LatencyOptions {
  /** Runs that do not count, in which kernels are compiled and caches fill, at least. Default: 10. */
  readonly warmUp?: number;
  /** Milliseconds that the runs before the first one that counts take, at least. Default: 250. */
  readonly warmUpMs?: number;
  /** Runs that count. Default: 50. */
  readonly runs?: number;
  /** Milliseconds since any moment. Default: `performance.now`. */
  readonly now?: () => number;
}

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
 * Runs a model on an input again and again, from call to values read, one after the other. The model should be in
 * evaluation. Throws ArgumentError for less than one run.
 */
export async function measureLatency(model: Module, input: Tensor, options: LatencyOptions = {}): Promise<Latency> {
  const { warmUp = 10, warmUpMs = 250, runs = 50, now = clock() } = options;
  if (!(runs >= 1 && warmUp >= 0 && warmUpMs >= 0))
    throw new ArgumentError('measureLatency', `${runs} runs after ${warmUp}; at least one run has to count`);
  const once = async (): Promise<number> => {
    const start = now();
    const output = noGrad(() => model.forward(input));
    await output.data();
    const taken = now() - start;
    output.dispose();
    return taken;
  };
  for (let run = 0, spent = 0; run < warmUp || spent < warmUpMs; run++) spent += await once();
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await once());
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.round(share * (times.length - 1))] as number;
  return { medianMs: at(0.5), lowMs: at(0.1), highMs: at(0.9), runs, device: input.device.name };
}

function clock(): () => number {
  const host = globalThis as { readonly performance?: { readonly now: () => number } };
  return () => host.performance?.now() ?? Date.now();
}
