import {
  choice,
  createStudy,
  defineByRun,
  editSequence,
  float,
  genetic,
  graph,
  graphOutputs,
  int,
  list,
  maxTrials,
  permutation,
  RandomStream,
  space,
  SpaceError,
  spaceFromJson,
  type Draw,
} from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { anySpace, seed } from '../helpers/arbitraries.ts';

const block = choice({ conv: { kernel: choice([3, 5]) }, pool: {} });
const cells = space({ cell: graph(block, { min: 2, max: 4 }) });
const chains = space({ cell: graph(block, { min: 1, max: 4, inputs: 3, chain: true }) });

describe('lists', () => {
  const layers = space({ layers: list({ units: int(8, 64) }, { min: 0, max: 3 }) });

  test('are arrays of their items in a config', () => {
    expectTypeOf(layers.sample(new RandomStream(1, 1))).toExtend<{ layers: readonly { units: number }[] }>();
    expect(layers.contains({ layers: [] })).toBe(true);
    expect(layers.contains({ layers: [{ units: 8 }, { units: 9 }] })).toBe(true);
    expect(layers.issues({ layers: [{ units: 8 }, { units: 7 }] })[0]?.path).toBe('layers[1].units');
    expect(layers.issues({ layers: [{}, {}, {}, {}] })[0]?.message).toMatch(
      /has 4 items: it must be a list of 0 to 3/u,
    );
    expect(layers.issues({ layers: 'no' })[0]?.message).toMatch(/is "no"/u);
  });

  test('have a length and each item’s parameters', () => {
    const flat = layers.flatten({ layers: [{ units: 8 }, { units: 9 }] });
    expect([...flat].map(([path, { value }]) => [path, value])).toEqual([
      ['layers.length', 2],
      ['layers[0].units', 8],
      ['layers[1].units', 9],
    ]);
    expect(layers.size).toBe(1 + 57 + 57 ** 2 + 57 ** 3);
  });

  test('may grow in a study that goes on', () => {
    const longer = space({ layers: list({ units: int(8, 64) }, { min: 0, max: 5 }) });
    expect(longer.changesSince(layers)).toEqual([
      { path: 'layers.length', change: 'changed', before: 'length 0 to 3', after: 'length 0 to 5', compatible: true },
    ]);
    expect(layers.changesSince(longer)[0]?.compatible).toBe(false);
  });

  test.each([
    [() => list(int(0, 1), { min: 2, max: 1 }), /its length is 2 to 1/u],
    [() => list(int(0, 1), { max: 1.5 }), /whole numbers/u],
  ])('refuse what makes no list: %#', (make, words) => expect(make).toThrow(words));
});

describe('permutations', () => {
  test('are each of the values once', () => {
    const order = space({ order: permutation(['a', 'b', 'c']) });
    expectTypeOf(order.at(0)).toExtend<{ order: readonly ('a' | 'b' | 'c')[] }>();
    const all = Array.from({ length: order.size }, (_, index) => order.at(index).order.join(''));
    expect(all.toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    expect(order.issues({ order: ['a', 'a', 'b'] })[0]?.message).toMatch(/each of "a", "b", "c" once/u);
    expect(order.contains({ order: ['a', 'b'] })).toBe(false);
    expect(space({ order: permutation(3) }).at(0)).toEqual({ order: [0, 1, 2] });
  });

  test('refuse the same value twice', () => expect(() => permutation(['a', 'a'])).toThrow(SpaceError));
});

describe('graphs', () => {
  test('are nodes that read what is before them', () => {
    type Step = ({ type: 'conv'; kernel: 3 | 5 } | { type: 'pool' }) & { readonly from: readonly number[] };
    expectTypeOf(cells.at(0).cell[0]).toExtend<Step | undefined>();
    const config = {
      cell: [
        { type: 'conv', kernel: 3, from: [0] },
        { type: 'pool', from: [0, 1] },
      ],
    };
    expect(cells.contains(config)).toBe(true);
    expect([...cells.flatten(config)].map(([path, { value }]) => [path, value])).toEqual([
      ['cell.length', 2],
      ['cell[0]', 'conv'],
      ['cell[0].conv.kernel', 3],
      ['cell[0].from', '0'],
      ['cell[1]', 'pool'],
      ['cell[1].from', '0+1'],
    ]);
    for (const from of [[], [2], [1, 0], [0, 0], 'x', [-1]]) {
      const bad = {
        cell: [
          { type: 'pool', from: [0] },
          { type: 'pool', from },
        ],
      };
      expect(cells.issues(bad)[0]?.path).toBe('cell[1].from');
    }
  });

  test('number as many as the sets of sources allow', () => {
    // 3 kinds of node; sets of one or two of 1, 2, 3 and 4 sources: 1, 3, 6, 10.
    expect(cells.size).toBe(3 ** 2 * 3 + 3 ** 3 * 3 * 6 + 3 ** 4 * 3 * 6 * 10);
    const keys = Array.from({ length: cells.size }, (_, index) => cells.key(cells.at(index)));
    expect(new Set(keys).size).toBe(cells.size);
  });

  test('in a chain each node reads the one before it', () => {
    fc.assert(
      fc.property(seed, (number) => {
        const { cell } = chains.sample(new RandomStream(number, 0));
        for (const [place, { from }] of cell.entries()) expect(from).toContain(place);
        expect(graphOutputs(cell)).toEqual([cell.length]);
      }),
    );
  });

  test('put out what no node reads', () => {
    expect(graphOutputs([{ from: [0] }, { from: [0] }, { from: [1] }])).toEqual([2, 3]);
  });

  test('come back from JSON, and refuse what makes no graph', () => {
    expect(spaceFromJson(JSON.parse(JSON.stringify(chains))).toString()).toBe(chains.toString());
    expect(() => graph({ from: int(0, 1) }, { max: 2 })).toThrow(/cannot have a parameter 'from'/u);
    expect(() => graph({}, { max: 2, inputs: 0 })).toThrow(/up to 0 sources/u);
    expect(() => graph({}, { max: 40, inputs: 8 })).toThrow(/lower inputs/u);
  });

  test('are searched by the genetic strategy', async () => {
    const study = await createStudy({
      name: 'cell',
      space: cells,
      objectives: ['maximize convolutions'],
      strategy: genetic({ population: 10 }),
    });
    const { best } = await study.run(
      ({ config: { cell } }) => cell.filter((step) => step.type === 'conv' && step.kernel === 5).length,
      { stop: [maxTrials(120)] },
    );
    expect(best?.metrics['convolutions']).toBe(4);
  });
});

describe('editSequence', () => {
  test('changes a config and keeps it in its space', () => {
    fc.assert(
      fc.property(anySpace, seed, (search, number) => {
        const random = new RandomStream(number, 0);
        const config = search.sample(random);
        const edited = editSequence(search, config, random.at('edit'));
        if (edited === undefined) return;
        expect(search.contains(edited)).toBe(true);
        expect(search.key(edited)).not.toBe(search.key(config));
      }),
    );
  });

  test('reaches every length, and keeps the items behind an edit', () => {
    const search = space({ items: list(int(0, 999), { min: 1, max: 5 }) });
    const start = { items: [100, 200, 300] };
    const found = Array.from({ length: 60 }, (_, number) => editSequence(search, start, new RandomStream(number, 1)));
    const lengths = new Set(found.map((config) => config?.items.length));
    expect(lengths).toEqual(new Set([2, 3, 4]));
    for (const config of found) {
      const kept = start.items.filter((item) => config?.items.includes(item));
      expect(kept.length).toBeGreaterThanOrEqual(2);
    }
  });

  test('is undefined where there is nothing to edit', () => {
    expect(editSequence(space({ x: int(0, 9) }), { x: 1 }, new RandomStream(1, 1))).toBeUndefined();
  });
});

describe('define by run', () => {
  const defined = defineByRun((trial) => {
    const optimizer = trial.choice('optimizer', ['sgd', 'adam']);
    const layers = trial.int('layers', 1, 3);
    return {
      lr: trial.float('lr', 1e-4, 1e-1, { log: true }),
      ...(optimizer === 'sgd'
        ? { momentum: trial.float('momentum', 0, 0.99) }
        : { beta: trial.float('beta', 0.9, 0.999) }),
      units: Array.from({ length: layers }, (_, index) => trial.int(`units ${index}`, 8, 64)),
    };
  });

  test('lowers to the tree that is written by hand', () => {
    const unit = int(8, 64);
    const byHand = space({
      optimizer: choice({ sgd: { momentum: float(0, 0.99) }, adam: { beta: float(0.9, 0.999) } }),
      layers: choice({ '1': {}, '2': { 'units 1': unit }, '3': { 'units 1': unit, 'units 2': unit } }),
      lr: float(1e-4, 1e-1, { log: true }),
      'units 0': unit,
    });
    expect(defined.space.changesSince(byHand)).toEqual([]);
    expect(byHand.changesSince(defined.space)).toEqual([]);
  });

  test('makes of a config what the function makes of its values', () => {
    fc.assert(
      fc.property(seed, (number) => {
        const config = defined.space.sample(new RandomStream(number, 0));
        const made = defined.make(config);
        const { layers, optimizer } = config as unknown as Record<'layers' | 'optimizer', { readonly type: string }>;
        expect(made.units).toHaveLength(Number(layers.type));
        expect('momentum' in made).toBe(optimizer.type === 'sgd');
        expect(made.lr).toBe(config['lr']);
      }),
    );
  });

  test('values keep their types', () => {
    const wide = defineByRun((trial) => trial.choice('wide', [true, false]));
    expect(wide.space.size).toBe(2);
    expect(wide.make({ wide: true })).toBe(true);
  });

  test('a name drawn twice, or a combination that no single value brings, is said so', () => {
    expect(() => defineByRun((trial) => [trial.int('x', 0, 1), trial.int('x', 0, 1)])).toThrow(/drawn twice/u);
    const unseen = (trial: Draw): unknown => {
      const [a, b] = [trial.int('a', 0, 1), trial.int('b', 0, 1)];
      return a + b === 2 ? trial.int('c', 0, 1) : 0;
    };
    expect(() => defineByRun(unseen)).toThrow(/c: it is drawn for a combination .* nest the draws/u);
    // The other way round it would be a parameter of the space that nothing reads.
    const phantom = (trial: Draw): unknown => {
      const [a, b] = [trial.choice('a', ['x', 'y']), trial.choice('b', ['y', 'z'])];
      return a === 'x' && b === 'z' ? trial.int('c', 0, 1) : 0;
    };
    expect(() => defineByRun(phantom)).toThrow(/c: it is drawn for a combination .* nest the draws/u);
  });

  test('names and values may hold what paths are joined by', () => {
    const dotted = defineByRun((trial) => {
      const drop = trial.choice('net.drop', [0.5, 0.1]);
      return { drop, scale: drop === 0.5 ? trial.float('net.scale [0]', 0, 1) : 0 };
    });
    for (let trial = 0; trial < 20; trial += 1) {
      const { drop, scale } = dotted.make(dotted.space.sample(new RandomStream(1, trial)));
      expect([0.5, 0.1]).toContain(drop);
      expect(scale > 0).toBe(drop === 0.5);
    }
  });
});
