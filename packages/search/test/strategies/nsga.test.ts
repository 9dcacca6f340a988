import {
  createStudy,
  dasDennis,
  float,
  History,
  hypervolume,
  int,
  maxTrials,
  memoryStorage,
  nsga2,
  nsga3,
  random,
  replay,
  space,
  type Strategy,
  type Study,
  type TrialRecord,
} from '@espalier/search';
import { simulate, virtualClock } from '@espalier/testing/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeTrial } from '../helpers/records.ts';
import { parentsOf } from '../../src/strategies/nsga/generations.ts';
import { surviveByCrowding } from '../../src/strategies/nsga/crowding.ts';
import { compareMembers, type Member } from '../../src/strategies/nsga/member.ts';
import { surviveByNiches } from '../../src/strategies/nsga/niching.ts';
import { parseObjective } from '../../src/study/objective.ts';

const domain = space({ x: float(0, 1), y: float(0, 1), z: float(0, 1), n: int(0, 3) });
const trade = ({ x, y, z, n }: { x: number; y: number; z: number; n: number }): { a: number; b: number } => {
  const g = 1 + 3 * (y + z) + n;
  return { a: x, b: g * (1 - Math.sqrt(x / g)) };
};

async function run(strategy: Strategy, trials: number, seed = 0, workers = 1) {
  const study = await createStudy({
    name: 'n',
    space: domain,
    objectives: ['minimize a', 'minimize b'],
    strategy,
    seed,
  });
  await study.run(({ config }) => trade(config), { stop: [maxTrials(trials)], workers });
  return study;
}

function volumeOf(study: Pick<Study, 'front'>): number {
  const points = study.front.map(({ metrics }) => [metrics['a'] ?? 9, metrics['b'] ?? 9]);
  return hypervolume(points, [1.1, 1.1]);
}

const members = fc
  .integer({ min: 2, max: 3 })
  .chain((axes) =>
    fc.array(fc.tuple(fc.array(fc.nat(20), { minLength: axes, maxLength: axes }), fc.constantFrom(0, 0, 0, 1, 2)), {
      minLength: 1,
      maxLength: 30,
    }),
  )
  .map((rows) =>
    rows.map(([point, broken], number): Member => ({ trial: completeTrial(number), point, broken, merit: 0 })),
  );

describe.each<[string, (all: readonly Member[], size: number) => readonly Member[]]>([
  ['crowding', surviveByCrowding],
  ['niches', (all, size) => surviveByNiches(all, size, dasDennis(all[0]?.point.length ?? 2, 4))],
])('survival by %s', (_, survive) => {
  it('keeps the right number, and nobody dominated by one that leaves', () => {
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 30 }), (all, size) => {
        const kept = survive(all, size);
        expect(kept).toHaveLength(Math.min(size, all.length));
        expect(new Set(kept).size).toBe(kept.length);
        const left = all.filter((member) => !kept.includes(member));
        for (const stays of kept) for (const leaves of left) expect(compareMembers(leaves, stays)).not.toBe(-1);
      }),
    );
  });
});

describe('a trial that never ends', () => {
  const objectives = ['minimize a', 'minimize b'] as const;

  it('costs a look at each generation no more than once', () => {
    let looks = 0;
    const evolution = {
      population: 4,
      offspring: 2,
      variation: { crossoverProbability: 1, crossoverEta: 15, mutationProbability: null, mutationEta: 20 },
      survive: (all: readonly Member[]) => {
        looks += 1;
        return surviveByCrowding(all, 4);
      },
    };
    const criteria = { objectives: objectives.map((text) => parseObjective(text)), constraints: [] };
    const trials = Array.from({ length: 400 }, (_, number): TrialRecord => {
      const finished = completeTrial(number, { a: number % 17, b: (number * 7) % 19 });
      return number === 1 ? { ...finished, state: 'running', metrics: {} } : finished;
    });
    const parents = (count: number): readonly Member[] => {
      const known = trials.slice(0, count);
      const running = known.filter(({ state }) => state === 'running');
      const tried = { size: count, has: () => false };
      const finished = known.filter(({ state }) => state !== 'running');
      const lists = () => ({ trials: known, finished, ranked: undefined, running, waiting: 0 });
      return parentsOf(evolution, new History({ revision: count, tried, criteria, lists }), count);
    };
    for (let count = 4; count < 400; count += 1) parents(count);
    expect(looks).toBeLessThan(400);
    // When it ends after all, it is looked at.
    trials[1] = completeTrial(1, { a: -1, b: -1 });
    expect(parents(400).map(({ trial }) => trial.number)).toContain(1);
  });

  it.each([nsga2({ population: 6 }), nsga3({ population: 6 })])(
    '$name suggests the same to who comes anew',
    async (strategy) => {
      const storage = memoryStorage();
      const options = { name: 'late', space: domain, objectives, strategy, storage, resume: true };
      const study = await createStudy(options);
      const late = await study.ask();
      for (let trial = 1; trial < 40; trial += 1) {
        const next = await study.ask();
        await study.tell(next, trade(next.config));
        if (trial === 20) await study.tell(late, trade(late.config));
      }
      const again = await replay(await createStudy(options));
      expect(again).toEqual({ checked: 40, differences: [] });
    },
  );
});

describe('survival', () => {
  it('by crowding keeps the ends of a front, and thins where it is dense', () => {
    const points = [0, 1, 2, 3, 10, 20].map((x) => [x, 20 - x]);
    const all = points.map((point, number): Member => ({ trial: completeTrial(number), point, broken: 0, merit: 0 }));
    expect(surviveByCrowding(all, 3).map(({ point }) => point[0])).toEqual([0, 10, 20]);
  });

  it('by niches keeps who is nearest to each direction', () => {
    const points = [
      [0, 1],
      [0.1, 0.92],
      [0.5, 0.5],
      [0.52, 0.49],
      [1, 0],
    ];
    const all = points.map((point, number): Member => ({ trial: completeTrial(number), point, broken: 0, merit: 0 }));
    expect(
      surviveByNiches(all, 3, dasDennis(2, 2))
        .map(({ trial }) => trial.number)
        .toSorted((a, b) => a - b),
    ).toEqual([0, 2, 4]);
  });
});

describe.each<[string, Strategy]>([
  ['nsga2', nsga2({ population: 20 })],
  ['nsga3', nsga3({ population: 20 })],
])('%s', (_, strategy) => {
  it('finds far more than random search', async () => {
    const found = volumeOf(await run(strategy, 400));
    expect(found).toBeGreaterThan(1.5 * volumeOf(await run(random(), 400)));
  });

  it('breeds by generations of trial numbers, from survivors of the ones before', async () => {
    const study = await run(strategy, 100);
    for (const { number, origin } of study.trials) {
      const generation = number < 20 ? 0 : Math.floor((number - 15) / 5);
      expect(origin['generation']).toBe(generation);
      for (const parent of origin.parents ?? []) expect(parent).toBeLessThan(15 + 5 * generation);
    }
    expect(new Set(study.trials.slice(20).map(({ origin }) => origin.operator))).toEqual(
      new Set(['crossover', 'mutation']),
    );
    expect(new Set(study.trials.map(({ config }) => domain.key(config))).size).toBe(100);
  });

  it('makes every suggestion again, also after parallel runs', async () => {
    const study = await run(strategy, 90, 5, 7);
    expect(await replay(study)).toEqual({ checked: 90, differences: [] });
  });

  it('does not wait for stragglers', async () => {
    const clock = virtualClock();
    const study = await createStudy({
      name: 'slow',
      space: domain,
      objectives: ['minimize a', 'minimize b'],
      strategy,
      now: clock.now,
    });
    const { tells } = await simulate(study, {
      clock,
      workers: 4,
      until: 100,
      step: ({ config, number }) => ({ metrics: trade(config as never), cost: number === 5 ? 1000 : 1 }),
    });
    expect(tells).toHaveLength(301);
  });

  it('puts the feasible first', async () => {
    const study = await createStudy({
      name: 'bounded',
      space: domain,
      objectives: ['minimize a', 'minimize b'],
      constraints: ['a >= 0.5'],
      strategy,
    });
    await study.run(({ config }) => trade(config), { stop: [maxTrials(200)] });
    const late = study.trials.slice(-60);
    expect(late.filter(({ metrics }) => (metrics['a'] ?? 0) >= 0.5).length).toBeGreaterThan(40);
  });

  it('goes on where trials fail', async () => {
    const study = await createStudy({
      name: 'fails',
      space: domain,
      objectives: ['minimize a', 'minimize b'],
      strategy,
    });
    const { counts } = await study.run(
      ({ config, number }) => (number % 3 === 0 ? { a: Number.NaN, b: 0 } : trade(config)),
      { stop: [maxTrials(100)] },
    );
    expect(counts.failed).toBe(34);
    expect(counts.complete).toBe(66);
  });
});

describe('options', () => {
  it('that breed nothing are refused', () => {
    expect(() => nsga2({ population: 1 })).toThrow('nsga2: population is 1: give a whole number from 2');
    expect(() => nsga3({ divisions: 0 })).toThrow('nsga3: divisions is 0: give a whole number from 1');
    expect(() => nsga2({ crossoverProbability: 2 })).toThrow('crossoverProbability is 2: give a number from 0 to 1');
  });
});
