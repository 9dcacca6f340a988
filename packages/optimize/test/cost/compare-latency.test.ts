import { build, Linear, type Module } from '@espalier/nn';
import { Generator, rand, zeros, type Tensor } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import { compareWatches } from '../../src/cost/compare-latency.ts';
import type { Stopwatch } from '../../src/cost/stopwatch.ts';
import { compareLatency, measureLatency, type LatencyComparison } from '../../src/index.ts';

/** A machine with a clock of its own: what runs on it takes as long as it says, times what the machine makes of it. */
let machine = { now: 0, factor: (): number => 1 };

/** A stopwatch for what takes a number of milliseconds. */
function slow(ms: number): Stopwatch {
  const run = async (): Promise<number> => {
    const taken = ms * machine.factor();
    machine.now += taken;
    return taken;
  };
  return Object.assign(run, { dispose: () => undefined });
}

async function compared(ms: readonly [number, number], factor: (run: number) => number): Promise<LatencyComparison> {
  let run = 0;
  machine = { now: 0, factor: () => factor(run++) };
  const options = { warmUpMs: 50, maxMs: 1000, now: () => machine.now };
  return compareWatches([slow(ms[0]), slow(ms[1])], zeros([1]), options);
}

/** Factors between 1 and 1 + 2 · `size` that follow from a seed. */
function noise(size: number, seed: number): (run: number) => number {
  const drawn = rand([4096], { generator: new Generator(seed) }).dataSync();
  return (run) => 1 + 2 * size * (drawn[run % drawn.length] ?? 0);
}

const linear = (): Module => build({ type: 'linear', in: 2, out: 2 }, { seed: 1 });

const seeds = [1, 2, 3, 4];

describe('a model against itself', () => {
  test.each<[string, number, (run: number) => number]>([
    ['a quiet machine', 0, () => 1],
    ['a noisy machine', 0.5, () => 1],
    ['a process that gets faster', 0.2, (run) => 1 + 3 / (1 + run / 40)],
    ['a machine that gets slower', 0.2, (run) => 1 + run / 200],
    ['a pause at every fourth run', 0.05, (run) => (run % 4 === 0 ? 6 : 1)],
    ['a pause at every second run', 0.05, (run) => (run % 2 === 0 ? 2 : 1)],
    ['a burst in the middle', 0.05, (run) => (run > 400 && run < 500 ? 8 : 1)],
  ])('is never faster: %s', async (_, size, factor) => {
    for (const seed of seeds) {
      const noisy = noise(size, seed);
      const { verdict, low, high } = await compared([1, 1], (run) => noisy(run) * factor(run));
      expect(verdict).toBe('not faster');
      expect(low <= 1 && (high ?? Infinity) >= 1).toBe(true);
    }
  });
});

describe('another model', () => {
  test('of a tenth less time is faster, also while the machine slows down, and turned round it is slower', async () => {
    for (const seed of seeds) {
      const noisy = noise(0.1, seed);
      const drift = (run: number): number => noisy(run) * (1 + run / 300);
      expect(await compared([1, 0.9], drift)).toMatchObject({ verdict: 'faster', ratio: expect.closeTo(0.9, 1) });
      expect((await compared([0.9, 1], drift)).verdict).toBe('slower');
    }
  });

  test('of a percent less time is not called faster', async () => {
    expect((await compared([1, 0.99], () => 1)).verdict).toBe('not faster');
  });

  test('ends when the interval is within the tolerance, or when time is up', async () => {
    const quiet = await compared([1, 0.5], () => 1);
    expect(quiet).toMatchObject({ ratio: expect.closeTo(0.5, 6), verdict: 'faster' });
    expect(quiet.blocks).toBeLessThan(20);
    expect(quiet.latency.medianMs).toBeCloseTo(0.5, 6);
    expect(quiet.baseline.medianMs).toBeCloseTo(1, 6);
    expect(machine.now).toBeLessThan(1000);
    // Blocks of 6 s: the first is the last.
    const far = await compared([1000, 2000], () => 1);
    expect(far).toMatchObject({ blocks: 1, low: 0, high: null, verdict: 'not faster' });
  });

  test('a clock that stands still tells nothing', async () => {
    const options = { inputShape: [2], now: () => 0, warmUpMs: 0, maxMs: 0 };
    expect(await compareLatency(linear(), linear(), options)).toMatchObject({ ratio: 1, verdict: 'not faster' });
  });

  test('a clock that stops ends it all the same', async () => {
    let looks = 0;
    const now = (): number => Math.min(looks++, 40);
    const found = await compareLatency(linear(), linear(), { inputShape: [2], now, warmUpMs: 1 });
    expect(found.verdict).toBe('not faster');
  });

  test('options that cannot be are refused', async () => {
    const comparison = (options: object): Promise<unknown> =>
      compareLatency(linear(), linear(), { inputShape: [2], ...options });
    await expect(comparison({ within: 0 })).rejects.toThrow(/within is 0/);
    await expect(comparison({ warmUpMs: NaN })).rejects.toThrow(/warmUpMs is NaN/);
  });
});

/** Counts how often it is called. */
class Counted extends Linear {
  calls = 0;

  override forward(x: Tensor): Tensor {
    this.calls++;
    return super.forward(x);
  }
}

test('models run as they were recorded, not call by call', async () => {
  const model = new Counted({ in: 2, out: 2 }, { generator: new Generator(1) });
  const { runs } = await measureLatency(model, rand([1, 2]), { runs: 20, warmUpMs: 0 });
  expect([runs, model.calls]).toEqual([20, 1]);
});
