/** What a profile says: kernels by their time, beside what the machine can do. */
import type { KernelTimes, ProfileData } from './data.ts';
import type { Peaks } from './peaks.ts';
import { tableOf } from './table.ts';
import { traceOf, type ChromeTrace } from './trace.ts';

/** One kernel, all its calls together. Rates are undefined where the clock saw no time, or nobody says how much was done. */
export interface KernelProfile extends KernelTimes {
  /** The part of the whole time that it took: of what several jobs took, their sum. */
  readonly share: number;
  /** 10^9 floating-point operations a second. */
  readonly gflops: number | undefined;
  /** 10^9 bytes a second. */
  readonly gigabytes: number | undefined;
  /** Which peak is the nearer: what takes longer at the peak, to compute or to move. */
  readonly bound: 'compute' | 'memory';
  /**
   * The part of that peak which it reaches: the time that it would take there, of the time that it took. Above 1 where operands come
   * from caches, or numbers are smaller than f32.
   */
  readonly peakShare: number | undefined;
}

/** Kernels that were timed, and what was not in kernels; as text, a table. */
export class Profile<Result = unknown> {
  /** What the function gave. */
  readonly result: Result;
  /** What was seen, of each function that ran: what crosses to other threads, and makes the same profile there. */
  readonly parts: readonly ProfileData[];
  /** What devices do at most, by their names. */
  readonly peaks: Readonly<Record<string, Peaks>>;
  /** The kernels that ran, the one that took longest first. */
  readonly kernels: readonly KernelProfile[];
  /** Milliseconds of all: with several parts their sum, though they may have run side by side. */
  readonly ms: number;
  /** Milliseconds within kernels. */
  readonly kernelMs: number;
  /** Milliseconds in which plans were made and kernels assembled. */
  readonly planningMs: number;
  /** Milliseconds of everything else: the function itself, graphs, reads and writes, waiting, and what timing costs. */
  readonly hostMs: number;

  /** A profile of what was seen, on devices with such peaks. */
  constructor(parts: readonly ProfileData[], peaks: Readonly<Record<string, Peaks>>, result: Result) {
    this.parts = parts;
    this.peaks = peaks;
    this.result = result;
    this.ms = sumOf(parts, ({ ms }) => ms);
    this.planningMs = sumOf(parts, ({ planningMs }) => planningMs);
    const merged = mergedBy(parts.flatMap(({ kernels }) => kernels));
    this.kernelMs = sumOf(merged, ({ ms }) => ms);
    this.hostMs = Math.max(0, this.ms - this.kernelMs - this.planningMs);
    this.kernels = merged
      .map((times) => profileOf(times, this.ms, peaks[times.device]))
      .toSorted((a, b) => b.ms - a.ms);
  }

  /** What chrome://tracing and Perfetto open, once it is JSON: every call and every plan. */
  trace(): ChromeTrace {
    return traceOf(this.parts);
  }

  /** A table for people. */
  toString(): string {
    return tableOf(this);
  }

  /** All but the single calls. */
  toJSON(): Pick<Profile, 'kernelMs' | 'kernels' | 'hostMs' | 'ms' | 'peaks' | 'planningMs'> {
    const { ms, kernelMs, planningMs, hostMs, peaks, kernels } = this;
    return { ms, kernelMs, planningMs, hostMs, peaks, kernels };
  }
}

function sumOf<Value>(values: readonly Value[], of: (value: Value) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0);
}

/** Kernels that are the same, as one. */
function mergedBy(kernels: readonly KernelTimes[]): KernelTimes[] {
  const found = new Map<string, KernelTimes>();
  for (const kernel of kernels) {
    const key = JSON.stringify([kernel.device, kernel.threads, kernel.text]);
    const known = found.get(key);
    if (!known) {
      found.set(key, kernel);
      continue;
    }
    const flops = known.flops === undefined || kernel.flops === undefined ? undefined : known.flops + kernel.flops;
    found.set(key, {
      ...known,
      calls: known.calls + kernel.calls,
      ms: known.ms + kernel.ms,
      bytes: known.bytes + kernel.bytes,
      flops,
    });
  }
  return [...found.values()];
}

function profileOf(times: KernelTimes, whole: number, peaks: Peaks | undefined): KernelProfile {
  const { ms, flops, bytes } = times;
  const rate = (amount: number): number | undefined => (ms > 0 ? amount / ms / 1e6 : undefined);
  const computing = peaks && flops !== undefined ? flops / (peaks.gflops * 1e6) : 0;
  const moving = peaks ? bytes / (peaks.gigabytes * 1e6) : 0;
  return {
    ...times,
    share: whole > 0 ? ms / whole : 0,
    gflops: flops === undefined ? undefined : rate(flops),
    gigabytes: rate(bytes),
    bound: computing > moving ? 'compute' : 'memory',
    peakShare: peaks && ms > 0 ? Math.max(computing, moving) / ms : undefined,
  };
}
