import {
  asha,
  bohb,
  createStudy,
  dehb,
  float,
  hyperband,
  hyperbandBrackets,
  int,
  maxTrials,
  random,
  replay,
  rungSteps,
  space,
  successiveHalving,
  type Strategy,
  type TrialRecord,
} from '@espalier/search';
import { simulate, type SimulatedTell, type SimulationResult } from '@espalier/testing/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countingOnes, crossingCurves, simulated } from '../helpers/curves.ts';
import { median } from '../helpers/run.ts';

const short = { min: 1, max: 27, eta: 3 } as const;

/** How many trials were told at each step, by when their budget ended there. */
function toldAt(tells: readonly SimulatedTell[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { trial } of tells) counts.set(trial.budget?.step ?? 0, (counts.get(trial.budget?.step ?? 0) ?? 0) + 1);
  return counts;
}

async function runCurves(
  strategy: Strategy,
  options: { readonly workers?: number; readonly until?: number; readonly trials?: number },
  slow: (trial: number) => number = () => 1,
  seed = 0,
): Promise<SimulationResult & { readonly trials: readonly TrialRecord[]; readonly differences: number }> {
  const { study, clock } = await simulated(crossingCurves.space, strategy, seed);
  const step = (trial: { number: number; config: { end: number; pace: number } }, at: number) => ({
    ...crossingCurves.step(trial, at),
    cost: slow(trial.number),
  });
  const result = await simulate(study, { clock, step, ...options });
  return { ...result, trials: study.trials, differences: (await replay(study)).differences.length };
}

describe('rungs and brackets', () => {
  it('count whole powers wholly', () => {
    expect(rungSteps({ min: 1, max: 243, eta: 3 })).toEqual([1, 3, 9, 27, 81, 243]);
    expect(rungSteps({ min: 1, max: 100, eta: 3 })).toEqual([1, 3, 9, 27, 100]);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 0, max: 9 }), (eta, power) => {
        expect(rungSteps({ min: 1, max: eta ** power, eta })).toHaveLength(power + 1);
        expect(hyperbandBrackets({ min: 1, max: eta ** power, eta })).toHaveLength(power + 1);
      }),
    );
  });

  it("are those of Hyperband's algorithm", () => {
    const brackets = hyperbandBrackets({ min: 1, max: 81, eta: 3 });
    expect(brackets.map(({ counts }) => counts)).toEqual([[81, 27, 9, 3, 1], [34, 11, 3, 1], [15, 5, 1], [8, 2], [5]]);
    expect(brackets.map(({ steps }) => steps)).toEqual([
      [1, 3, 9, 27, 81],
      [3, 9, 27, 81],
      [9, 27, 81],
      [27, 81],
      [81],
    ]);
  });
});

describe('successive halving', () => {
  it('sends the best of each rung on, and no others', async () => {
    const { tells, trials, differences } = await runCurves(successiveHalving(short), { workers: 4, trials: 1 });
    expect([...toldAt(tells)]).toEqual([
      [1, 27],
      [3, 9],
      [9, 3],
      [27, 1],
    ]);
    for (const step of [1, 3, 9]) {
      const there = trials.flatMap(({ number, reports }) => {
        const loss = reports.find((report) => report.step === step)?.metrics['loss'];
        return loss === undefined ? [] : { number, loss };
      });
      const best = there.toSorted((a, b) => a.loss - b.loss).slice(0, Math.floor(there.length / 3));
      const further = trials.filter(({ reports }) => (reports.at(-1)?.step ?? 0) > step);
      expect(new Set(further.map(({ number }) => number))).toEqual(new Set(best.map(({ number }) => number)));
    }
    expect(differences).toBe(0);
  });

  it('goes on with the next round, and past failed trials', async () => {
    const study = await createStudy({
      name: 's',
      space: crossingCurves.space,
      objectives: ['minimize loss'],
      strategy: successiveHalving({ max: 9, trials: 9 }),
    });
    const { counts } = await study.run(
      (trial) => {
        if (trial.number % 4 === 1) throw new Error('no');
        return crossingCurves.step(trial, trial.budget ?? 1).metrics['loss'] ?? 0;
      },
      { stop: [maxTrials(27)] },
    );
    expect(counts.complete).toBeGreaterThanOrEqual(1);
    expect(counts.failed).toBeGreaterThan(4);
    expect(new Set(study.trials.map(({ origin }) => origin['bracket'])).size).toBeGreaterThan(1);
  });

  it('finds what training everything would, at a part of the cost', async () => {
    const whole = await runCurves(random(), { trials: 27 });
    expect(whole.cost).toBe(27);
    const halved = await runCurves(successiveHalving(short), { trials: 1 });
    expect(halved.cost).toBe(27 + 9 * 2 + 3 * 6 + 18);
  });
});

describe('asynchronous successive halving', () => {
  const straggler = (number: number): number => (number % 10 === 3 ? 20 : 1);

  it('is done sooner than the synchronous form when there are stragglers', async () => {
    const until = { workers: 9, trials: 3 };
    const seeds = [0, 1, 2, 3, 4];
    const times = async (strategy: Strategy): Promise<number> => {
      const all: number[] = [];
      for (const seed of seeds) all.push((await runCurves(strategy, until, straggler, seed)).time);
      return median(all);
    };
    expect(await times(asha(short))).toBeLessThan(await times(successiveHalving(short)));
  });

  it.each([1, 5, 16])('with %i workers never sends on more than one of eta, and replays', async (workers) => {
    const { tells, differences, trials } = await runCurves(
      asha(short),
      { workers, until: workers === 1 ? 1200 : 150 },
      straggler,
    );
    const arrived = new Map<number, number>();
    const left = new Map<number, number>();
    for (const { trial } of tells) {
      const step = trial.budget?.step ?? 0;
      arrived.set(step, (arrived.get(step) ?? 0) + 1);
      if (step > 1) left.set(step / 3, (left.get(step / 3) ?? 0) + 1);
      for (const [rung, count] of left) expect(count).toBeLessThanOrEqual(Math.floor((arrived.get(rung) ?? 0) / 3));
    }
    expect(trials.some(({ state }) => state === 'complete')).toBe(true);
    expect(differences).toBe(0);
  });

  it('pauses and resumes to what an uninterrupted run gives', async () => {
    const walk = (loss: number, lr: number, step: number): number => loss * (1 - lr * 0.3) + Math.sin(step) * 0.01;
    const domain = space({ lr: float(0, 1) });
    const { study, clock } = await simulated(domain, asha(short), 4);
    await simulate(study, {
      clock,
      workers: 3,
      until: 200,
      step: ({ config }, step, data) => {
        const loss = walk(typeof data === 'number' ? data : 1, config.lr, step);
        return { metrics: { loss }, cost: 1, data: loss };
      },
    });
    const complete = study.trials.filter(({ state }) => state === 'complete');
    expect(complete.length).toBeGreaterThan(0);
    for (const { config, metrics, reports } of complete) {
      let loss = 1;
      const curve = Array.from({ length: 27 }, (_, index) => (loss = walk(loss, config.lr, index + 1)));
      expect(reports.map((report) => report.metrics['loss'])).toEqual(curve);
      expect(metrics['loss']).toBe(loss);
    }
  });

  it('gives up a late bloomer whose curve crosses the others, which a later first rung spares', async () => {
    const domain = space({ late: int(0, 26) });
    // Trial 'late: 0' is the worst for 8 steps and the best from then on.
    const ends = async (strategy: Strategy): Promise<number | undefined> => {
      const { study, clock } = await simulated(domain, strategy);
      await simulate(study, {
        clock,
        step: ({ config: { late } }, step) => ({ metrics: { loss: late === 0 ? 10 - step : late / 30 + 1 }, cost: 1 }),
      });
      return study.best?.config.late;
    };
    expect(await ends(asha({ min: 1, max: 27 }))).toBe(1);
    expect(await ends(asha({ min: 9, max: 27 }))).toBe(0);
  });

  it('ends when the space is exhausted and nothing is left to send on', async () => {
    const { study, clock } = await simulated(space({ n: int(0, 8) }), asha({ max: 9 }));
    const { time } = await simulate(study, {
      clock,
      workers: 2,
      step: ({ config: { n } }, step) => ({ metrics: { loss: n + 1 / step }, cost: 1 }),
    });
    expect(time).toBeGreaterThan(0);
    expect(study.best?.config.n).toBe(0);
    expect(study.trials.filter(({ state }) => state === 'complete')).toHaveLength(1);
  });

  it('halves by fronts when there are several objectives', async () => {
    const study = await createStudy({
      name: 'front',
      space: space({ x: float(0, 1), y: float(0, 1) }),
      objectives: ['minimize a', 'minimize b'],
      strategy: asha({ max: 9 }),
    });
    await study.run(({ config: { x, y } }) => ({ a: x + y, b: 1 - x + y }), { stop: [maxTrials(20)] });
    const heights = (states: readonly string[]): number =>
      median(study.trials.filter(({ state }) => states.includes(state)).map(({ config }) => config.y));
    expect(heights(['complete'])).toBeLessThan(heights(['paused']));
  });

  it.each([
    [{ eta: 1 }, 'eta is 1: give a whole number from 2'],
    [{ min: 10, max: 5 }, 'max is 5: give a whole number from min, 10'],
    [{ sampler: { name: 'none' } }, "sampler: its name is 'none': give one of random"],
    [{ sampler: { name: 'genetic', options: { population: 0 } } }, 'sampler: genetic: population is 0'],
  ])('refuses %j', (options, message) => {
    expect(() => asha(options)).toThrow(`asha: ${message}`);
  });

  it('asks another strategy for configs, which learns from the rungs', async () => {
    const sampled = await runCurves(asha({ max: 9, sampler: { name: 'genetic', options: { population: 8 } } }), {
      until: 150,
    });
    expect(new Set(sampled.trials.map(({ origin }) => origin.operator))).toContain('crossover');
    expect(sampled.differences).toBe(0);
  });
});

describe('hyperband', () => {
  it('fills its brackets in turn, and nobody waits', async () => {
    const { trials, differences } = await runCurves(hyperband({ max: 9 }), { workers: 3, trials: 10 });
    const sizes = [0, 1, 2].map((bracket) => {
      const members = trials.filter(({ origin }) => origin['bracket'] === bracket);
      return [1, 3, 9].map((step) => members.filter(({ budget }) => budget?.step === step).length);
    });
    expect(sizes).toEqual([
      [6, 2, 1],
      [0, 4, 1],
      [0, 0, 3],
    ]);
    expect(differences).toBe(0);
  });
});

describe.each<[string, Strategy]>([
  ['bohb', bohb({ min: 3, max: 27 })],
  ['dehb', dehb({ min: 3, max: 27 })],
])('%s', (_, strategy) => {
  it('gets nearer to all ones than hyperband at the same cost', async () => {
    const { space: domain, step } = countingOnes(8, 4);
    const regret = async (one: Strategy): Promise<number> => {
      const found: number[] = [];
      for (let seed = 0; seed < 3; seed += 1) {
        const { study, clock } = await simulated(domain, one, seed);
        await simulate(study, {
          clock,
          workers: 4,
          until: 500,
          step: (trial, at) => ({ ...step(trial, at), cost: 1 }),
        });
        found.push(1 + (study.best?.metrics['loss'] ?? 0));
      }
      return median(found);
    };
    expect(await regret(strategy)).toBeLessThan(await regret(hyperband({ min: 3, max: 27 })));
  });

  it('replays, whatever the number of workers', async () => {
    const { differences, trials } = await runCurves(strategy, { workers: 5, until: 150 });
    expect(trials.length).toBeGreaterThan(50);
    expect(differences).toBe(0);
  });
});
