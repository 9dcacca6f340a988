import { choice, float, int, maxTrials, replay, sobol, space } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { studyOf } from '../helpers/run.ts';

const domain = space({
  x: float(0, 1),
  n: int(1, 8),
  kind: choice({ a: { z: float(1e-4, 1, { log: true }) }, b: {} }),
});

describe('sobol', () => {
  it('fills a space more evenly than chance', async () => {
    const study = await studyOf(domain, sobol(), 5);
    await study.run(() => 0, { stop: [maxTrials(64)] });
    const counts = new Map<number, number>();
    for (const { config } of study.trials) counts.set(config.n, (counts.get(config.n) ?? 0) + 1);
    expect([...counts.values()]).toEqual(Array.from({ length: 8 }, () => 8));
    expect(study.trials.filter(({ config }) => config.kind.type === 'a')).toHaveLength(32);
    const cells = new Set(study.trials.map(({ config }) => Math.floor(config.x * 64)));
    expect(cells.size).toBe(64);
    expect((await replay(study)).differences).toEqual([]);
  });

  it('has the same points in every study when they are not scrambled', async () => {
    const configs = async (seed: number, scramble: boolean): Promise<readonly unknown[]> => {
      const study = await studyOf(space({ x: float(0, 1), y: float(0, 1) }), sobol({ scramble }), seed);
      await study.run(() => 0, { stop: [maxTrials(4)] });
      return study.trials.map(({ config }) => [config.x, config.y]);
    };
    expect(await configs(1, false)).toEqual([
      [0, 0],
      [0.5, 0.5],
      [0.75, 0.25],
      [0.25, 0.75],
    ]);
    expect(await configs(1, false)).toEqual(await configs(2, false));
    expect(await configs(1, true)).not.toEqual(await configs(2, true));
  });

  it('tries every config of a finite space, and is then exhausted', async () => {
    const small = space({ n: int(1, 3), c: choice(['a', 'b']) });
    const study = await studyOf(small, sobol());
    const { stopped } = await study.run(() => 0, {});
    expect(stopped.by).toBe('exhausted');
    expect(new Set(study.trials.map(({ config }) => small.key(config))).size).toBe(6);
  });
});
