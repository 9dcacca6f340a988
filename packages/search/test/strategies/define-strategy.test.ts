import {
  createStudy,
  defineStrategy,
  int,
  maxTrials,
  memoryStorage,
  mutate,
  openStudy,
  replay,
  space,
} from '@espalier/search';
import { expect, it } from 'vitest';

const aroundBest = defineStrategy({
  name: 'around-best',
  defaults: { probability: 0.5 },
  decide: ({ space: domain, history, random }, { probability }) => {
    const best = history.ranked[0];
    const config = best === undefined ? domain.sample(random) : mutate(domain, best.config, random, { probability });
    return { type: 'try', config, origin: { operator: best === undefined ? 'sample' : 'mutate' } };
  },
});

const domain = space({ x: int(0, 100), y: int(0, 100) });
const objectives = ['minimize loss'] as const;

it('a strategy of the user runs, replays and is stored by name', async () => {
  const storage = memoryStorage();
  const strategy = aroundBest({ probability: 0.9 });
  const study = await createStudy({ name: 'own', storage, space: domain, objectives, strategy });
  await study.run(({ config: { x, y } }) => x + y, { stop: [maxTrials(50)], workers: 2 });
  expect(study.best?.metrics['loss']).toBeLessThan(40);
  expect(await replay(study)).toEqual({ checked: 50, differences: [] });
  expect((await storage.readStudy('own'))?.strategy).toEqual({ name: 'around-best', options: { probability: 0.9 } });
  await expect(openStudy({ storage })).rejects.toThrow(
    /^study 'own': its strategy 'around-best' is not among random, .*genetic.*: pass it as strategy$/u,
  );
  expect((await openStudy({ storage, strategy })).trials).toHaveLength(50);
});

it('a strategy that throws, or suggests what is not in the space, costs no number', async () => {
  let bad = true;
  const strategy = defineStrategy({
    name: 'moody',
    defaults: {},
    decide: ({ number }) => ({
      type: 'try',
      config: bad ? { x: -1, y: 0 } : { x: number, y: 0 },
      origin: { operator: 'own' },
    }),
  });
  const study = await createStudy({ name: 'moody', space: domain, objectives, strategy: strategy() });
  await expect(study.ask()).rejects.toThrow('x is -1: it must be a whole number from 0 to 100');
  bad = false;
  const trial = await study.ask();
  expect(trial.number).toBe(0);
  expect(trial.config).toEqual({ x: 0, y: 0 });
});
