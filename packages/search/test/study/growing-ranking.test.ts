import { crowdingDistance, nonDominatedSort, rankTrials, type Criteria, type TrialRecord } from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frontsGrowing, rankGrowing } from '../../src/study/ranking.ts';
import { completeTrial } from '../helpers/records.ts';

const trial = (number: number, f: number, g: number, size: number): TrialRecord => ({
  ...completeTrial(number, { f, g, size }),
  state: size === 9 ? 'failed' : 'complete',
});
const criteriaOf = (): Criteria => ({
  objectives: [
    { direction: 'minimize', metric: 'f' },
    { direction: 'maximize', metric: 'g' },
  ],
  constraints: [{ metric: 'size', relation: '<=', bound: 5 }],
});
const lists = fc
  .array(fc.tuple(fc.nat(9), fc.nat(9), fc.constantFrom(1, 1, 1, 6, 7, 9)), { maxLength: 40 })
  .map((rows) => rows.map(([f, g, size], number) => trial(number, f, g, size)));

/** The ranking from its parts: fronts by the sort, crowding within each. */
function expected(trials: readonly TrialRecord[]): readonly number[] {
  const complete = trials.filter(({ state }) => state === 'complete');
  const feasible = complete.filter(({ metrics }) => (metrics['size'] ?? 0) <= 5);
  const points = feasible.map(({ metrics }) => [metrics['f'] ?? 0, -(metrics['g'] ?? 0)]);
  const ranks = nonDominatedSort(points);
  const fronts = [...new Set(ranks)]
    .toSorted((a, b) => a - b)
    .map((rank) => {
      const places = ranks.flatMap((other, index) => (other === rank ? index : []));
      const crowding = crowdingDistance(places.map((place) => points[place] ?? []));
      return places
        .map((place, index) => ({ number: feasible[place]?.number ?? -1, alone: crowding[index] ?? 0 }))
        .toSorted((a, b) => (a.alone === b.alone ? a.number - b.number : b.alone - a.alone))
        .map(({ number }) => number);
    });
  const broken = complete
    .filter(({ metrics }) => (metrics['size'] ?? 0) > 5)
    .toSorted((a, b) => (a.metrics['size'] ?? 0) - (b.metrics['size'] ?? 0) || a.number - b.number);
  return [...fronts.flat(), ...broken.map(({ number }) => number)];
}

describe('a ranking that grows', () => {
  // Equal points get crowding distances by their order, which insertion changes: fronts and the rest must agree.
  const distinct = lists.map((trials) => {
    const seen = new Set<string>();
    return trials.filter(({ metrics: { f, g } }) => {
      const fresh = !seen.has(`f${f}`) && !seen.has(`g${g}`);
      seen.add(`f${f}`).add(`g${g}`);
      return fresh;
    });
  });

  it('is what ranking everything at once gives', () => {
    fc.assert(
      fc.property(distinct, fc.nat(40), (trials, cut) => {
        const criteria = criteriaOf();
        rankGrowing(trials.slice(0, cut), criteria);
        const grown = rankGrowing(trials, criteria).map(({ number }) => number);
        expect(grown).toEqual(expected(trials));
        expect(rankTrials(trials, criteria).map(({ number }) => number)).toEqual(grown);
      }),
    );
  });

  it('is that however much of it was asked for on the way', () => {
    const wide = fc
      .uniqueArray(fc.tuple(fc.integer(), fc.integer()), { maxLength: 200, selector: ([f]) => f })
      .map((rows) => [...new Map(rows.map(([f, g]) => [g, f]))].map(([g, f], number) => trial(number, f, g, 1)));
    const looks = fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 30 })), { maxLength: 12 });
    fc.assert(
      fc.property(wide, looks, (trials, asked) => {
        const criteria = criteriaOf();
        for (const [cut, count] of asked.toSorted(([a], [b]) => a - b)) {
          const known = trials.slice(0, cut);
          const best = rankGrowing(known, criteria, count).map(({ number }) => number);
          expect(best).toEqual(expected(known).slice(0, count));
        }
        expect(rankGrowing(trials, criteria).map(({ number }) => number)).toEqual(expected(trials));
      }),
    );
  });

  it('gives the fronts one by one, and the same list while a front stays', () => {
    const criteria = criteriaOf();
    const trials = [trial(0, 0, 9, 1), trial(1, 5, 9, 1), trial(2, 6, 9, 1), trial(3, 1, 9, 9)];
    const [first, second] = frontsGrowing(trials, criteria, 2);
    expect([first, second].map((front) => front?.map(({ number }) => number))).toEqual([[0], [1]]);
    const grown = frontsGrowing([...trials, trial(4, 4, 9, 1)], criteria, Infinity);
    expect(grown.map((front) => front.map(({ number }) => number))).toEqual([[0], [4], [1], [2]]);
    expect(grown[0]).toBe(first);
  });

  it('forgets a list that is not the beginning of the next', () => {
    fc.assert(
      fc.property(distinct, distinct, (one, other) => {
        const criteria = criteriaOf();
        rankGrowing(one, criteria);
        expect(rankGrowing(other, criteria)).toEqual(rankTrials(other, criteria));
      }),
    );
  });
});
