import {
  RandomStream,
  TrialFailure,
  TrialPruned,
  choice,
  createStudy,
  float,
  int,
  maxTrials,
  random,
  replay,
  space,
  tpe,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { History } from '../../../src/study/history.ts';
import { codesOf } from '../../../src/strategies/codes.ts';
import { groupsOf } from '../../../src/strategies/tpe/groups.ts';
import { splitTrials } from '../../../src/strategies/tpe/split.ts';
import { closedForms } from '../../helpers/functions.ts';
import { studyOf } from '../../helpers/run.ts';

const domain = space({
  lr: float(1e-4, 1, { log: true }),
  layers: int(1, 4),
  kind: choice({ sgd: { momentum: float(0, 1) }, adam: { beta: float(0, 1), gamma: float(0, 1) } }),
});

describe('tpe', () => {
  it('starts at random, then draws from what was good', async () => {
    const study = await studyOf(domain, tpe(), 3);
    await study.run(({ config }) => Math.abs(Math.log10(config.lr) + 2) + (config.kind.type === 'sgd' ? 0 : 1), {
      stop: [maxTrials(70)],
    });
    expect(study.trials.slice(0, 10).every(({ origin }) => origin.operator === 'sample')).toBe(true);
    const later = study.trials.slice(40);
    expect(later.every(({ origin }) => origin.operator === 'tpe')).toBe(true);
    // At random a quarter of them would be as near, and half of them sgd.
    expect(later.filter(({ config }) => Math.abs(Math.log10(config.lr) + 2) < 0.5).length).toBeGreaterThan(15);
    expect(later.filter(({ config }) => config.kind.type === 'sgd').length).toBeGreaterThan(20);
  });

  it.each([true, false])('gives every suggestion again, with 4 workers (multivariate: %s)', async (multivariate) => {
    const study = await studyOf(domain, tpe({ multivariate }), 8);
    await study.run(
      async ({ config, number }) => {
        await new Promise((resolve) => setTimeout(resolve, number % 3));
        return config.lr + config.layers;
      },
      { stop: [maxTrials(40)], workers: 4 },
    );
    const { checked, differences } = await replay(study);
    expect(checked).toBe(40);
    expect(differences).toEqual([]);
  });

  it('keeps workers apart: trials in hand count as bad', async () => {
    const line = space({ x: float(0, 1) });
    const study = await studyOf(line, tpe(), 4);
    await study.run(({ config }) => Math.abs(config.x - 0.5), { stop: [maxTrials(30)] });
    const alone = study.decide(study.history, 40);
    const running = await Promise.all(Array.from({ length: 6 }, () => study.ask()));
    const split = splitTrials(study.history, () => 3);
    const numbers = new Set(split.bad.map(({ number }) => number));
    expect(running.every(({ number }) => numbers.has(number))).toBe(true);
    expect(study.decide(study.history, 40)).not.toEqual(alone);
  });

  it('keeps workers apart from a trial in hand, however old it is', async () => {
    const study = await studyOf(space({ x: float(0, 1) }), random(), 4);
    const old = await Promise.all(Array.from({ length: 7 }, () => study.ask()));
    await study.run(({ config }) => config.x, { stop: [maxTrials(400)] });
    const { bad } = splitTrials(study.history, () => 25, 200);
    expect(bad.slice(-7).map(({ number }) => number)).toEqual(old.map(({ number }) => number));
    expect(new Set(bad).size).toBe(bad.length);
  });

  it('looks at several objectives without ranking all trials, and takes losses that are infinite', async () => {
    const study = await createStudy({
      name: 'front',
      space: space({ x: float(0, 1) }),
      objectives: ['minimize a', 'minimize b'],
      strategy: random(),
    });
    await study.run(({ config: { x }, number }) => ({ a: x, b: (1 - x) ** 2, part: number }), {
      stop: [maxTrials(40)],
    });
    const { revision, tried, criteria, running, waiting } = study.history;
    const trials = study.trials.map((trial) =>
      trial.number % 10 === 0 ? { ...trial, metrics: { a: -1 - trial.number, b: Infinity } } : trial,
    );
    const lists = () => ({ trials, finished: trials, ranked: undefined, running, waiting });
    const history = new History({ revision, tried, criteria, lists });
    Object.defineProperty(history, 'ranked', { get: () => expect.unreachable('everything is ranked') });
    const { good } = splitTrials(history, () => 8);
    // Those that no volume tells apart come last.
    expect(good).toHaveLength(8);
    expect(good.every(({ metrics }) => Number.isFinite(metrics['b']))).toBe(true);
    expect(() =>
      tpe().decide({ space: study.space, history, random: new RandomStream(1, 1), number: 41, duplicates: 'avoid' }),
    ).not.toThrow();
  });

  it('ranks pruned trials by how far they came, before infeasible ones, and leaves out what says nothing', async () => {
    const study = await createStudy({
      name: 'split',
      space: space({ x: int(0, 9) }),
      objectives: ['minimize loss'],
      constraints: ['size <= 5'],
      strategy: tpe(),
    });
    const configs = Array.from({ length: 7 }, (_, x) => ({ x }));
    await study.enqueue(...configs);
    await study.run(
      (trial) => {
        const { x } = trial.config;
        if (x <= 2) trial.report(x === 0 ? 1 : 2, { loss: x === 1 ? 5 : 4 });
        if (x <= 2) throw new TrialPruned();
        if (x === 3) throw new TrialFailure('invalid', 'no result');
        if (x === 4) throw new TrialFailure('nan', 'diverged');
        return { loss: x, size: x };
      },
      { stop: [maxTrials(7)] },
    );
    const order = [1, 2, 3, 4].map((count) => splitTrials(study.history, () => count).good.map(({ number }) => number));
    expect(order).toEqual([[5], [5, 2], [5, 2, 1], [5, 2, 1, 0]]);
    expect(splitTrials(study.history, () => 2).bad.map(({ number }) => number)).toEqual([0, 1, 4, 6]);
  });

  it('sees only the order of values', async () => {
    const configs = async (turn: (loss: number) => number): Promise<readonly unknown[]> => {
      const study = await studyOf(domain, tpe(), 6);
      await study.run(({ config: { lr, layers } }) => turn(Math.log(lr) ** 2 + layers), { stop: [maxTrials(40)] });
      return study.trials.map(({ config }) => config);
    };
    expect(await configs((loss) => -1 / (1 + loss) ** 3)).toEqual(await configs((loss) => loss));
  });

  it('groups the parameters that are active together', () => {
    const configs = [
      domain.normalize({ lr: 0.1, layers: 1, kind: { type: 'sgd', momentum: 0.5 } }),
      domain.normalize({ lr: 0.1, layers: 1, kind: { type: 'adam', beta: 0.5, gamma: 0.1 } }),
    ];
    const groups = groupsOf(configs.map((config) => codesOf(domain, config))).map((group) => [...group.keys()]);
    expect(groups).toEqual([['lr', 'layers', 'kind'], ['kind.sgd.momentum'], ['kind.adam.beta', 'kind.adam.gamma']]);
  });

  it('follows a valley that no parameter shows alone', async () => {
    const square = space({ x: float(0, 1), y: float(0, 1) });
    const valley = ({ x, y }: { x: number; y: number }): number => Math.abs(x - y) + 0.1 * Math.abs(x - 0.7);
    const inValley = async (multivariate: boolean): Promise<number> => {
      let count = 0;
      for (let seed = 0; seed < 6; seed += 1) {
        const study = await studyOf(square, tpe({ multivariate }), seed);
        await study.run(({ config }) => valley(config), { stop: [maxTrials(60)] });
        count += study.trials.slice(20).filter(({ config }) => Math.abs(config.x - config.y) < 0.1).length;
      }
      return count;
    };
    expect(await inValley(true)).toBeGreaterThan(1.1 * (await inValley(false)));
  });

  it('finds a front of two objectives', async () => {
    const study = await createStudy({
      name: 'front',
      space: space({ x: float(0, 1), y: float(0, 1) }),
      objectives: ['minimize a', 'minimize b'],
      strategy: tpe(),
      seed: 3,
    });
    await study.run(({ config: { x, y } }) => ({ a: x + y, b: (1 - x) ** 2 + y }), { stop: [maxTrials(120)] });
    const later = study.trials.slice(60);
    expect(later.filter(({ config }) => config.y < 0.2).length).toBeGreaterThan(30);
    const xs = study.front.map(({ config }) => config.x);
    expect(Math.max(...xs) - Math.min(...xs)).toBeGreaterThan(0.5);
  });

  it('draws every kind of closed form without repeating a config', async () => {
    for (const form of closedForms) {
      const study = await studyOf(form.space, tpe({ initial: 4 }), 1);
      await study.run(({ config }) => form.value(config as never), { stop: [maxTrials(25)] });
      expect(new Set(study.trials.map(({ config }) => form.space.key(config))).size).toBe(25);
    }
  });

  it('refuses options that cannot work', () => {
    expect(() => tpe({ candidates: 0 })).toThrow('tpe: candidates is 0: give a whole number from 1');
  });
});
