import { TrialFailure, asha, choice, createStudy, float, int, memoryStorage, space } from '@espalier/search';
import { describe, expect, it } from 'vitest';

describe('a sampler', () => {
  /** What is suggested, in batches that are told in an order of their own, the study opened anew after so many. */
  async function suggestions(sampler: string, count: number, reopens: boolean): Promise<readonly string[]> {
    const storage = memoryStorage();
    const domain = space({ x: float(0, 1), y: float(1e-3, 1, { log: true }), k: int(1, 5), c: choice(['a', 'b']) });
    const open = (resume: boolean) =>
      createStudy({
        name: 's',
        space: domain,
        objectives: ['minimize loss'],
        strategy: asha({ max: 9, sampler: { name: sampler } }),
        storage,
        seed: 5,
        resume,
      });
    let study = await open(false);
    const asked: string[] = [];
    let late: Awaited<ReturnType<typeof study.ask>> | undefined;
    while (asked.length < count) {
      const batch = [await study.ask(), await study.ask(), await study.ask()];
      asked.push(...batch.map(({ number, config, budget }) => JSON.stringify([number, config, budget])));
      // The first of a batch takes as long as the next batch.
      const told = late === undefined ? batch.slice(1) : [...batch.slice(1), late];
      [late] = batch;
      for (const trial of told) {
        const { x, y, k, c } = trial.config;
        const loss = (x - 0.3) ** 2 + (Math.log10(y) + 1) ** 2 + Math.abs(k - 3) + (c === 'b' ? 0 : 0.3);
        const fails = trial.number % 7 === 3;
        await study.tell(trial, fails ? new TrialFailure('crash', 'no') : loss + 1 / (trial.budget ?? 9));
      }
      if (reopens) study = await open(true);
    }
    return asked;
  }

  it.each([
    ['cma-es', 200],
    ['gp', 60],
    ['tpe', 120],
  ])('%s suggests the same whether it remembers or not', async (sampler, count) => {
    expect(await suggestions(sampler, count, true)).toEqual(await suggestions(sampler, count, false));
  });
});
