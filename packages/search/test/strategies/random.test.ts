import {
  ExhaustedError,
  RandomStream,
  exhausted,
  int,
  choice,
  float,
  maxTrials,
  random,
  space,
} from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finiteSpace, seed } from '../helpers/arbitraries.ts';
import { studyOf } from '../helpers/run.ts';

const continuous = space({ x: float(0, 1), deep: choice({ a: { y: float(0, 1) }, b: {} }) });

describe('random search', () => {
  it('tries the same configs with any number of workers', async () => {
    const configs = async (workers: number): Promise<readonly unknown[]> => {
      const study = await studyOf(continuous, random(), 5);
      await study.run(
        async ({ number }) => {
          for (let tick = 0; tick < (number * 7) % 5; tick += 1) await Promise.resolve();
          return number;
        },
        { stop: [maxTrials(40)], workers },
      );
      return study.trials.map(({ config }) => config);
    };
    const alone = await configs(1);
    expect(await configs(4)).toEqual(alone);
    expect(alone[3]).toEqual(continuous.sample(new RandomStream(5, 3)));
  });

  it('tries every config of a finite space once and is then exhausted', async () => {
    await fc.assert(
      fc.asyncProperty(
        finiteSpace.filter(({ size }) => size <= 60),
        seed,
        async (domain, from) => {
          const study = await studyOf(domain, random(), from);
          const result = await study.run(() => 1, { stop: [] });
          expect(result.stopped.by).toBe('exhausted');
          expect(study.trials).toHaveLength(domain.size);
          expect(new Set(study.trials.map(({ config }) => domain.key(config))).size).toBe(domain.size);
          await expect(study.ask()).rejects.toThrow(ExhaustedError);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('can be stopped by name when exhausted', async () => {
    const study = await studyOf(space({ x: int(1, 4) }), random());
    const result = await study.run(({ config }) => config.x, { stop: [exhausted()], workers: 3 });
    expect(result.stopped).toEqual({ by: 'exhausted()', message: '4 of 4 configs' });
    expect(result.best?.config).toEqual({ x: 1 });
  });
});
