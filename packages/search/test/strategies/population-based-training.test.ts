import {
  createStudy,
  float,
  int,
  maxTrials,
  populationBasedTraining,
  replay,
  space,
  type JsonValue,
  type Trial,
} from '@espalier/search';
import { simulate, virtualClock } from '@espalier/testing/search';
import { describe, expect, it } from 'vitest';

type Weights = readonly [number, number];

/** Figure 2 of the paper: gradient ascent on a surrogate whose curvature the parameters h set; Q is what counts. */
const toy = {
  space: space({ h0: float(0, 1), h1: float(0, 1) }),
  quality: ([a, b]: Weights): number => 1.2 - (a * a + b * b),
  step: ({ config: { h0, h1 } }: Pick<Trial<{ h0: number; h1: number }>, 'config'>, data: JsonValue | undefined) => {
    const [a, b] = Array.isArray(data) ? (data as unknown as Weights) : ([0.9, 0.9] as const);
    return [a - 0.02 * h0 * a, b - 0.02 * h1 * b] as const;
  },
};

async function train(options: Parameters<typeof populationBasedTraining>[0], workers = 2) {
  const clock = virtualClock();
  const study = await createStudy({
    name: 'toy',
    space: toy.space,
    objectives: ['maximize q'],
    strategy: populationBasedTraining(options),
    seed: 3,
    now: clock.now,
  });
  const started = new Map<number, JsonValue | undefined>();
  const result = await simulate(study, {
    clock,
    workers,
    trials: options?.population ?? 10,
    step: (trial, _, data) => {
      if (!started.has(trial.number)) started.set(trial.number, data);
      const weights = toy.step(trial, data);
      return { metrics: { q: toy.quality(weights) }, cost: 1 + (trial.number % 3), data: [...weights] };
    },
  });
  return { study, started, result };
}

describe('population-based training', () => {
  it('does better on the toy quadratic than the same members left alone', async () => {
    const together = await train({ population: 6, interval: 5, max: 200 });
    const alone = await train({ population: 6, interval: 5, max: 200, quantile: 0 });
    const mean = ({ study }: typeof together): number => {
      const done = study.trials.filter(({ state }) => state === 'complete').map(({ metrics }) => metrics['q'] ?? 0);
      return done.reduce((a, b) => a + b, 0) / done.length;
    };
    expect(mean(together)).toBeGreaterThan(mean(alone));
    expect(together.study.best?.metrics['q']).toBeGreaterThan(1.1);
  });

  it('clones start from the weights of a better member, and say whose', async () => {
    const { study, started } = await train({ population: 5, interval: 4, max: 40 });
    const clones = study.trials.filter(({ origin }) => origin.operator === 'exploit');
    expect(clones.length).toBeGreaterThan(3);
    for (const { number, inherits, origin, budget } of clones) {
      const donor = study.trials[inherits ?? -1];
      expect(origin.parents).toEqual([inherits]);
      expect(study.trials[Number(origin['replaces'])]?.origin['member']).toBe(origin['member']);
      expect(started.get(number)).toBeDefined();
      expect(donor).toBeDefined();
      expect((budget?.step ?? 0) % 4).toBe(0);
    }
    const members = new Set(study.trials.map(({ origin }) => origin['member']));
    expect(members).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('perturbs by the factors, and draws anew with its probability', async () => {
    const { study } = await train({ population: 5, interval: 4, max: 40, resampleProbability: 0 });
    const clones = study.trials.filter(({ origin }) => origin.operator === 'exploit');
    for (const { config, inherits } of clones) {
      const donor = study.trials[inherits ?? -1]?.config;
      if (donor === undefined) continue;
      for (const name of ['h0', 'h1'] as const) {
        const expected = [0.8, 1.2].map((factor) => Math.min(1, donor[name] * factor));
        expect(expected.some((value) => Math.abs(value - config[name]) < 1e-12)).toBe(true);
      }
    }
  });

  it.each([1, 4])('replays with %i workers, and ends when all members have trained', async (workers) => {
    const { study } = await train({ population: 4, interval: 3, max: 12 }, workers);
    expect(study.trials.filter(({ state }) => state === 'complete')).toHaveLength(4);
    expect((await replay(study)).differences).toEqual([]);
    await expect(study.ask()).rejects.toThrow('all 4 members of the population have trained 12 steps');
  });

  it('clones nobody who saves nothing, and ends', async () => {
    const study = await createStudy({
      name: 'forgetful',
      space: toy.space,
      objectives: ['minimize loss'],
      strategy: populationBasedTraining({ population: 4, max: 5 }),
    });
    const { stopped, counts } = await study.run(({ config: { h0 }, budget = 5 }) => h0 + 1 / budget, {
      stop: [maxTrials(50)],
    });
    expect(stopped.message).toBe('all 4 members of the population have trained 5 steps');
    expect(counts).toMatchObject({ complete: 4, paused: 0 });
  });

  it('puts new configs in the place of members that fail', async () => {
    const study = await createStudy({
      name: 'failing',
      space: toy.space,
      objectives: ['minimize loss'],
      strategy: populationBasedTraining({ population: 4, max: 5 }),
    });
    const run = (fails: boolean, trials: number) =>
      study.run(
        async (trial) => {
          if (fails) throw new Error('no');
          await trial.save(trial.budget ?? 5, null);
          return trial.config.h0;
        },
        { stop: [maxTrials(trials)] },
      );
    expect((await run(true, 20)).stopped.by).toBe('maxTrials(20)');
    const { counts, stopped } = await run(false, 200);
    expect(stopped.message).toBe('all 4 members of the population have trained 5 steps');
    expect(counts).toMatchObject({ complete: 4, failed: 20 });
    expect((await replay(study)).differences).toEqual([]);
  });

  it('says that there is nothing left to try when all members failed', async () => {
    const study = await createStudy({
      name: 'hopeless',
      space: space({ n: int(0, 5) }),
      objectives: ['minimize loss'],
      strategy: populationBasedTraining({ population: 3 }),
    });
    const { stopped, counts } = await study.run(() => {
      throw new Error('no');
    }, {});
    expect(counts.failed).toBe(6);
    expect(stopped.message).toBe('all 6 configs were tried');
  });

  it('refuses what cannot work', () => {
    expect(() => populationBasedTraining({ quantile: 0.7 })).toThrow('quantile is 0.7: give a number from 0 to 0.5');
    expect(() => populationBasedTraining({ factors: [] })).toThrow('factors are []: give positive numbers');
  });
});
