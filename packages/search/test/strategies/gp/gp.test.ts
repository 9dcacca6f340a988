import { choice, createStudy, float, gp, int, maxTrials, replay, space } from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { studyOf } from '../../helpers/run.ts';

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
