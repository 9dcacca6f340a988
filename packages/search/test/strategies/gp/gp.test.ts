import {
  RandomStream,
  choice,
  createStudy,
  float,
  gp,
  int,
  maxTrials,
  replay,
  space,
  type TrialRecord,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { History } from '../../../src/study/history.ts';
import { completeTrial } from '../../helpers/records.ts';
import { median, studyOf } from '../../helpers/run.ts';

const mixed = space({
  x: float(-1, 1),
  n: int(0, 6),
  rate: float(1e-3, 1, { log: true }),
  kind: choice({ a: { z: float(0, 1) }, b: {} }),
});
type Mixed = Parameters<typeof mixed.key>[0];
const bowl = ({ x, n, rate, kind }: Mixed): number =>
  (x - 0.3) ** 2 + (n - 4) ** 2 / 9 + (Math.log10(rate) + 1) ** 2 + (kind.type === 'a' ? (kind.z - 0.2) ** 2 : 0.5);

describe('gp', () => {
  it('finds the bottom of a bowl of numbers, whole numbers and choices in few trials', async () => {
    const study = await studyOf(mixed, gp(), 1);
    await study.run(({ config }) => bowl(config), { stop: [maxTrials(45)] });
    expect(study.trials.map(({ origin }) => origin.operator)).toEqual([
      ...Array.from({ length: 10 }, () => 'sobol'),
      ...Array.from({ length: 35 }, () => 'gp'),
    ]);
    expect(study.best?.config).toMatchObject({ n: 4, kind: { type: 'a' } });
    expect(study.best?.metrics['loss']).toBeLessThan(0.02);
    expect((await replay(study)).differences).toEqual([]);
  });

  it('suggests different points to workers that ask at once', async () => {
    const study = await studyOf(space({ x: float(0, 1), y: float(0, 1) }), gp(), 2);
    await study.run(({ config: { x, y } }) => Math.sin(9 * x) + Math.cos(11 * y) + x * y, { stop: [maxTrials(12)] });
    const asked: (readonly [number, number])[] = [];
    for (let worker = 0; worker < 5; worker += 1) {
      const { config } = await study.ask();
      asked.push([config.x, config.y]);
    }
    for (const [i, a] of asked.entries()) {
      for (const b of asked.slice(i + 1)) expect(Math.hypot(a[0] - b[0], a[1] - b[1])).toBeGreaterThan(0.005);
    }
  });

  it('gives every suggestion again with 3 workers, trials that fail among them', async () => {
    const study = await studyOf(mixed, gp({ initial: 6, candidates: 100 }), 4);
    await study.run(
      ({ config, number }) => {
        if (number % 6 === 5) throw new Error('crash');
        return bowl(config);
      },
      { stop: [maxTrials(20)], workers: 3 },
    );
    expect((await replay(study)).differences).toEqual([]);
  });

  it('is not led astray by a few huge losses', async () => {
    const regrets: number[] = [];
    for (const seed of [0, 1, 2]) {
      const study = await studyOf(space({ x: float(-5, 5), y: float(-5, 5) }), gp({ candidates: 200 }), seed);
      const loss = ({ config: { x, y } }: { config: { x: number; y: number } }): number =>
        x > 3 ? 1e200 * x : (x - 1) ** 2 + (y + 2) ** 2;
      await study.run(loss, { stop: [maxTrials(35)] });
      regrets.push(study.best?.metrics['loss'] ?? Infinity);
    }
    // Where they hide what is between the others, it is 3 at the median.
    expect(median(regrets)).toBeLessThan(1e-2);
  });

  it('counts as pending what workers have in hand, the latest 50, and not what pauses', async () => {
    const domain = space({ x: float(0, 1), y: float(0, 1) });
    const study = await studyOf(domain, gp({ initial: 4, candidates: 50 }), 2);
    await study.run(({ config: { x, y } }) => x * y, { stop: [maxTrials(8)] });
    const { revision, tried, criteria, finished, waiting } = study.history;
    const decideWith = (state: 'running' | 'paused', count: number): unknown => {
      const others = Array.from({ length: count }, (_, index): TrialRecord => ({
        ...completeTrial(8 + index),
        state,
        config: domain.sample(new RandomStream(1, count - index)),
      }));
      const running = state === 'running' ? others : [];
      const lists = () => ({ trials: [...finished, ...others], finished, ranked: undefined, running, waiting });
      return study.decide(new History({ revision, tried, criteria, lists }), 100);
    };
    const alone = decideWith('running', 0);
    expect(decideWith('paused', 20)).toEqual(alone);
    expect(decideWith('running', 20)).not.toEqual(alone);
    expect(decideWith('running', 80)).toEqual(decideWith('running', 50));
  });

  it('fits anew where the same trial comes after others', async () => {
    const domain = space({ x: float(0, 1), y: float(0, 1) });
    const study = await studyOf(domain, gp({ initial: 4, candidates: 50 }), 2);
    await study.run(({ config: { x, y } }) => Math.sin(9 * x) + y, { stop: [maxTrials(14)] });
    const { revision, tried, criteria, finished, running, waiting } = study.history;
    const decideWith = (trials: readonly TrialRecord[], on: typeof domain): unknown => {
      const lists = () => ({ trials, finished: trials, ranked: undefined, running, waiting });
      const history = new History({ revision, tried, criteria, lists });
      return gp({ initial: 4, candidates: 50 }).decide({
        space: on,
        history,
        random: new RandomStream(2, 14),
        number: 14,
        duplicates: 'avoid',
      });
    };
    const part = finished.slice(5);
    const fresh = decideWith(part, space({ x: float(0, 1), y: float(0, 1) }));
    decideWith(finished, domain);
    expect(decideWith(part, domain)).toEqual(fresh);
  });

  it('ranks several objectives and keeps within constraints', async () => {
    const study = await createStudy({
      name: 'front',
      space: space({ x: float(0, 1), y: float(0, 1) }),
      objectives: ['minimize a', 'minimize b'],
      constraints: ['size >= 0.2'],
      strategy: gp(),
      seed: 3,
    });
    await study.run(({ config: { x, y } }) => ({ a: x + y, b: (1 - x) ** 2 + y, size: x }), { stop: [maxTrials(45)] });
    const later = study.trials.slice(20);
    expect(later.filter(({ config }) => config.y < 0.2).length).toBeGreaterThan(12);
    expect(later.filter(({ config }) => config.x < 0.2).length).toBeLessThan(8);
  });

  it('tries every config of a small space, and is then exhausted', async () => {
    const study = await studyOf(space({ n: int(0, 4), c: choice([true, false, null]) }), gp({ initial: 3 }));
    const { stopped } = await study.run(({ config }) => config.n, {});
    expect(stopped.by).toBe('exhausted');
    expect(study.trials).toHaveLength(15);
  });

  it('refuses options that cannot work', () => {
    expect(() => gp({ initial: 0 })).toThrow('gp: initial is 0: give a whole number from 1');
  });
});
