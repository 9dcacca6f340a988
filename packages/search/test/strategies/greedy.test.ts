import {
  choice,
  createStudy,
  float,
  greedy,
  int,
  maxTrials,
  neighbours,
  patience,
  space,
  target,
  type TrialRecord,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { studyOf } from '../helpers/run.ts';

const bits = 6;
const oneMax = space(Object.fromEntries(Array.from({ length: bits }, (_, bit) => [`bit${bit}`, choice([0, 1])])));
const zeros = (config: Readonly<Record<string, number>>): number =>
  bits - Object.values(config).reduce((sum, bit) => sum + bit, 0);

/** The trials of each climb, in order. */
function climbs(trials: readonly TrialRecord[]): readonly (readonly TrialRecord[])[] {
  const found: TrialRecord[][] = [];
  for (const trial of trials) (found[Number(trial.origin['climb'])] ??= []).push(trial);
  return found;
}

describe('hill climbing', () => {
  it('finds the optimum of OneMax from every start, within its moves', async () => {
    for (let index = 0; index < oneMax.size; index += 1) {
      const study = await studyOf(oneMax, greedy({ initial: 1 }), index);
      await study.enqueue(oneMax.at(index));
      // A step gains one bit and costs at most one trial per bit.
      const result = await study.run(({ config }) => zeros(config), {
        stop: [target('loss <= 0'), maxTrials(bits * bits)],
      });
      expect(result.stopped.by).toBe("target('loss <= 0')");
      expect(climbs(study.trials.slice(1)).length).toBeLessThan(2);
    }
  });

  it('only ever steps from the best of its climb, and only one move', async () => {
    const domain = space({ x: int(0, 20), y: float(0, 1), kind: choice({ a: { z: float(0, 1) }, b: {} }) });
    const study = await studyOf(domain, greedy({ initial: 4 }), 3);
    await study.run(
      ({ config: { x, y, kind } }) => (x - 13) ** 2 + (y - 0.3) ** 2 + (kind.type === 'a' ? (kind.z - 0.5) ** 2 : 0.1),
      { stop: [maxTrials(150)] },
    );
    const { strides } = { strides: [0.2, 0.05, 0.0125, 0] };
    const steps = study.trials.filter(({ origin }) => origin.operator === 'step');
    expect(steps.length).toBeGreaterThan(100);
    for (const step of steps) {
      const [from = -1] = step.origin.parents ?? [];
      const parent = study.trials[from];
      const earlier = study.trials.filter(
        ({ number, origin }) => number < step.number && origin['climb'] === step.origin['climb'],
      );
      const best = Math.min(...earlier.map(({ metrics }) => metrics['loss'] ?? Infinity));
      expect(parent?.metrics['loss']).toBe(best);
      const near = neighbours(domain, parent?.config ?? step.config, strides[Number(step.origin['level'])]);
      expect(near.map(({ config }) => domain.key(config))).toContain(domain.key(step.config));
    }
  });

  it('restarts only where no neighbour is better', async () => {
    const domain = space({ x: int(0, 40) });
    const wave = (x: number): number => Math.abs(x - 20) / 10 + (x % 8 === 0 ? 0 : 2);
    const study = await studyOf(domain, greedy({ initial: 1, strides: [0] }), 1);
    await study.run(({ config }) => wave(config.x), { stop: [maxTrials(30)] });
    const found = climbs(study.trials);
    expect(found.length).toBeGreaterThan(2);
    for (const climb of found.slice(0, -1)) {
      const known = new Set(
        study.trials.filter(({ number }) => number <= (climb.at(-1)?.number ?? -1)).map(({ config }) => config.x),
      );
      let x = climb.map(({ config }) => Number(config['x'])).reduce((a, b) => (wave(b) < wave(a) ? b : a));
      for (let better: number | undefined = x; better !== undefined;) {
        x = better;
        better = [x - 1, x + 1].find((near) => known.has(near) && wave(near) < wave(x));
      }
      for (const { config } of neighbours(domain, { x }, 0)) expect(wave(config.x)).toBeGreaterThanOrEqual(wave(x));
    }
  });

  it('goes on from what was enqueued', async () => {
    const study = await studyOf(space({ x: int(0, 1000) }), greedy({ initial: 1, strides: [0] }), 1);
    await study.enqueue({ x: 500 });
    await study.run(({ config }) => Math.abs(config.x - 510), { stop: [maxTrials(20)] });
    expect(study.best?.config.x).toBe(510);
  });

  it('survives trials that fail', async () => {
    const study = await studyOf(space({ x: int(0, 30) }), greedy({ initial: 2, strides: [0] }), 4);
    await study.run(
      ({ config }) => {
        if (config.x % 5 === 2) throw new Error('no');
        return config.x;
      },
      { stop: [maxTrials(31)] },
    );
    expect(study.best?.config.x).toBe(0);
  });

  it('steps to what dominates when there are several objectives', async () => {
    const domain = space({ x: int(0, 30), y: int(0, 30) });
    const study = await createStudy({
      name: 'two',
      space: domain,
      objectives: ['minimize f', 'maximize g'],
      strategy: greedy({ initial: 1, strides: [0] }),
    });
    await study.run(({ config: { x, y } }) => ({ f: x + y, g: -Math.abs(y - 5) }), { stop: [patience(40)] });
    const steps = study.trials.filter(({ origin }) => origin.operator === 'step');
    expect(steps.length).toBeGreaterThan(10);
    for (const { origin } of steps) {
      const parent = study.trials[origin.parents?.[0] ?? -1];
      const grand = study.trials[parent?.origin.parents?.[0] ?? -1];
      if (parent === undefined || grand === undefined) continue;
      expect(parent.metrics['f']).toBeLessThanOrEqual(grand.metrics['f'] ?? 0);
      expect(parent.metrics['g']).toBeGreaterThanOrEqual(grand.metrics['g'] ?? 0);
    }
  });

  it('refuses options that cannot work', () => {
    expect(() => greedy({ initial: 0 })).toThrow('greedy: initial is 0: give a whole number from 1');
    expect(() => greedy({ strides: [] })).toThrow(
      'greedy: strides is []: give a list of parts of the range, from 0 to 1',
    );
    expect(() => greedy({ strides: [2] })).toThrow(
      'greedy: strides is [2]: give a list of parts of the range, from 0 to 1',
    );
  });
});
