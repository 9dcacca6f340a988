/** The best options within a budget are found: there are no better ones. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, GoalError, type SensitivityTable } from '../../src/index.ts';

const option = (
  bytes: number,
  damage: number,
  milliseconds?: number,
): SensitivityTable['layers'][number]['options'][number] => ({
  config: null,
  bytes,
  damage,
  ...(milliseconds !== undefined && { milliseconds }),
});

const tables: fc.Arbitrary<SensitivityTable> = fc
  .array(
    fc.array(
      fc
        .tuple(
          fc.oneof(fc.nat(12), fc.nat(1e6)),
          fc.oneof(fc.integer({ min: -3, max: 9 }), fc.double({ min: -1, max: 50, noNaN: true })),
        )
        .map(([bytes, damage]) => option(bytes, damage)),
      { minLength: 1, maxLength: 5 },
    ),
    { maxLength: 6 },
  )
  .map((layers) => ({ layers: layers.map((options, index) => ({ name: `${index}.weight`, options })) }));

interface Sums {
  readonly bytes: number;
  readonly damage: number;
}

/** All there are. */
function everyChoice({ layers }: SensitivityTable): Sums[] {
  return layers.reduce<Sums[]>(
    (all, { options }) =>
      all.flatMap((sums) =>
        options.map(({ bytes, damage }) => ({ bytes: sums.bytes + bytes, damage: sums.damage + damage })),
      ),
    [{ bytes: 0, damage: 0 }],
  );
}

describe('options within a budget', () => {
  test('have the least damage of all choices there are', () => {
    fc.assert(
      fc.property(tables, fc.double({ min: 0, max: 1.1, noNaN: true }), (table, share) => {
        const all = everyChoice(table);
        const [least, most] = [Math.min(...all.map(({ bytes }) => bytes)), Math.max(...all.map(({ bytes }) => bytes))];
        const budget = least + share * (most - least);
        const found = allocate(table, { bytes: budget });
        const best = Math.min(...all.filter(({ bytes }) => bytes <= budget).map(({ damage }) => damage));
        expect(found.bytes).toBeLessThanOrEqual(budget);
        expect(found.damage).toBeLessThanOrEqual(best + 1e-9 * (1 + Math.abs(best)));
        expect(found.layers.map(({ name }) => name)).toEqual(table.layers.map(({ name }) => name));
        expect(found.bytes).toBe(found.layers.reduce((sum, each) => sum + each.option.bytes, 0));
      }),
      { numRuns: 300 },
    );
  });

  test('are found for a hundred layers of eight options and for every budget, at once', () => {
    let state = 1;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const table: SensitivityTable = {
      layers: Array.from({ length: 100 }, (_, layer) => {
        const [size, weight] = [1000 + Math.floor(random() * 1e6), random()];
        return {
          name: `${layer}`,
          options: [1, 2, 3, 4, 5, 6, 8, 32].map((bits) =>
            option(Math.ceil((size * bits) / 8), weight * 4 ** -bits * (1 + 0.2 * random())),
          ),
        };
      }),
    };
    const whole = table.layers.reduce((sum, { options }) => sum + (options.at(-1)?.bytes ?? 0), 0);
    let before = Infinity;
    for (const share of [0.05, 0.1, 0.2, 0.5, 1]) {
      const { damage, bytes } = allocate(table, { bytes: share * whole });
      expect(bytes).toBeLessThanOrEqual(share * whole);
      expect(damage).toBeLessThanOrEqual(before);
      before = damage;
    }
    expect(before).toBeCloseTo(table.layers.reduce((sum, { options }) => sum + (options.at(-1)?.damage ?? 0), 0));
  });

  test('may be within milliseconds', () => {
    const table = {
      layers: [
        { name: 'a', options: [option(10, 0, 3), option(5, 1, 1)] },
        { name: 'b', options: [option(10, 0, 3), option(5, 2, 1)] },
      ],
    };
    const { layers, damage, milliseconds } = allocate(table, { milliseconds: 4 });
    expect([layers.map((each) => each.option.bytes), damage, milliseconds]).toEqual([[5, 10], 1, 4]);
  });

  test('of equal damage take the least', () => {
    const { bytes } = allocate(
      { layers: [{ name: 'a', options: [option(9, 1), option(4, 1), option(6, 1)] }] },
      { bytes: 99 },
    );
    expect(bytes).toBe(4);
  });

  test.each([
    [
      { layers: [{ name: 'a', options: [option(9, 1)] }] },
      { bytes: 8 },
      /the budget is 8, and the smallest options take 9/,
    ],
    [{ layers: [{ name: 'a', options: [] }] }, { bytes: 8 }, /table.layers\[0\]: a has no options/],
    [
      { layers: [{ name: 'a', options: [option(1, NaN)] }] },
      { bytes: 8 },
      /layers\[0\].options\[0\]: of a has the damage NaN/,
    ],
    [{ layers: [{ name: 'a', options: [option(1, 1)] }] }, { milliseconds: 8 }, /undefined milliseconds/],
    [{ layers: [] }, { bytes: 1, milliseconds: 1 }, /give \{ bytes \} or \{ milliseconds \}/],
    [{ layers: [] }, { bytes: -1 }, /budget.bytes: is -1/],
    [{}, { bytes: 1 }, /it must be \{ layers \}/],
  ])('that cannot be are refused', (table, budget, problem) => {
    expect(() => allocate(table as never, budget as never)).toThrow(GoalError);
    expect(() => allocate(table as never, budget as never)).toThrow(problem);
  });
});
