import { createStudy, dehb, int, maxTrials, space } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { crossingCurves } from '../helpers/curves.ts';

describe('differential evolution by hyperband', () => {
  const small = space({ a: int(0, 9), b: int(0, 9), c: int(0, 2) });
  const distance = ({ a, b, c }: { readonly a: number; readonly b: number; readonly c: number }): number =>
    Math.abs(a - 3) + Math.abs(b - 7) + c;

  it('trains the best on, in the first round of brackets and where it meets them again', async () => {
    const found: number[] = [];
    for (let seed = 0; seed < 6; seed += 1) {
      const study = await createStudy({
        name: 'small',
        space: small,
        objectives: ['minimize loss'],
        strategy: dehb({ max: 27 }),
        seed,
      });
      await study.run(({ config, budget = 27 }) => distance(config) + 2 / budget, { stop: [maxTrials(290)] });
      found.push(study.best === undefined ? Infinity : distance(study.best.config));
    }
    expect(found.filter((far) => far === 0).length).toBeGreaterThanOrEqual(5);
  });

  it('halves in its first round, and then breeds', async () => {
    const study = await createStudy({
      name: 'curves',
      space: crossingCurves.space,
      objectives: ['minimize loss'],
      strategy: dehb({ max: 9 }),
    });
    await study.run((trial) => crossingCurves.step(trial, trial.budget ?? 9).metrics, { stop: [maxTrials(80)] });
    const { trials } = study;
    const sizes = (bracket: number): readonly number[] => {
      const members = trials.filter(({ origin }) => origin['bracket'] === bracket);
      return [1, 3, 9].map((step) => members.filter(({ budget }) => budget?.step === step).length);
    };
    expect([0, 1, 2].map(sizes)).toEqual([
      [6, 2, 1],
      [0, 4, 1],
      [0, 0, 3],
    ]);
    expect(sizes(3)).toEqual([9, 3, 1]);
    expect(new Set(trials.map(({ origin }) => origin.operator))).toEqual(new Set(['sample', 'evolve']));
  });

  it('trains all on when the space has run out', async () => {
    const study = await createStudy({
      name: 'tiny',
      space: space({ n: int(0, 8) }),
      objectives: ['minimize loss'],
      strategy: dehb({ max: 9 }),
    });
    const { stopped, counts } = await study.run(({ config: { n }, budget = 9 }) => n + 1 / budget, { workers: 2 });
    expect(stopped.by).toBe('exhausted');
    expect(counts.complete).toBe(9);
  });

  it('breeds nothing from what failed, however good it looked', async () => {
    const study = await createStudy({
      name: 'failing',
      space: crossingCurves.space,
      objectives: ['minimize loss'],
      strategy: dehb({ max: 9 }),
    });
    await study.run(
      (trial) => {
        const step = trial.budget ?? 9;
        if (trial.config.end > 0.5) return crossingCurves.step(trial, step).metrics['loss'] ?? 0;
        trial.report(step, { loss: -1 });
        throw new Error('no');
      },
      { stop: [maxTrials(80)] },
    );
    const failed = new Set(study.trials.filter(({ state }) => state === 'failed').map(({ number }) => number));
    const parents = study.trials.flatMap(({ origin }) => origin.parents ?? []);
    expect(failed.size).toBeGreaterThan(5);
    expect(parents.length).toBeGreaterThan(20);
    expect(parents.some((number) => failed.has(number))).toBe(false);
  });
});
