/** Strategies on networks that our engine trained: see tools/bench/tabular. */
import { statSync } from 'node:fs';
import { agingEvolution, asha, greedy } from '@espalier/search';
import { describe, expect, test } from 'vitest';
import { costToReach, fullCost, meanBest, progressOf, randomTrialsToReach } from '../../tools/bench/tabular/compare.ts';
import { tabularSpace, task } from '../../tools/bench/tabular/space.ts';
import { accuracyAt, expectedBest, worth, worths } from '../../tools/bench/tabular/table.ts';

describe('the table', () => {
  test('is small, and holds every network', () => {
    expect(statSync(new URL('../../tools/bench/tabular/table.json', import.meta.url)).size).toBeLessThan(300_000);
    expect(worths).toHaveLength(1024);
    const config = tabularSpace.at(700);
    const finals = [0, 1, 2].map((seed) => accuracyAt(config, seed, task.epochs));
    expect(worth(config)).toBeCloseTo(finals.reduce((sum, value) => sum + value, 0) / 3, 12);
  });

  test('tells the expected best of a random draw exactly', () => {
    // Of all subsets of two, the k-th best network is the best in as many as there are worse ones.
    const size = worths.length;
    const pairs = (size * (size - 1)) / 2;
    const expected = worths.reduce((sum, value, place) => sum + (value * (size - 1 - place)) / pairs, 0);
    expect(expectedBest(2)).toBeCloseTo(expected, 10);
    expect(expectedBest(1)).toBeCloseTo(worths.reduce((sum, value) => sum + value, 0) / size, 10);
    expect(expectedBest(size)).toBe(worths[0]);
  });
});

describe('beats random search', () => {
  test.each([
    ['greedy', greedy],
    ['aging evolution', () => agingEvolution({ population: 30, sample: 10 })],
  ] as const)('%s', async (_, make) => {
    const best = await meanBest(() => make(), 150, 12);
    for (const count of [60, 100, 150]) expect(best[count - 1], `after ${count}`).toBeGreaterThan(expectedBest(count));
  });

  test('asha, with a third of the compute', async () => {
    const ratios: number[] = [];
    for (let seed = 0; seed < 15; seed += 1) {
      const progress = await progressOf(asha({ min: 1, max: task.epochs, eta: 2 }), seed, 40, 8);
      const found = progress.at(-1)?.best ?? 0;
      ratios.push(costToReach(progress, found) / (randomTrialsToReach(found) * fullCost));
    }
    expect(ratios.toSorted((a, b) => a - b)[7]).toBeLessThanOrEqual(1 / 3);
  });
});
