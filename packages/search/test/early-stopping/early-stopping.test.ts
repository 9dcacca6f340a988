import {
  TrialPruned,
  ashaStopping,
  createStudy,
  float,
  hyperbandStopping,
  int,
  maxTrials,
  medianStopping,
  openStudy,
  patienceStopping,
  percentileStopping,
  random,
  space,
  thresholdStopping,
  memoryStorage,
  type EarlyStopping,
  type Study,
  type TrialRecord,
} from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History, listsOf } from '../../src/study/history.ts';
import { rankTrials, type Criteria } from '../../src/study/ranking.ts';
import { completeTrial } from '../helpers/records.ts';

const domain = space({ x: float(0, 1) });

/** A study of trials whose curves are enqueued one after another; a trial ends where its early stopping says. */
async function runCurves(
  earlyStopping: EarlyStopping,
  curves: readonly (readonly number[])[],
  objective: 'minimize m' | 'maximize m' = 'minimize m',
): Promise<readonly TrialRecord[]> {
  const study = await createStudy({
    name: 'e',
    space: domain,
    objectives: [objective],
    strategy: random(),
    earlyStopping,
  });
  await study.run(
    async (trial) => {
      const curve = curves[trial.number] ?? [];
      for (const [index, m] of curve.entries()) {
        trial.report(index + 1, { m });
        if (await trial.shouldStop()) throw new TrialPruned();
      }
      return curve.at(-1) ?? 0;
    },
    { stop: [maxTrials(curves.length)] },
  );
  return study.trials;
}

/** How many steps each trial came. */
async function lengths(...options: Parameters<typeof runCurves>): Promise<readonly number[]> {
  return (await runCurves(...options)).map(({ reports }) => reports.length);
}

describe('median stopping', () => {
  const good = [5, 4, 3, 2];
  const flat = (value: number): readonly number[] => [value, value, value, value];

  it('ends what is worse than the median at its step, its own best counting', async () => {
    const curves = [flat(1), flat(2), flat(3), flat(2.1), [1.5, 9, 9, 9], flat(1.7)];
    expect(await lengths(medianStopping({ startup: 3 }), curves)).toEqual([4, 4, 4, 1, 4, 4]);
  });

  it('waits for the start-up and the warm-up', async () => {
    expect(await lengths(medianStopping({ startup: 2 }), [good, flat(9), flat(9)])).toEqual([4, 4, 1]);
    expect(await lengths(medianStopping({ startup: 1, warmup: 2 }), [good, flat(9)])).toEqual([4, 3]);
  });

  it('turns round what is to be maximised, and counts NaN as the worst', async () => {
    expect(await lengths(medianStopping({ startup: 1 }), [flat(5), flat(4), flat(6)], 'maximize m')).toEqual([4, 1, 4]);
    expect(await lengths(medianStopping({ startup: 1 }), [flat(5), [Number.NaN, 1]])).toEqual([4, 1]);
  });

  it('needs so many trials at the step', async () => {
    const stopping = medianStopping({ startup: 1, minTrials: 2 });
    expect(
      await lengths(stopping, [
        [1, 1, 1],
        [1, 1],
        [9, 9, 9, 9],
      ]),
    ).toEqual([3, 2, 1]);
    expect(
      await lengths(stopping, [
        [1, 1, 1],
        [1, 1],
        [0.5, 0.5, 9, 9],
      ]),
    ).toEqual([3, 2, 4]);
  });
});

describe('percentile stopping', () => {
  const curves = [[1], [2], [3], [4], [5]];
  it.each([
    [0, 0.9, 0],
    [0, 1.1, 1],
    [25, 2, 0],
    [25, 2.1, 1],
    [75, 4, 0],
    [75, 4.1, 1],
  ])('at %i %% judges %f', async (percentile, value, stopped) => {
    const trials = await runCurves(percentileStopping({ percentile }), [...curves, [value, value]]);
    expect(trials[5]?.state).toBe(stopped === 1 ? 'pruned' : 'complete');
  });
});

describe('threshold stopping', () => {
  it('ends what leaves the range, or is NaN, after the warm-up', async () => {
    const stopping = thresholdStopping({ lower: 0, upper: 2, warmup: 1 });
    expect(
      await lengths(stopping, [
        [9, 1, 2, 3, 1],
        [9, -1, 1],
        [1, Number.NaN, 1],
        [0, 2, 0],
      ]),
    ).toEqual([4, 2, 2, 3]);
  });
});

describe('patience stopping', () => {
  it('ends what has not got better for so many steps', async () => {
    const stopping = patienceStopping({ patience: 2 });
    expect(
      await lengths(stopping, [
        [3, 2, 2, 2, 1],
        [3, 4, 2, 3, 1],
      ]),
    ).toEqual([4, 5]);
    expect(await lengths(patienceStopping({ patience: 2, minDelta: 0.5 }), [[3, 2.8, 2.6, 1]])).toEqual([3]);
  });
});

describe('asha stopping', () => {
  it('lets the best third of a rung go on, counting who came there before', async () => {
    const flat = (value: number): readonly number[] => Array.from({ length: 9 }, () => value);
    // Each is compared with those before it: 1 of 1, 1 of 2, 2 of 3, 1 of 4, 2 of 5, 2 of 6.
    expect(await lengths(ashaStopping({ min: 3 }), [5, 4, 4.5, 3, 3.5, 3.2].map(flat))).toEqual([9, 9, 3, 9, 3, 9]);
  });

  it('judges at a rung alone', async () => {
    const trials = await runCurves(ashaStopping({ min: 2, eta: 2 }), [
      [1, 1, 1, 1],
      [9, 0, 9, 9, 9],
    ]);
    expect(trials.map(({ reports }) => reports.length)).toEqual([4, 4]);
  });

  it('with several objectives ends what is dominated', async () => {
    const study = await createStudy({
      name: 'mo',
      space: domain,
      objectives: ['minimize a', 'maximize b'],
      strategy: random(),
      earlyStopping: ashaStopping({ eta: 2 }),
    });
    const points = [
      [1, 1],
      [2, 2],
      [3, 0],
      [0, 3],
      [4, 0],
    ];
    await study.run(
      async (trial) => {
        const [a = 0, b = 0] = points[trial.number] ?? [];
        trial.report(1, { a, b });
        if (await trial.shouldStop()) throw new TrialPruned();
        return { a, b };
      },
      { stop: [maxTrials(5)] },
    );
    expect(study.trials.map(({ state }) => state)).toEqual(['complete', 'pruned', 'pruned', 'complete', 'pruned']);
  });

  it('gives a trial the place that ranking all of them would', () => {
    const value = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 25 }), (points) => {
        const criteria: Criteria = {
          objectives: [
            { direction: 'minimize', metric: 'a' },
            { direction: 'maximize', metric: 'b' },
          ],
          constraints: [{ metric: 'c', relation: '<=', bound: 4 }],
        };
        const trials = points.map(([a, b, c], number): TrialRecord => {
          return { ...completeTrial(number, { a, b, c }), reports: [{ step: 1, revision: 1, metrics: { a, b, c } }] };
        });
        const trial = trials.at(-1);
        if (trial === undefined) return;
        const history = new History({
          revision: 0,
          criteria,
          tried: new Set<string>(),
          lists: () => listsOf(trials, { finished: trials, ranked: undefined }),
        });
        const { reason } = ashaStopping().advise({ space: domain, history, trial });
        const place = rankTrials(trials, criteria).findIndex(({ number }) => number === trial.number) + 1;
        expect(reason).toContain(`number ${place} of ${trials.length} at`);
      }),
    );
  });

  it('refuses what makes no rungs', () => {
    expect(() => ashaStopping({ eta: 1 })).toThrow('asha: eta is 1: give a whole number from 2');
    expect(() => ashaStopping({ min: 0 })).toThrow('asha: min is 0: give a whole number from 1');
  });
});

describe('hyperband stopping', () => {
  it('compares within a bracket, from its first rung on', async () => {
    // With 1 to 9 and eta 3 the brackets have 9, 5 and 3 of 17 trials, with rungs at 1 and 3, at 3, and none. Each trial
    // is worse than those before it, so that but for the first of a bracket all end at its first rung.
    const flat = (value: number): readonly number[] => Array.from({ length: 9 }, () => value);
    const came = await lengths(
      hyperbandStopping({ max: 9 }),
      Array.from({ length: 170 }, (_, number) => flat(number)),
    );
    expect(came.slice(0, 9).filter((length) => length > 1).length).toBeGreaterThan(3);
    for (let from = 0; from < 170; from += 17) {
      const some = came.slice(from, from + 17);
      for (const [step, count] of [
        [1, 9],
        [3, 5],
        [9, 3],
      ] as const) {
        const ended = some.filter((length) => length === step).length;
        expect(Math.abs(ended - count)).toBeLessThanOrEqual(from === 0 ? 3 : 1);
      }
    }
  });
});

describe('a constraint that is known at the end alone', () => {
  it.each([ashaStopping(), hyperbandStopping({ max: 9 })])(
    'does not keep $name from ending trials',
    async (stopping) => {
      const study = await createStudy({
        name: 'c',
        space: domain,
        objectives: ['minimize loss'],
        constraints: ['size <= 1kB'],
        strategy: random(),
        earlyStopping: stopping,
      });
      const { counts } = await study.run(
        async (trial) => {
          for (let step = 1; step <= 9; step += 1) {
            trial.report(step, { loss: trial.config.x });
            if (await trial.shouldStop()) throw new TrialPruned();
          }
          return { loss: trial.config.x, size: 10 };
        },
        { stop: [maxTrials(40)] },
      );
      expect(counts.pruned).toBeGreaterThan(15);
    },
  );
});

describe('every early stopping', () => {
  it.each([
    medianStopping(),
    percentileStopping(),
    thresholdStopping({ upper: 1 }),
    patienceStopping(),
    ashaStopping(),
    hyperbandStopping(),
  ])('$name is stored with the study and found again', async (earlyStopping) => {
    const storage = memoryStorage();
    const options = { name: 's', space: space({ n: int(0, 3) }), objectives: ['minimize m'] } as const;
    await createStudy({ ...options, storage, strategy: random(), earlyStopping });
    const reopened: Study = await openStudy({ storage, name: 's' });
    expect(reopened.earlyStopping?.name).toBe(earlyStopping.name);
    expect(reopened.earlyStopping?.options).toEqual(earlyStopping.options);
  });
});
