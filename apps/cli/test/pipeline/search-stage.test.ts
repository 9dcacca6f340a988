import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  recipeStrategies,
  searchCandidates as searchStage,
  type Architecture,
  type Candidate,
  type SearchSetup,
} from '@espalier/pipeline';
import { memoryStorage, openStudy } from '@espalier/search';
import { afterEach, describe, expect, test } from 'vitest';
import { createInterrupt } from '../../src/cli/interrupt.ts';
import { InterruptedError } from '../../src/errors.ts';
import { quickstartRecipe, readRecipe } from '../../src/recipe/recipe.ts';

const recipe = { ...quickstartRecipe().search, trials: 12, population: 4 };

/** A made-up accuracy: wide networks with a learning rate near 0.05 are good. */
const accuracyOf = ({ architecture, training: { optimizer } }: Candidate): number => {
  const { channels, hidden } = architecture as Architecture;
  return (channels / 16 + hidden / 128) / 4 + 0.5 / (1 + Math.abs(Math.log(Number(optimizer['lr']) / 0.05)));
};

const setup = (changes: Partial<SearchSetup> = {}): SearchSetup => ({
  name: 'test',
  recipe,
  seed: 7,
  storage: memoryStorage(),
  interrupt: createInterrupt(),
  tryCandidate: async (candidate) => accuracyOf(candidate),
  onTrial: () => undefined,
  ...changes,
});

/** Resolves after as many turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('a training that diverges is told as NaN, and the search goes on', async () => {
  const storage = memoryStorage();
  await searchStage(
    setup({
      storage,
      tryCandidate: async (candidate, _seed, number) => {
        if (number === 1) throw Object.assign(new Error('the loss is NaN from step 3 on'), { name: 'DivergenceError' });
        if (number === 2) throw new TypeError('x');
        return accuracyOf(candidate);
      },
    }),
  );
  await using study = await openStudy({ name: 'test', storage });
  expect(study.trials.slice(0, 4).map(({ failure }) => failure?.kind)).toEqual([undefined, 'nan', 'crash', undefined]);
  expect(study.trials).toHaveLength(12);
});

describe.each(recipeStrategies)('%s search', (strategy) => {
  const own = { ...recipe, strategy };

  test('finds the best of its trials', async () => {
    const { winner, accuracy, trials, best, stopped } = await searchStage(setup({ recipe: own }));
    expect(trials).toHaveLength(12);
    expect(accuracy).toBe(Math.max(...trials.map((trial) => trial.accuracy ?? 0)));
    expect(trials[best]?.config).toEqual(winner);
    expect(stopped).toBe('ended after 12 trials');
  });

  test('does not depend on which trial of a pair ends first', async () => {
    const quickFirst = await searchStage(setup({ recipe: own }));
    const slowFirst = await searchStage(
      setup({
        recipe: own,
        tryCandidate: async (candidate, _seed, number) => {
          await turns(number % 2 === 0 ? 20 : 0);
          return accuracyOf(candidate);
        },
      }),
    );
    expect(slowFirst).toEqual(quickFirst);
  });
});

describe('a search that is interrupted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('goes on where it was and ends as if it had never stopped', async () => {
    const whole = await searchStage(setup());
    const storage = `journal:${join(folder, 'search.jsonl')}`;
    const interrupt = createInterrupt();
    const stopAtSix = setup({
      storage,
      interrupt,
      tryCandidate: async (candidate, _seed, number) => {
        if (number === 6) interrupt.abort();
        if (interrupt.aborted) throw new InterruptedError();
        return accuracyOf(candidate);
      },
    });
    await expect(searchStage(stopAtSix)).rejects.toThrow(InterruptedError);
    const tried: number[] = [];
    const resumed = await searchStage(
      setup({
        storage,
        tryCandidate: async (candidate, _seed, number) => {
          tried.push(number);
          return accuracyOf(candidate);
        },
      }),
    );
    expect(tried).toEqual([6, 7, 8, 9, 10, 11]);
    expect(resumed).toEqual(whole);
  });
});

test('a trial that fails is one trial lost', async () => {
  const { trials } = await searchStage(
    setup({
      tryCandidate: async (candidate, _seed, number) => {
        if (number === 3) throw new Error('out of luck');
        return accuracyOf(candidate);
      },
    }),
  );
  expect(trials.filter(({ accuracy }) => accuracy === null).map(({ number }) => number)).toEqual([3]);
});

test('when every trial fails, the first reason is told', async () => {
  const doomed = setup({
    tryCandidate: async () => {
      throw new Error('out of luck');
    },
  });
  await expect(searchStage(doomed)).rejects.toThrow(
    'search: no trial worked; the first failed with: Error: out of luck',
  );
});

test('a small space ends when it is used up', async () => {
  const { search } = readRecipe(
    'small.yaml',
    `search:
  strategy: random
  space:
    architecture: { blocks: 1, channels: 4, kernel: 3, hidden: 0, activation: relu, batchNorm: false }
    initialiser: orthogonal
    training: { optimizer: { adam: { lr: 0.1 } }, schedule: [constant, cosine], batch: 32 }`,
  );
  const { trials, stopped } = await searchStage(setup({ recipe: search }));
  expect(trials).toHaveLength(2);
  expect(stopped).toBe('ended after 2 trials: every config was tried');
});
