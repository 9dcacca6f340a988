import { choice, float, grid, int, maxTrials, replay, space } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { studyOf } from '../helpers/run.ts';

const domain = space({
  lr: float(1e-4, 1, { log: true }),
  layers: int(1, 3),
  rate: float(0, 0.5, { step: 0.25 }),
  kind: choice({ a: { z: float(-1, 1) }, b: {} }),
});

describe('grid', () => {
  it('tries every combination once, and ends', async () => {
    const study = await studyOf(domain, grid({ points: 3 }));
    const { stopped } = await study.run(() => 0, { workers: 3, stop: [maxTrials(200)] });
    expect(stopped).toEqual({ by: 'exhausted', message: 'all 108 points of the grid were tried' });
    expect(new Set(study.trials.map(({ config }) => domain.key(config))).size).toBe(108);
    const rates = [...new Set(study.trials.map(({ config }) => config.lr))].toSorted((a, b) => a - b);
    expect(rates).toHaveLength(3);
    [1e-4, 1e-2, 1].forEach((rate, index) => expect(rates[index]).toBeCloseTo(rate, 12));
    expect((await replay(study)).differences).toEqual([]);
  });

  it('leaves out what was tried, and takes up what a failure or an enqueued config displaced', async () => {
    const line = space({ n: int(0, 9) });
    const study = await studyOf(line, grid());
    await study.enqueue({ n: 4 }, { n: 0 });
    await study.run(({ config, number }) => {
      if (number === 5) throw new Error('lost');
      return config.n;
    }, {});
    const tried = study.trials.map(({ config }) => config.n);
    expect(tried.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(study.trials[5]?.state).toBe('failed');
  });

  it('takes one point of a continuous number in the middle of it', async () => {
    const study = await studyOf(space({ x: float(2, 4) }), grid({ points: 1 }));
    await study.run(() => 0, { stop: [maxTrials(5)] });
    expect(study.trials.map(({ config }) => config.x)).toEqual([3]);
  });

  it('refuses points that are none', () => {
    expect(() => grid({ points: 0 })).toThrow('grid: points is 0: give a whole number from 1');
  });
});
