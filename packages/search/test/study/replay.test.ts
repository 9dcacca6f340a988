import {
  choice,
  createStudy,
  defineStrategy,
  float,
  genetic,
  greedy,
  int,
  maxTrials,
  memoryStorage,
  random,
  replay,
  space,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';

const domain = space({
  n: int(1, 8),
  lr: float(1e-4, 1, { log: true }),
  kind: choice({ a: { y: float(0, 1) }, b: {} }),
});
const strategies = [random(), greedy({ initial: 3 }), genetic({ population: 6 })];

/** An objective whose trials take their time, each another, so that workers overtake each other. */
const objective = async ({
  number,
  config,
}: {
  number: number;
  config: { n: number; lr: number };
}): Promise<number> => {
  for (let tick = 0; tick < (number * 13) % 29; tick += 1) await Promise.resolve();
  if (number % 11 === 5) throw new Error('sometimes');
  return (config.n - 3) ** 2 + Math.log10(config.lr) ** 2;
};

describe.each(strategies.map((strategy) => [strategy.name, strategy] as const))('%s', (_, strategy) => {
  it.each([1, 4])('makes every suggestion again, with %d workers', async (workers) => {
    const study = await createStudy({
      name: 'replay',
      space: domain,
      objectives: ['minimize loss'],
      strategy,
      seed: 9,
    });
    await study.enqueue({ n: 4, lr: 0.5, kind: { type: 'b' } });
    await study.run(objective, { stop: [maxTrials(60)], workers });
    expect(await replay(study)).toEqual({ checked: 59, differences: [] });
  });

  it('suggests the same to the same seed, and other things to another', async () => {
    const configs = async (seed: number): Promise<readonly unknown[]> => {
      const study = await createStudy({ name: 'same', space: domain, objectives: ['minimize loss'], strategy, seed });
      await study.run(objective, { stop: [maxTrials(40)] });
      return study.trials.map(({ config }) => config);
    };
    const first = await configs(1);
    expect(await configs(1)).toEqual(first);
    expect(await configs(2)).not.toEqual(first);
  });
});

it('goes through a change of space and of strategy', async () => {
  const storage = memoryStorage();
  const options = { name: 'amended', storage, objectives: ['minimize loss'] as const, seed: 2 };
  const first = await createStudy({ ...options, space: domain, strategy: random() });
  await first.run(objective, { stop: [maxTrials(20)], workers: 2 });
  const wider = space({
    kind: choice({ a: { y: float(0, 1) }, b: {}, c: { z: int(0, 9) } }),
    lr: float(1e-5, 1, { log: true }),
    n: int(1, 20),
  });
  const strategy = genetic({ population: 10 });
  const second = await createStudy({ ...options, space: wider, strategy, resume: true });
  await second.run(objective, { stop: [maxTrials(60)], workers: 3 });
  expect(await replay(second)).toEqual({ checked: 60, differences: [] });
});

it('finds a strategy that is not pure', async () => {
  let calls = 0;
  const impure = defineStrategy({
    name: 'impure',
    defaults: {},
    decide: () => {
      calls += 1;
      return { type: 'try', config: { x: calls }, origin: { operator: 'count' } };
    },
  });
  const study = await createStudy({
    name: 'impure',
    space: space({ x: int(0, 99) }),
    objectives: ['minimize loss'],
    strategy: impure(),
  });
  await study.run(() => 1, { stop: [maxTrials(3)] });
  const { differences } = await replay(study);
  expect(differences.map(({ number }) => number)).toEqual([0, 1, 2]);
});
