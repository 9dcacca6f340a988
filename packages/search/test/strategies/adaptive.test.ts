import { adaptive, createStudy, float, maxTrials, replay, space } from '@espalier/search';
import { describe, expect, it } from 'vitest';

const domain = space(Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`x${index}`, float(-5, 5)])));
const sphere = ({ config }: { readonly config: Readonly<Record<string, unknown>> }): number =>
  Object.values(config).reduce<number>((sum, x) => sum + (Number(x) - 1) ** 2, 0);

const open = (options: Parameters<typeof adaptive>[0], seed = 1) =>
  createStudy({ name: 'p', space: domain, objectives: ['minimize loss'], strategy: adaptive(options), seed });

describe('adaptive', () => {
  it('moves its trials toward what pays off, and records each shift', async () => {
    const study = await open({ members: [{ name: 'random' }, { name: 'cma-es' }] });
    await study.run(sphere, { stop: [maxTrials(160)] });
    const share = (from: number, to: number): number =>
      study.trials.slice(from, to).filter(({ origin }) => origin['member'] === 'cma-es').length / (to - from);
    expect(share(100, 160)).toBeGreaterThan(0.7);
    expect(share(100, 160)).toBeGreaterThan(share(0, 30));
    for (const { origin } of study.trials) {
      const shares = origin['shares'] as Readonly<Record<string, number>>;
      expect(Object.keys(shares)).toEqual(['random', 'cma-es']);
      expect((shares['random'] ?? 0) + (shares['cma-es'] ?? 0)).toBeCloseTo(1, 2);
      expect(Math.min(...Object.values(shares))).toBeGreaterThanOrEqual(0.05);
    }
  });

  it.each([1, 4])('can be replayed with %d workers', async (workers) => {
    const study = await open({}, workers);
    await study.run(async (trial) => sphere(trial), { stop: [maxTrials(60)], workers });
    expect(new Set(study.trials.map(({ origin }) => origin['member']))).toEqual(
      new Set(['tpe', 'genetic', 'greedy', 'random']),
    );
    expect((await replay(study)).differences).toEqual([]);
  });

  it('is much better than the worst of its members alone', async () => {
    const bests = async (members: readonly { readonly name: string }[]): Promise<number> => {
      const found: number[] = [];
      for (let seed = 0; seed < 7; seed += 1) {
        const study = await open({ members: members.map(({ name }) => ({ name })) }, seed);
        const { best } = await study.run(sphere, { stop: [maxTrials(120)] });
        found.push(best?.metrics['loss'] ?? Infinity);
      }
      return found.toSorted((a, b) => a - b)[3] ?? Infinity;
    };
    const [random, cma, both] = [
      await bests([{ name: 'random' }]),
      await bests([{ name: 'cma-es' }]),
      await bests([{ name: 'random' }, { name: 'cma-es' }]),
    ];
    expect(both).toBeLessThan(0.7 * random);
    expect(cma).toBeLessThan(random);
  });

  it.each([
    [{ members: [] }, /there are no members/u],
    [{ members: [{ name: 'best' }] }, /its name is 'best'/u],
    [{ members: [{ name: 'genetic', options: { size: 1 } }] }, /no option 'size'/u],
    [{ window: 0 }, /window is 0/u],
    [{ floor: 0.5 }, /floor is 0.5/u],
  ])('refuses %j', (options, words) => {
    expect(() => adaptive(options)).toThrow(words);
  });
});
