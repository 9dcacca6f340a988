import { choice, createStudy, float, genetic, int, list, maxTrials, space, target } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { bestSoFar, studyOf } from '../helpers/run.ts';

const domain = space({
  x: float(-1, 1),
  y: float(-1, 1),
  n: int(0, 9),
  kind: choice({ a: { z: float(0, 1) }, b: {} }),
});
const bowl = ({
  x,
  y,
  n,
  kind,
}: {
  x: number;
  y: number;
  n: number;
  kind: { type: 'a'; z: number } | { type: 'b' };
}): number => x * x + y * y + (n - 4) ** 2 + (kind.type === 'a' ? kind.z : 0.5);

describe('the genetic algorithm', () => {
  it('starts with a random population and then breeds', async () => {
    const study = await studyOf(domain, genetic({ population: 12 }), 1);
    await study.run(({ config }) => bowl(config), { stop: [maxTrials(60)] });
    const operators = study.trials.map(({ origin }) => origin.operator);
    expect(new Set(operators.slice(0, 12))).toEqual(new Set(['sample']));
    expect(new Set(operators.slice(12))).toEqual(new Set(['crossover', 'mutation']));
    const keys = study.trials.map(({ config }) => domain.key(config));
    expect(new Set(keys).size).toBe(60);
  });

  it('with elitism never loses the best: it stays a possible parent, and the population never gets worse', async () => {
    const [population, elitism] = [8, 3];
    const study = await studyOf(domain, genetic({ population, elitism }), 2);
    await study.run(({ config }) => bowl(config), { stop: [maxTrials(120)] });
    const loss = (number: number): number => study.trials[number]?.metrics['loss'] ?? Number.NaN;
    for (const { number, origin } of study.trials.slice(population)) {
      const ranked = Array.from({ length: number }, (_, index) => index).toSorted((a, b) => loss(a) - loss(b) || a - b);
      const elite = ranked.slice(0, elitism);
      const rest = ranked.slice(elitism).toSorted((a, b) => b - a);
      const members = new Set([...elite, ...rest.slice(0, population - elitism)]);
      for (const parent of origin.parents ?? []) expect(members).toContain(parent);
    }
    const best = bestSoFar(study.trials);
    expect(best.every((value, index) => index === 0 || value <= (best[index - 1] ?? Infinity))).toBe(true);
    expect(study.trials.some(({ origin }) => origin.parents?.includes(study.best?.number ?? -1) ?? false)).toBe(true);
  });

  it('without elitism takes parents from the latest trials alone', async () => {
    const study = await studyOf(domain, genetic({ population: 10, elitism: 0 }), 2);
    await study.run(({ config }) => bowl(config), { stop: [maxTrials(80)] });
    for (const { number, origin } of study.trials.slice(10)) {
      for (const parent of origin.parents ?? []) expect(parent).toBeGreaterThanOrEqual(number - 10);
    }
  });

  it('without crossover only mutates', async () => {
    const study = await studyOf(domain, genetic({ population: 5, crossoverProbability: 0 }), 2);
    await study.run(({ config }) => bowl(config), { stop: [maxTrials(30)] });
    expect(study.trials.slice(5).every(({ origin }) => origin.operator === 'mutation')).toBe(true);
  });

  it('finds both ends and the middle of a front', async () => {
    const line = space({ x: float(0, 1), y: float(0, 1) });
    const study = await createStudy({
      name: 'front',
      space: line,
      objectives: ['minimize a', 'minimize b'],
      strategy: genetic({ population: 16 }),
      seed: 3,
    });
    await study.run(({ config: { x, y } }) => ({ a: x + y, b: (1 - x) ** 2 + y }), { stop: [maxTrials(200)] });
    const found = study.front.map(({ config }) => config.x);
    expect(found.length).toBeGreaterThan(10);
    expect(Math.min(...found)).toBeLessThan(0.1);
    expect(Math.max(...found)).toBeGreaterThan(0.9);
    expect(study.front.every(({ config }) => config.y < 0.1)).toBe(true);
  });

  it('prefers what is feasible', async () => {
    const study = await createStudy({
      name: 'bounded',
      space: space({ x: float(0, 10) }),
      objectives: ['minimize loss'],
      constraints: ['size >= 4'],
      strategy: genetic({ population: 10 }),
    });
    const { best } = await study.run(({ config: { x } }) => ({ loss: x, size: x }), { stop: [maxTrials(100)] });
    expect(best?.config.x).toBeGreaterThanOrEqual(4);
    expect(best?.config.x).toBeLessThan(4.3);
  });

  it.each(['uniform', 'one-point', 'sbx'] as const)('%s crossover finds the bowl', async (crossover) => {
    const study = await studyOf(domain, genetic({ crossover }), 1);
    await study.run(({ config }) => bowl(config), { stop: [maxTrials(300)] });
    expect(study.best?.metrics['loss']).toBeLessThan(0.1);
  });

  it('by niches keeps both of two equal optima, which otherwise one takes over', async () => {
    const line = space({ x: float(-1, 1), y: float(-1, 1) });
    const sides = async (nicheRadius: number): Promise<number> => {
      let both = 0;
      for (let seed = 0; seed < 10; seed += 1) {
        const study = await studyOf(line, genetic({ nicheRadius }), seed);
        await study.run(({ config: { x, y } }) => (Math.abs(x) - 0.7) ** 2 + y * y, { stop: [maxTrials(300)] });
        const late = study.trials.slice(-60).filter(({ metrics }) => (metrics['loss'] ?? 1) < 0.05);
        const left = late.filter(({ config }) => config.x < 0).length;
        both += Math.min(left, late.length - left) >= 5 ? 1 : 0;
      }
      return both;
    };
    expect(await sides(0)).toBeLessThan(3);
    expect(await sides(0.2)).toBeGreaterThan(7);
  });

  it.each([
    [{ nicheRadius: 2 }, 'nicheRadius is 2: give a number from 0 to 1'],
    [{ crossover: 'two' as 'sbx' }, "crossover is 'two': give one of uniform, one-point, sbx"],
    [{ population: 0 }, 'population is 0: give a whole number from 1'],
    [{ elitism: 30 }, 'elitism is 30: give a whole number from 0 to the population, 20'],
    [{ mutationProbability: 2 }, 'mutationProbability is 2: give a number from 0 to 1'],
  ])('refuses %j', (options, message) => {
    expect(() => genetic(options)).toThrow(`genetic: ${message}`);
  });

  it('refuses options it does not have', () => {
    const options: object = { populaton: 3 };
    expect(() => genetic(options)).toThrow(
      "genetic: there is no option 'populaton': its options are population, elitism, tournament",
    );
  });
});

describe('genetic on architectures', () => {
  it('inserts and removes items, which single parameters cannot', async () => {
    const wanted = [7, 3, 9, 1, 5];
    const digits = space({ items: list(int(0, 9), { min: 1, max: 6 }) });
    const study = await createStudy({ name: 'l', space: digits, objectives: ['minimize misses'], strategy: genetic() });
    const misses = ({ config: { items } }: { readonly config: { readonly items: readonly number[] } }): number =>
      wanted.reduce((sum, digit, place) => sum + Math.abs((items[place] ?? 20) - digit), 0) +
      Math.abs(items.length - 5);
    await study.run(misses, { stop: [maxTrials(400), target('misses <= 0')] });
    expect(study.best?.metrics['misses']).toBeLessThanOrEqual(2);
  });
});
