import {
  crowdingDistance,
  dominates,
  isBetter,
  nonDominatedSort,
  rankTrials,
  type Criteria,
  type TrialRecord,
} from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ParetoFront } from '../../src/study/front.ts';
import { completeTrial } from '../helpers/records.ts';

const points = fc
  .integer({ min: 1, max: 4 })
  .chain((size) =>
    fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: size, maxLength: size }), { maxLength: 40 }),
  );

const criteria: Criteria = {
  objectives: [
    { direction: 'minimize', metric: 'f' },
    { direction: 'maximize', metric: 'g' },
  ],
  constraints: [{ metric: 'size', relation: '<=', bound: 10 }],
};

const trial = (number: number, f: number, g: number, size = 0): TrialRecord => completeTrial(number, { f, g, size });

describe('non-dominated sorting', () => {
  it('agrees with peeling off one front after another', () => {
    fc.assert(
      fc.property(points, (all) => {
        const ranks = nonDominatedSort(all);
        let left = all.map((_, index) => index);
        for (let rank = 0; left.length > 0; rank += 1) {
          const rest = left;
          const front = rest.filter((i) => !rest.some((j) => dominates(all[j] ?? [], all[i] ?? [])));
          expect(front).not.toEqual([]);
          for (const index of front) expect(ranks[index]).toBe(rank);
          left = rest.filter((index) => !front.includes(index));
        }
      }),
    );
  });
});

describe('crowding distance', () => {
  it('is infinite at the ends and the summed relative gap between', () => {
    expect(
      crowdingDistance([
        [0, 0],
        [0.5, 50],
        [1, 100],
      ]),
    ).toEqual([Infinity, 2, Infinity]);
    expect(
      crowdingDistance([
        [0, 4],
        [1, 3],
        [3, 1],
        [4, 0],
      ]),
    ).toEqual([Infinity, 1.5, 1.5, Infinity]);
  });

  it('takes infinite losses', () => {
    expect(
      crowdingDistance([
        [0, 4],
        [1, 2],
        [Infinity, 1],
        [Infinity, 0],
      ]),
    ).toEqual([Infinity, 0.75, 0.5, Infinity]);
  });

  it('counts nothing where all are equal', () => {
    expect(crowdingDistance([[1], [1], [1]])).toEqual([Infinity, 0, Infinity]);
    expect(crowdingDistance([])).toEqual([]);
  });
});

describe('ranking', () => {
  it('puts fronts first, then who stands alone, then the infeasible by violation; the unfinished are left out', () => {
    const trials = [
      trial(0, 5, 5, 12),
      trial(1, 5, 0),
      trial(2, 0, 0),
      trial(3, 1, 5),
      trial(4, 2, 6),
      trial(5, 9, 9, 11),
      trial(6, 9, 9),
      { ...trial(7, 0, 9), state: 'failed' as const },
    ];
    expect(rankTrials(trials, criteria).map(({ number }) => number)).toEqual([2, 6, 4, 3, 1, 5, 0]);
  });

  it('prefers the feasible, then the less violating, then the dominating', () => {
    expect(isBetter(trial(0, 9, 0), trial(1, 0, 9, 11), criteria)).toBe(true);
    expect(isBetter(trial(0, 9, 0, 11), trial(1, 0, 9, 12), criteria)).toBe(true);
    expect(isBetter(trial(0, 1, 1), trial(1, 2, 1), criteria)).toBe(true);
    expect(isBetter(trial(0, 1, 1), trial(1, 2, 2), criteria)).toBe(false);
    expect(isBetter(trial(0, 1, 1), trial(1, 1, 1), criteria)).toBe(false);
  });
});

describe('the Pareto front', () => {
  it('is what no other dominates, whatever the order, and tells when it improved', () => {
    const arbitrary = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 }), fc.boolean()));
    fc.assert(
      fc.property(arbitrary, (rows) => {
        const trials = rows.map(([f, g, heavy], number) => trial(number, f, g, heavy ? 20 : 0));
        const front = new ParetoFront(criteria);
        for (const one of trials) {
          const before = front.trials;
          expect(front.add(one)).toBe(front.trials.includes(one));
          expect(front.trials !== before).toBe(true);
        }
        const feasible = trials.filter(({ metrics }) => metrics['size'] === 0);
        const expected = feasible.filter(
          (one) =>
            !feasible.some((other) => isBetter(other, one, criteria)) &&
            !feasible.some(
              (other) =>
                other.number < one.number &&
                other.metrics['f'] === one.metrics['f'] &&
                other.metrics['g'] === one.metrics['g'],
            ),
        );
        expect(front.trials).toEqual(expected);
      }),
    );
  });
});
