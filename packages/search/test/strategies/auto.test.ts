import {
  auto,
  choice,
  chooseStrategy,
  createStudy,
  float,
  graph,
  int,
  list,
  maxTrials,
  permutation,
  replay,
  space,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';

const one = { objectives: [{ direction: 'minimize', metric: 'loss' }], constraints: [] } as const;
const objective = (metric: string) => ({ direction: 'minimize', metric }) as const;
const several = (count: number) => ({
  objectives: Array.from({ length: count }, (_, index) => objective(`f${index}`)),
  constraints: [],
});
const numbers = space({ x: float(0, 1), y: float(0, 1) });
const conditional = space({ lr: float(0, 1), optimizer: choice({ sgd: { momentum: float(0, 1) }, adam: {} }) });

describe('chooseStrategy', () => {
  it.each([
    [space({ x: int(1, 9) }), one, 50, 'grid'],
    [space({ x: int(1, 999) }), one, 50, 'gp'],
    [numbers, one, 40, 'gp'],
    [numbers, one, null, 'gp'],
    [numbers, one, 80, 'tpe'],
    [numbers, one, 400, 'cma-es'],
    [conditional, one, 40, 'tpe'],
    [conditional, one, 4000, 'tpe'],
    [numbers, several(2), 200, 'tpe'],
    [numbers, several(2), 20_000, 'nsga2'],
    [numbers, several(4), 20_000, 'nsga3'],
    [space({ cell: graph({ op: choice([1, 2, 3]) }, { max: 8 }) }), one, 300, 'aging-evolution'],
    [space({ layers: list(float(0, 1), { max: 8 }) }), one, 300, 'aging-evolution'],
    [space({ order: permutation(9) }), one, 300, 'aging-evolution'],
    [space({ x: float(0, 1), kind: choice(['a', 'b']) }), one, 40, 'tpe'],
  ] as const)('%s with %j in %j trials: %s', (domain, criteria, trials, name) => {
    const chosen = chooseStrategy(domain, criteria, trials);
    expect(chosen.name).toBe(name);
    expect(chosen.why.length).toBeGreaterThan(10);
  });

  it.each([
    [numbers, 59, 'gp'],
    [numbers, 60, 'tpe'],
    [numbers, 99, 'tpe'],
    [numbers, 100, 'cma-es'],
    [conditional, 1000, 'tpe'],
  ] as const)('%s in an open study after %i trials: %s', (domain, done, name) => {
    expect(chooseStrategy(domain, one, null, done).name).toBe(name);
    // Where the number is known, it alone counts.
    expect(chooseStrategy(domain, one, 80, done).name).toBe('tpe');
  });

  it('says what decided', () => {
    expect(chooseStrategy(space({ x: int(1, 9) }), one, 50).why).toBe('all 9 configs fit into 50 trials');
  });
});

describe('auto', () => {
  it('decides as the strategy it chose, and names it', async () => {
    const study = await createStudy({ name: 'a', space: conditional, objectives: ['minimize loss'], strategy: auto() });
    await study.run(({ config }) => config.lr, { stop: [maxTrials(25)] });
    expect(study.trials.every(({ origin }) => origin['chosen'] === 'tpe')).toBe(true);
    expect((await replay(study)).differences).toEqual([]);
  });

  it('tells why with the first trial of each choice, and goes over to another as an open study grows', async () => {
    const options = { name: 'a', objectives: ['minimize loss'], strategy: auto() } as const;
    const study = await createStudy({ ...options, space: numbers });
    await study.enqueue(...Array.from({ length: 50 }, (_, index) => ({ x: index / 50, y: 0.5 })));
    await study.run(({ config }) => config.x, { stop: [maxTrials(105)] });
    const chosen = study.trials.slice(50).map(({ origin }) => origin['chosen']);
    const expected = [
      [10, 'gp'],
      [40, 'tpe'],
      [5, 'cma-es'],
    ] as const;
    expect(chosen).toEqual(expected.flatMap(([count, name]) => Array.from({ length: count }, () => name)));
    expect(study.trials.filter(({ origin }) => 'why' in origin).map(({ number }) => number)).toEqual([50, 60, 100]);
    expect((await replay(study)).differences).toEqual([]);
  });

  it('refuses a budget that is none', () => {
    expect(() => auto({ trials: 0 })).toThrow(/trials is 0/u);
  });
});
