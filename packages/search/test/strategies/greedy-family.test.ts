import {
  agingEvolution,
  beam,
  choice,
  coordinateDescent,
  float,
  grow,
  int,
  list,
  maxTrials,
  random,
  replay,
  space,
  type ConfigObject,
  type Space,
  type Strategy,
  type TrialRecord,
} from '@espalier/search';
import { describe, expect, it } from 'vitest';
import { median, studyOf } from '../helpers/run.ts';

const domain = space({
  model: { depth: int(1, 6), width: int(1, 64, { log: true }), kind: choice(['a', 'b', 'c']) },
  lr: float(1e-4, 1, { log: true }),
});
const loss = ({
  model: { depth, width, kind },
  lr,
}: {
  model: { depth: number; width: number; kind: string };
  lr: number;
}) => (depth - 4) ** 2 + Math.log2(width / 16) ** 2 + (kind === 'b' ? 0 : 1) + Math.log10(lr / 0.01) ** 2;

/** The paths of the parameters in which two configs differ. */
function differences(one: Space, a: ConfigObject, b: ConfigObject): readonly string[] {
  const [first, second] = [one.flatten(a), one.flatten(b)];
  return [...new Set([...first.keys(), ...second.keys()])].filter(
    (path) => first.get(path)?.value !== second.get(path)?.value,
  );
}

async function run(strategy: Strategy, trials: number, seed = 0, workers = 1) {
  const study = await studyOf(domain, strategy, seed);
  await study.run(({ config }) => loss(config), { stop: [maxTrials(trials)], workers });
  return study;
}

const lossOf = (trials: readonly TrialRecord[], number: number): number => trials[number]?.metrics['loss'] ?? Infinity;

describe.each<[string, Strategy]>([
  ['aging evolution', agingEvolution({ population: 20, sample: 5 })],
  ['coordinate descent', coordinateDescent()],
  ['beam', beam()],
  ['grow', grow({ path: 'model.depth' })],
])('%s', (_, strategy) => {
  it('finds better configs than random search', async () => {
    const best = async (one: Strategy): Promise<number> => {
      const found: number[] = [];
      for (let seed = 0; seed < 9; seed += 1) found.push((await run(one, 120, seed)).best?.metrics['loss'] ?? Infinity);
      return median(found);
    };
    expect(await best(strategy)).toBeLessThan((await best(random())) / 1.5);
  });

  it('makes every suggestion again, also after parallel runs', async () => {
    expect(await replay(await run(strategy, 60, 3, 4))).toEqual({ checked: 60, differences: [] });
  });
});

describe('aging evolution', () => {
  it('takes parents from the latest trials alone, and changes one parameter', async () => {
    const { trials } = await run(agingEvolution({ population: 15, sample: 5 }), 100);
    for (const { number, origin, config } of trials.slice(15)) {
      const [parent = -1] = origin.parents ?? [];
      expect(parent).toBeGreaterThanOrEqual(number - 15);
      expect(differences(domain, config, trials[parent]?.config ?? {})).toHaveLength(1);
    }
  });

  it('with a sample as large as the population always takes its best', async () => {
    const { trials } = await run(agingEvolution({ population: 10, sample: 10 }), 60);
    for (const { number, origin } of trials.slice(10)) {
      const living = Array.from({ length: 10 }, (_, index) => number - 10 + index);
      const best = living.reduce((a, b) => (lossOf(trials, b) < lossOf(trials, a) ? b : a));
      expect(origin.parents).toEqual([best]);
    }
  });

  it('with a sample of one takes any', async () => {
    const { trials } = await run(agingEvolution({ population: 10, sample: 1 }), 200);
    const places = trials.slice(10).map(({ number, origin }) => {
      const living = Array.from({ length: 10 }, (_, index) => number - 10 + index);
      const order = living.toSorted((a, b) => lossOf(trials, a) - lossOf(trials, b));
      return order.indexOf(origin.parents?.[0] ?? -1);
    });
    const mean = places.reduce((a, b) => a + b, 0) / places.length;
    expect(mean).toBeGreaterThan(3.5);
    expect(mean).toBeLessThan(5.5);
  });
});

describe('coordinate descent', () => {
  it('changes one group of the best, chosen by its size', async () => {
    const { trials } = await run(coordinateDescent({ initial: 5 }), 150);
    const groups = { model: 0, lr: 0 };
    for (const { number, origin, config } of trials.slice(5)) {
      const before = trials.slice(0, number);
      const best = before.reduce((a, b) => (lossOf(trials, b.number) < lossOf(trials, a.number) ? b : a));
      expect(origin.parents).toEqual([best.number]);
      const group = origin['group'] as keyof typeof groups;
      groups[group] += 1;
      for (const path of differences(domain, config, best.config)) expect(path.startsWith(group)).toBe(true);
    }
    expect(groups.model).toBeGreaterThan(2 * groups.lr);
  });

  it('takes groups of a name, and leaves others one by one', async () => {
    const { trials } = await run(coordinateDescent({ groups: { shape: ['model.depth', 'model.width'] } }), 100);
    const names = new Set(trials.slice(10).map(({ origin }) => origin['group']));
    expect(names).toEqual(new Set(['shape', 'model.kind', 'lr']));
  });
});

describe('beam', () => {
  it('searches around the best few, and never tries a config twice', async () => {
    const { trials } = await run(beam({ width: 4, initial: 8 }), 80);
    for (const { number, origin } of trials.slice(8)) {
      const order = trials.slice(0, number).toSorted((a, b) => lossOf(trials, a.number) - lossOf(trials, b.number));
      const best = order.slice(0, 4).map((trial) => trial.number);
      expect(best).toContain(origin.parents?.[0]);
    }
    expect(new Set(trials.map(({ config }) => domain.key(config))).size).toBe(80);
  });
});

describe('grow', () => {
  it('begins with the smallest, grows by one, and tells what changed against whom it inherits from', async () => {
    const blocks = space({ blocks: int(1, 5), lr: float(0, 1) });
    const study = await studyOf(blocks, grow({ initial: 4 }), 2);
    await study.run(({ config }) => 5 - config.blocks + config.lr, { stop: [maxTrials(80)] });
    const { trials } = study;
    expect(trials.slice(0, 4).every(({ config }) => config.blocks === 1)).toBe(true);
    for (const { config, origin, inherits } of trials.slice(4)) {
      const parent = trials[inherits ?? -1]?.config;
      expect(origin.parents).toEqual([inherits]);
      const { type, changes } = origin['transform'] as {
        type: string;
        changes: { path: string; from: number; to: number }[];
      };
      expect(changes.map(({ path }) => path)).toEqual(differences(blocks, config, parent ?? {}));
      if (type === 'grow') expect(config.blocks - (parent?.blocks ?? 0)).toBeGreaterThanOrEqual(1);
    }
    expect(study.best?.config.blocks).toBe(5);
  });

  it('grows lists by an item', async () => {
    const layers = space({ layers: list({ units: int(1, 8) }, { min: 1, max: 5 }) });
    const study = await studyOf(layers, grow({ initial: 3 }), 1);
    await study.run(({ config }) => -config.layers.reduce((sum, { units }) => sum + units, 0), {
      stop: [maxTrials(80)],
    });
    expect(study.trials.slice(0, 3).every(({ config }) => config.layers.length === 1)).toBe(true);
    expect(study.trials.some(({ origin }) => origin.operator === 'grow')).toBe(true);
    expect(study.best?.config.layers.length).toBe(5);
  });
});

describe('options', () => {
  it('that search nothing are refused', () => {
    expect(() => agingEvolution({ sample: 0 })).toThrow('aging-evolution: sample is 0: give a whole number from 1');
    expect(() => beam({ strides: [] })).toThrow('beam: strides is []: give a list of parts of the range, from 0 to 1');
    expect(() => coordinateDescent({ initial: 0 })).toThrow(
      'coordinate-descent: initial is 0: give a whole number from 1',
    );
    expect(() => grow({ width: 0 })).toThrow('grow: width is 0: give a whole number from 1');
  });
});
