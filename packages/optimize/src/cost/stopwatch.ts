/** Times runs of a model. */
import { monotonicNow, type Module } from '@espalier/nn';
import { ArgumentError, compile, noGrad, type Tensor } from '@espalier/tensor';
import { ruleOf, type OptionRules } from '@espalier/tensor/arguments';
import { callback } from '../arguments.ts';

/** What any measurement of latency can be told. */
export interface TimingOptions {
  /** Runs of each model that do not count, in which kernels are compiled and caches fill, at least. Default: 3. */
  readonly warmUp?: number;
  /** Milliseconds of such runs, at least; they go on until they get no faster, or for eight times as long. Default: 250. */
  readonly warmUpMs?: number;
  /** Milliseconds since any moment. Default: `performance.now`. */
  readonly now?: () => number;
}

const least0 = ruleOf<number>(
  'a finite number of at least 0',
  (value) => Number.isFinite(value) && (value as number) >= 0,
);

/** What these have to be. */
export const timingRules: OptionRules<TimingOptions> = { warmUp: least0, warmUpMs: least0, now: callback() };

/** Times one run, from call to values read: on a device that works by itself, from call to work done. */
export interface Stopwatch {
  (): Promise<number>;
  /** Forgets what was recorded to be run. */
  readonly dispose: () => void;
}

/** A stopwatch for a model on an input. The model runs as `predict` and `evaluate` run it: recorded once, then replayed. */
export function stopwatch(model: Module, input: Tensor, now: () => number = monotonicNow): Stopwatch {
  const call = compile((x: Tensor) => noGrad(() => model.call(x)));
  const run = async (): Promise<number> => {
    const start = now();
    const output = call(input);
    await output.data();
    const taken = timeOf(now() - start);
    output.dispose();
    return taken;
  };
  return Object.assign(run, { dispose: () => call.dispose() });
}

/**
 * A time that was measured.
 * @throws {ArgumentError} where the clock gives something else.
 */
function timeOf(taken: number): number {
  if (Number.isFinite(taken)) return taken;
  throw new ArgumentError('latency', `now() gives no finite numbers; it has to be milliseconds since any moment`);
}

/** Runs in one window of warming up after which a clock that shows no time is taken to stand still. */
const mostTimeless = 10_000;

/** A window is no faster than the one before it when its median is at least this part of the other. */
const settled = 0.97;

/**
 * Runs models in turns until all have settled, and gives the median of each at the end, in milliseconds.
 * @throws {ArgumentError} for a clock that stands still.
 */
export async function warmUp(watches: readonly Stopwatch[], options: TimingOptions): Promise<readonly number[]> {
  const { warmUp: least = 3, warmUpMs = 250 } = options;
  const whole = warmUpMs * watches.length;
  let medians: readonly number[] = [];
  for (let runs = 0, spent = 0; ;) {
    const window = watches.map((): number[] => []);
    const end = spent + whole / 2;
    do {
      for (const [index, watch] of watches.entries()) {
        const taken = await watch();
        window[index]?.push(taken);
        spent += taken;
      }
      runs++;
      if (spent === 0 && warmUpMs > 0 && runs > mostTimeless)
        throw new ArgumentError('latency', `now() stands still through ${runs} runs; give a clock that goes on`);
    } while (spent < end);
    const before = medians;
    medians = window.map((times) => quantile(times, 0.5));
    const steady = before.length > 0 && medians.every((median, index) => median >= settled * (before[index] as number));
    if (runs >= least && ((spent >= whole && steady) || spent >= 8 * whole)) return medians;
  }
}

/** The value that a share of all lies below. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.round(share * (values.length - 1))] as number;
}
