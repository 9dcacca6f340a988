import {
  TrialFailure,
  choice,
  cmaEs,
  createStudy,
  float,
  int,
  maxTrials,
  memoryStorage,
  openStudy,
  replay,
  space,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { History } from '../../../src/study/history.ts';
import { bestSoFar, studyOf } from '../../helpers/run.ts';

const wide = (count: number): ReturnType<typeof space<Record<string, ReturnType<typeof float>>>> =>
  space(Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, float(-100, 100)])));
const mixed = space({
  x: float(-5, 5),
  rate: float(1e-4, 1, { log: true }),
  n: int(0, 20),
  kind: choice({ a: { z: float(0, 1) }, b: {} }),
});

describe('cma-es', () => {
  it('reaches 1e-8 on a sphere in fewer evaluations than with independent samples', async () => {
    const start = Object.fromEntries([0, 1, 2, 3, 4].map((index) => [`x${index}`, 3]));
    for (const seed of [1, 2]) {
      const study = await studyOf(wide(5), cmaEs({ sigma: 2 / 200, start }), seed);
      const values = (config: object): readonly number[] => Object.values(config) as number[];
      await study.run(({ config }) => values(config).reduce((sum, x) => sum + x * x, 0), { stop: [maxTrials(900)] });
      const reached = bestSoFar(study.trials).findIndex((best) => best < 1e-8);
      // With independent ones it takes 656 to 792.
      expect(reached).toBeGreaterThan(400);
      expect(reached).toBeLessThan(656);
    }
  });

  it('evolves numbers, whole ones too, beside choices', async () => {
    const study = await studyOf(mixed, cmaEs(), 2);
    await study.run(
      ({ config: { x, rate, n, kind } }) =>
        (x - 2) ** 2 + (Math.log10(rate) + 2) ** 2 + (n - 13) ** 2 / 10 + (kind.type === 'a' ? (kind.z - 0.5) ** 2 : 1),
      { stop: [maxTrials(250)] },
    );
    expect(study.best?.config).toMatchObject({ n: 13, kind: { type: 'a' } });
    expect(study.best?.metrics['loss']).toBeLessThan(0.05);
  });

  it('goes on as it would have, from the storage alone', async () => {
    const options = { name: 'whole', space: mixed, objectives: ['minimize loss'], strategy: cmaEs(), seed: 5 } as const;
    const loss = ({ config }: { config: { x: number; n: number } }): number => config.x ** 2 + config.n;
    const whole = await createStudy(options);
    await whole.run(loss, { stop: [maxTrials(60)] });
    const storage = memoryStorage();
    const first = await createStudy({ ...options, storage });
    await first.run(loss, { stop: [maxTrials(31)] });
    const second = await openStudy({ name: 'whole', storage });
    await second.run((trial) => loss(trial as never), { stop: [maxTrials(60)] });
    expect(second.trials.map(({ config }) => config)).toEqual(whole.trials.map(({ config }) => config));
    expect((await replay(second)).differences).toEqual([]);
  });

  it('makes a generation of those that finish first, failures among them', async () => {
    const study = await studyOf(space({ x: float(0, 1), y: float(0, 1) }), cmaEs({ samples: 6 }), 3);
    await study.run(
      async ({ number, config }) => {
        await new Promise((resolve) => setTimeout(resolve, number % 5));
        if (number % 7 === 3) throw new TrialFailure('nan', 'diverged');
        return config.x;
      },
      { stop: [maxTrials(50)], workers: 4 },
    );
    const finished = study.history.finished.map(({ origin }) => Number(origin['generation']));
    const generations = study.trials.map(({ origin }) => Number(origin['generation']));
    expect(Math.max(...generations)).toBeGreaterThanOrEqual(5);
    // None is drawn from a generation before six of the last one have finished.
    for (const trial of study.trials) {
      const own = Number(trial.origin['generation']);
      const before = study.history.finished.filter((other) => other.revision <= (trial.basis ?? 0));
      if (own > 0)
        expect(before.filter(({ origin }) => origin['generation'] === own - 1).length).toBeGreaterThanOrEqual(6);
    }
    expect(finished).toHaveLength(50);
    expect((await replay(study)).differences).toEqual([]);
  });

  it('starts anew, with more samples, when it has converged', async () => {
    const line = space({ x: float(0, 1), y: float(0, 1) });
    const restarted = async (restart: boolean): Promise<number> => {
      const study = await studyOf(line, cmaEs({ restart }), 1);
      await study.run(({ config }) => (config.x - 0.3) ** 2 + (config.y - 0.6) ** 2, { stop: [maxTrials(700)] });
      return study.trials.slice(350).filter(({ config }) => Math.abs(config.x - 0.3) > 0.2).length;
    };
    expect(await restarted(true)).toBeGreaterThan(20);
    expect(await restarted(false)).toBe(0);
  });

  it('goes on about the best trial when ranges have widened', async () => {
    const square = (high: number): typeof narrow => space({ x: float(0, high), y: float(0, high) });
    const narrow = space({ x: float(0, 1), y: float(0, 1) });
    const options = {
      name: 'widened',
      objectives: ['minimize loss'],
      strategy: cmaEs(),
      storage: memoryStorage(),
    } as const;
    const loss = ({ config: { x, y } }: { config: { x: number; y: number } }): number =>
      (x - 0.7) ** 2 + (y - 0.6) ** 2;
    const before = await createStudy({ ...options, space: narrow });
    await before.run(loss, { stop: [maxTrials(80)] });
    const after = await createStudy({ ...options, space: square(10), resume: true });
    await after.run(loss, { stop: [maxTrials(150)], workers: 2 });
    // In coordinates of the narrow space the next samples would be about (7, 6).
    const next = after.trials.slice(80, 100);
    expect(next.every(({ config: { x, y } }) => Math.hypot(x - 0.7, y - 0.6) < 1.5)).toBe(true);
    expect(Math.max(...after.trials.slice(135).map(loss))).toBeLessThan(0.1);
    expect((await replay(after)).differences).toEqual([]);
    // From the storage alone, without what the process remembers.
    const opened = await openStudy({ name: 'widened', storage: options.storage });
    expect((await replay(opened)).differences).toEqual([]);
  });

  it('reads trials that do not tell their frame as of the present one', async () => {
    const study = await studyOf(space({ x: float(0, 1), y: float(0, 1) }), cmaEs(), 3);
    await study.run(({ config }) => config.x, { stop: [maxTrials(20)] });
    const { revision, tried, criteria, running, waiting } = study.history;
    const old = study.trials.map((trial) => {
      const { frame: _frame, width: _width, ...origin } = trial.origin;
      return { ...trial, origin };
    });
    const lists = () => ({ trials: old, finished: old, ranked: undefined, running, waiting });
    const history = new History({ revision, tried, criteria, lists });
    expect(study.decide(history, 20)).toEqual(study.decide(study.history, 20));
  });

  it('samples where there is nothing to evolve', async () => {
    const study = await studyOf(space({ kind: choice(['a', 'b', 'c']) }), cmaEs());
    const { stopped } = await study.run(() => 0, {});
    expect(stopped.by).toBe('exhausted');
    expect(study.trials).toHaveLength(3);
  });

  it.each([
    [{ sigma: 0 }, 'sigma is 0: give a part of the range, above 0 and at most 1'],
    [{ samples: 3 }, 'samples is 3: give a whole number from 4'],
  ])('refuses %j', (options, message) => {
    expect(() => cmaEs(options)).toThrow(`cma-es: ${message}`);
  });
});
