import {
  createStudy,
  float,
  importance,
  int,
  maxTrials,
  memoryStorage,
  race,
  random,
  RandomStream,
  choice,
  space,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';

/** Noise that depends on the trial's own seed alone. */
const noise = (seed: number): number => new RandomStream(seed, 0).uniform() - 0.5;

async function noisy(storage = memoryStorage()) {
  const study = await createStudy({
    name: 'noisy',
    space: space({ x: int(0, 30) }),
    objectives: ['maximize score'],
    strategy: random(),
    storage,
    resume: true,
  });
  const objective = ({ config, seed }: { readonly config: { readonly x: number }; readonly seed: number }): number =>
    -Math.abs(config.x - 15) / 15 + noise(seed);
  return { study, objective };
}

describe('race', () => {
  it('repeats the best with other seeds, and drops who is clearly worse', async () => {
    const { study, objective } = await noisy();
    await study.run(objective, { stop: [maxTrials(31)] });
    const lucky = study.best;
    const entries = await race(study, objective, { top: 6, repeats: 12 });
    expect(entries).toHaveLength(6);
    const [winner] = entries;
    expect(winner?.trials).toHaveLength(12);
    expect(new Set(winner?.trials).size).toBe(12);
    // The mean of twelve is nearer to the truth than the best of thirty-one.
    const truth = -Math.abs((winner?.config.x ?? 0) - 15) / 15;
    expect(Math.abs((winner?.mean ?? 9) - truth)).toBeLessThan(Math.abs((lucky?.metrics['score'] ?? 0) - truth));
    expect(entries.some(({ finished }) => !finished)).toBe(true);
    for (const { finished, trials } of entries) expect(finished ? trials.length : 12).toBe(12);
    const means = entries.filter(({ finished }) => finished).map(({ mean }) => mean);
    expect(means).toEqual(means.toSorted((a, b) => b - a));
  });

  it('goes on where it was', async () => {
    const storage = memoryStorage();
    const first = await noisy(storage);
    await first.study.run(first.objective, { stop: [maxTrials(20)] });
    await race(first.study, first.objective, { top: 3, repeats: 3, confidence: 99 });
    expect(first.study.trials).toHaveLength(26);
    const second = await noisy(storage);
    await race(second.study, second.objective, { top: 3, repeats: 3, confidence: 99 });
    expect(second.study.trials.length).toBeLessThanOrEqual(32);
  });

  it('drops a config whose repeats fail, and judges by repeats alone', async () => {
    const study = await createStudy({ name: 'luck', space: space({ x: int(0, 3) }), objectives: ['minimize loss'] });
    await study.run(({ config }) => config.x - 10, { stop: [maxTrials(4)] });
    const again = ({ config }: { readonly config: { readonly x: number } }): number => {
      if (config.x === 0) throw new Error('it was luck');
      return config.x;
    };
    const [first, ...others] = await race(study, again, { top: 3, repeats: 4 });
    expect(first).toMatchObject({ config: { x: 1 }, mean: 1, error: 0, finished: true });
    const failed = others.find(({ config }) => config.x === 0);
    expect(failed).toMatchObject({ mean: Infinity, error: 0, finished: false });
    expect(failed?.trials).toHaveLength(3);
  });

  it('of a study without results is empty', async () => {
    const { study, objective } = await noisy();
    expect(await race(study, objective)).toEqual([]);
  });

  it.each([{ top: 0 }, { repeats: 1.5 }, { confidence: 0 }])('refuses %o', async (options) => {
    const { study, objective } = await noisy();
    await expect(race(study, objective, options)).rejects.toThrow(RangeError);
  });
});

describe('importance', () => {
  it('finds what matters, a condition included', async () => {
    const study = await createStudy({
      name: 'importance',
      space: space({
        big: float(0, 1),
        small: float(0, 1),
        none: float(0, 1),
        kind: choice({ good: { inner: float(0, 1) }, bad: { idle: float(0, 1) } }),
      }),
      objectives: ['minimize loss'],
      strategy: random(),
    });
    await study.run(
      ({ config: { big, small, kind } }) =>
        10 * (big - 0.3) ** 2 + 0.5 * (small - 0.5) ** 2 + (kind.type === 'good' ? 3 * (kind.inner - 0.7) ** 2 : 4),
      { stop: [maxTrials(400)] },
    );
    const found = importance(study.space, study.history);
    const share = (path: string): number => found.get(path) ?? -1;
    expect([...found.values()].reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
    expect([...found.keys()][0]).toBe('big');
    expect(share('kind.good.inner')).toBeGreaterThan(share('small'));
    expect(share('big')).toBeGreaterThan(4 * share('none'));
    expect(share('kind')).toBeGreaterThan(share('none'));
    expect(share('kind.bad.idle')).toBe(0);
  });

  it('needs a few trials', async () => {
    const study = await createStudy({ name: 'few', space: space({ x: float(0, 1) }), objectives: ['minimize loss'] });
    expect(() => importance(study.space, study.history)).toThrow(/0 trials are complete/u);
    expect(() => importance(study.space, study.history, { top: 1 })).toThrow(/top is 1/u);
  });
});
