/** Which of two models is faster, and how sure that is. */
import { deriveSeed, monotonicNow, summary, type Module } from '@espalier/nn';
import { full, type Shape, type Tensor } from '@espalier/tensor';
import { aTensor, ruleOf, type OptionRules } from '@espalier/tensor/arguments';
import { materializeModel } from '../views/copy.ts';
import { anInputShape, checkMeasurement } from './check-options.ts';
import { latencyOf, type Latency } from './latency.ts';
import { medianInterval } from './median-interval.ts';
import { stopwatch, timingRules, warmUp, type Stopwatch, type TimingOptions } from './stopwatch.ts';

/** How two latencies are compared. */
export interface ComparisonOptions extends TimingOptions {
  /** It ends when the interval reaches no further than this from the ratio, as a part of it. Default: 0.03. */
  readonly within?: number;
  /** Milliseconds after which it ends at the latest, warming up not counted. Default: 2000. */
  readonly maxMs?: number;
}

/** How two latencies are compared, and on what. */
type ComparedExample = ComparisonOptions & {
  /** The shape of one example, without the batch axis. */
  readonly inputShape: Shape;
  /** What the models run on, [1, …inputShape]. Default: 0.5 everywhere, or index 0 for an embedding. */
  readonly input?: Tensor;
};

/** What options of a comparison have to be. */
export const comparisonRules: OptionRules<ComparedExample> = {
  inputShape: anInputShape,
  input: aTensor,
  within: ruleOf('a number above 0', (value) => typeof value === 'number' && value > 0),
  maxMs: ruleOf('a number of at least 0', (value) => typeof value === 'number' && value >= 0),
  ...timingRules,
};

/** What the interval of a ratio says of the model measured. */
export type LatencyVerdict = 'faster' | 'not faster' | 'slower';

/** The time that a model takes as a part of another's: 0.5 is half of the time. */
export interface LatencyRatio {
  /** The median over all blocks. */
  readonly ratio: number;
  /** At a confidence of 99.9 % the true median is at least this; 0 if there were too few blocks to tell … */
  readonly low: number;
  /** … and at most this; null if there were too few blocks to tell. */
  readonly high: number | null;
  /** How often both models were timed twice. */
  readonly blocks: number;
  /** `faster` or `slower` if the whole interval lies 5 % and more beyond 1, which that of a copy of the model does not. */
  readonly verdict: LatencyVerdict;
}

/** Two models timed in turns. */
export interface LatencyComparison extends LatencyRatio {
  readonly baseline: Latency;
  readonly latency: Latency;
}

/** One in a thousand comparisons may have an interval that misses the truth: reports make many. */
const alpha = 0.001;

/**
 * A gain has to exceed this. Two copies of one model differ by up to 3 % for as long as a process lives, by where their
 * buffers lie.
 */
const leastGain = 0.05;

/** A sample is as many runs as take about this long, so that a coarse clock, such as a browser's, can tell samples apart. */
const sampleMs = 0.5;

/**
 * Times a model against a baseline, one example at a time, on copies as they are when their files are loaded
 * (`materializeModel`). Both are warmed up, then timed in blocks in the order A B B A or B A A B, drawn anew for each
 * block: a drift of the machine falls on both alike, and no habit of it can keep time with one of them. Each block
 * gives a ratio; the interval is one of their median that assumes nothing of the distribution and holds at whatever
 * block one stops (see `medianInterval`). It ends when the interval is narrow enough, or time is up.
 * @throws {ArgumentError} for options that cannot be.
 *
 * @example
 * const { ratio, low, high, verdict } = await compareLatency(model, small, { inputShape: [1, 28, 28] });
 */
export async function compareLatency(
  baseline: Module,
  model: Module,
  options: ComparedExample,
): Promise<LatencyComparison> {
  checkMeasurement('compareLatency', { baseline, model }, options, comparisonRules);
  const { now = monotonicNow } = options;
  const loaded = [await materializeModel(baseline), await materializeModel(model)] as const;
  const input = options.input ?? exampleOf(baseline, options.inputShape);
  const [a, b] = [stopwatch(loaded[0].eval(), input, now), stopwatch(loaded[1].eval(), input, now)];
  try {
    return await compareWatches([a, b], input, { ...options, now });
  } finally {
    for (const each of [a, b, ...loaded]) each.dispose();
  }
}

/** Compares what two stopwatches show, which time runs on an input. */
export async function compareWatches(
  [a, b]: readonly [Stopwatch, Stopwatch],
  input: Tensor,
  { within = 0.03, maxMs = 2000, now = monotonicNow, ...options }: ComparisonOptions,
): Promise<LatencyComparison> {
  const settled = await warmUp([a, b], options);
  const runs = Math.max(...settled.map((ms) => Math.ceil(sampleMs / Math.max(ms, 1e-3))));
  const times = { a: [] as number[], b: [] as number[] };
  const sample = async (watch: Stopwatch, into: number[]): Promise<number> => {
    let sum = 0;
    for (let run = 0; run < runs; run++) sum += await watch();
    into.push(sum / runs);
    return sum;
  };
  const ofA = (): Promise<number> => sample(a, times.a);
  const ofB = (): Promise<number> => sample(b, times.b);
  const ratios: number[] = [];
  const begin = now();
  for (let look = 1; ; look = Math.ceil(look * 1.1)) {
    let isOver = false;
    while (ratios.length < look && !isOver) {
      const isTurned = deriveSeed(0, `block ${ratios.length}`) % 2 === 1;
      const [outer, inner] = isTurned ? [ofB, ofA] : [ofA, ofB];
      const [first, second, third, fourth] = [await outer(), await inner(), await inner(), await outer()];
      // Of two samples the faster one: what the machine does in between only ever takes longer.
      const [ends, middle] = [Math.min(first, fourth), Math.min(second, third)];
      ratios.push(isTurned ? logRatio(ends, middle) : logRatio(middle, ends));
      isOver = now() - begin >= maxMs;
    }
    const found = ratioOf(ratios);
    const { ratio, low, high } = found;
    const isNarrow = high !== null && high <= ratio * (1 + within) && low >= ratio * (1 - within);
    if (isOver || isNarrow)
      return { ...found, baseline: latencyOf(times.a, input), latency: latencyOf(times.b, input) };
  }
}

/** A clock that stands still says nothing. */
function logRatio(of: number, to: number): number {
  return of > 0 && to > 0 ? Math.log(of / to) : 0;
}

function ratioOf(logRatios: readonly number[]): LatencyRatio {
  const { median, low, high } = medianInterval(logRatios, alpha);
  return {
    ratio: Math.exp(median),
    low: Math.exp(low),
    high: high === Infinity ? null : Math.exp(high),
    blocks: logRatios.length,
    verdict: high < Math.log(1 - leastGain) ? 'faster' : low > -Math.log(1 - leastGain) ? 'slower' : 'not faster',
  };
}

/** One example for a model: 0.5 everywhere, or index 0 where it looks its inputs up. */
export function exampleOf(model: Module, inputShape: Shape): Tensor {
  const device = model.parameters()[0]?.device;
  const [first] = summary(model, inputShape).rows;
  const [value, dtype] = first?.type === 'embedding' ? ([0, 'i32'] as const) : ([0.5, 'f32'] as const);
  return full([1, ...inputShape], value, { dtype, ...(device && { device }) }).realizeSync();
}
