/** Which units stay. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseUnits, type ScoredWidth, type UnitChoice } from '../../src/structured/choose-units.ts';

const choice: UnitChoice = { ratio: 0.5, scope: 'local', minimum: 0, maximum: 0.9, roundTo: 1 };

function width(name: string, scores: readonly number[], structure = 'linear'): ScoredWidth {
  return {
    width: { name, kind: 'neuron', size: scores.length, members: [] },
    scores: Float32Array.from(scores),
    structure,
  };
}

const drawn = fc
  .array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((all) => all.map((scores, index) => width(String(index), scores, index % 2 === 0 ? 'even' : 'odd')));

describe('chooseUnits', () => {
  test('keeps the best of each width, in their order', () => {
    const kept = chooseUnits([width('a', [3, 1, 2, 4]), width('b', [9, 8])], choice);
    expect([...kept]).toEqual([
      ['a', [0, 3]],
      ['b', [0]],
    ]);
  });

  test('ranks by scores as multiples of their mean under global scope', () => {
    const kept = chooseUnits([width('a', [10, 10, 10, 10]), width('b', [1, 1, 1, 5])], { ...choice, scope: 'global' });
    expect([...kept.values()]).toEqual([[1, 2, 3].map((unit) => unit), [3]]);
  });

  test('lets those of one structure alone compete under isomorphic scope', () => {
    const all = [width('a', [1, 1, 1, 5]), width('b', [4, 4, 4, 4]), width('c', [1, 2, 3, 4], 'conv')];
    const kept = chooseUnits(all, { ...choice, scope: 'isomorphic' });
    expect(kept.get('c')).toEqual([2, 3]);
    expect((kept.get('a')?.length ?? 0) + (kept.get('b')?.length ?? 0)).toBe(4);
  });

  test('rounds what stays up to a multiple, and never beyond what is there', () => {
    const kept = chooseUnits(
      [
        width(
          'a',
          Array.from({ length: 20 }, (_, unit) => unit),
        ),
        width('b', [1, 2, 3]),
      ],
      {
        ...choice,
        roundTo: 8,
      },
    );
    expect(kept.get('a')).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(kept.get('b')).toEqual([0, 1, 2]);
  });

  test('leaves at least one of each, as many as asked for, and none that is better than one that stays', () => {
    const scopes = fc.constantFrom('local', 'global', 'isomorphic');
    fc.assert(
      fc.property(drawn, scopes, fc.double({ min: 0, max: 0.5, noNaN: true }), (all, scope, ratio) => {
        const kept = chooseUnits(all, { ...choice, scope, ratio, maximum: 0.999 });
        for (const { width: own, scores } of all) {
          const stay = new Set(kept.get(own.name));
          expect(stay.size).toBeGreaterThanOrEqual(1);
          const worst = Math.min(...[...stay].map((unit) => scores[unit] as number));
          for (const [unit, score] of scores.entries()) if (!stay.has(unit)) expect(score).toBeLessThanOrEqual(worst);
          if (scope === 'local') expect(stay.size).toBe(own.size - Math.floor(ratio * own.size + 1e-9));
        }
      }),
    );
  });
});
