import {
  ConfigError,
  RandomStream,
  SpaceError,
  choice,
  crossover,
  float,
  int,
  mutate,
  neighbours,
  space,
  spaceFromJson,
  type ParameterValue,
  type Space,
} from '@espalier/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySpace, finiteSpace, seed } from '../helpers/arbitraries.ts';

const values = (domain: Space, config: unknown): ReadonlyMap<string, ParameterValue> =>
  new Map([...domain.flatten(config)].map(([path, { value }]) => [path, value]));

const example = space({
  blocks: int(1, 4),
  optimizer: choice({ sgd: { momentum: float(0, 0.99) }, adamw: { beta2: float(0.9, 0.9999) }, none: {} }),
  data: { batch: choice([16, 32]), flip: choice([true, false]) },
});

describe('any space', () => {
  it('contains its samples, which are frozen and made again by the same stream', () => {
    fc.assert(
      fc.property(anySpace, seed, (domain, from) => {
        const config = domain.sample(new RandomStream(from, 0));
        expect(domain.issues(config)).toEqual([]);
        expect(Object.isFrozen(config)).toBe(true);
        expect(domain.sample(new RandomStream(from, 0))).toEqual(config);
      }),
    );
  });

  it('comes back from JSON the same, and so do its configs', () => {
    fc.assert(
      fc.property(anySpace, seed, (domain, from) => {
        const back = spaceFromJson(JSON.parse(JSON.stringify(domain)));
        expect(JSON.stringify(back)).toBe(JSON.stringify(domain));
        expect(back.changesSince(domain)).toEqual([]);
        const config = domain.sample(new RandomStream(from, 0));
        const read: unknown = JSON.parse(JSON.stringify(config));
        expect(read).toEqual(config);
        expect(back.key(back.normalize(read))).toBe(domain.key(config));
        expect(back.sample(new RandomStream(from, 0))).toEqual(config);
      }),
    );
  });

  it('flattens a config to paths from which it can be built again', () => {
    fc.assert(
      fc.property(anySpace, seed, (domain, from) => {
        const config = domain.sample(new RandomStream(from, 1));
        const flat = domain.flatten(config);
        expect(domain.build((path) => flat.get(path)?.value ?? null)).toEqual(config);
        const known = domain.parameters();
        for (const [path, { parameter }] of flat) expect(known.get(path)).toEqual(parameter);
      }),
    );
  });

  it('has neighbours inside it that differ in one parameter', () => {
    const stride = fc.constantFrom(0, 0.01, 0.1, 0.5);
    fc.assert(
      fc.property(anySpace, seed, stride, (domain, from, by) => {
        const config = domain.sample(new RandomStream(from, 0));
        const before = values(domain, config);
        const found = neighbours(domain, config, by);
        for (const { config: near, path } of found) {
          expect(domain.contains(near)).toBe(true);
          const after = values(domain, near);
          const changed = [...before].filter(([at, value]) => after.has(at) && after.get(at) !== value);
          expect(changed.map(([at]) => at)).toEqual([path]);
        }
        const keys = found.map((neighbour) => domain.key(neighbour.config));
        expect(new Set([...keys, domain.key(config)]).size).toBe(keys.length + 1);
      }),
    );
  });

  it('has none at stride 0 where a continuous number does not come back from its position exactly', () => {
    const log = space({ g: float(0.104498250151665, 1.9549083992699168, { log: true }) });
    for (let trial = 0; trial < 200; trial += 1) {
      expect(neighbours(log, log.sample(new RandomStream(224909470, trial)), 0)).toEqual([]);
    }
  });

  it('is closed under mutation and crossover', () => {
    fc.assert(
      fc.property(anySpace, seed, fc.double({ min: 0, max: 1, noNaN: true }), (domain, from, probability) => {
        const [a, b] = [domain.sample(new RandomStream(from, 0)), domain.sample(new RandomStream(from, 1))];
        expect(domain.issues(mutate(domain, a, new RandomStream(from, 2), { probability }))).toEqual([]);
        const child = crossover(domain, a, b, new RandomStream(from, 3), probability);
        expect(domain.issues(child)).toEqual([]);
        const [fromA, fromB] = [values(domain, a), values(domain, b)];
        for (const [path, value] of values(domain, child)) {
          expect([fromA.get(path), fromB.get(path)]).toContain(value);
        }
      }),
    );
  });

  it('finds something wrong with a config that lost or gained a name', () => {
    fc.assert(
      fc.property(anySpace, seed, (domain, from) => {
        const config = domain.sample(new RandomStream(from, 0));
        const [first = ''] = Object.keys(config);
        const { [first]: _, ...less } = config;
        expect(domain.contains(less)).toBe(false);
        expect(domain.contains({ ...config, 'not-there-at-all': 1 })).toBe(false);
        expect(domain.contains(null)).toBe(false);
      }),
    );
  });
});

describe('a finite space', () => {
  it('has as many configs as its size says, each with one index', () => {
    fc.assert(
      fc.property(
        finiteSpace.filter(({ size }) => size <= 500),
        (domain) => {
          const keys = Array.from({ length: domain.size }, (_, index) => domain.key(domain.at(index)));
          expect(new Set(keys).size).toBe(domain.size);
        },
      ),
    );
  });

  it('is connected by the smallest moves', () => {
    const domain = space({
      depth: int(1, 3),
      rate: float(0, 1, { step: 0.5 }),
      kind: choice({ plain: {}, wide: { width: choice([8, 16]) } }),
    });
    const reached = new Map([[domain.key(domain.at(0)), domain.at(0)]]);
    for (const config of reached.values()) {
      for (const { config: near } of neighbours(domain, config, 0)) reached.set(domain.key(near), near);
    }
    expect(domain.size).toBe(27);
    expect(reached.size).toBe(27);
  });

  it('refuses an index outside it', () => {
    const domain = space({ x: int(0, 3) });
    expect(() => domain.at(4)).toThrow('at: the index is 4: give a whole number from 0 to 3');
    expect(() => domain.at(0.5)).toThrow(RangeError);
  });
});

describe('mutation', () => {
  it('changes a parameter even with probability 0', () => {
    const domain = space({ a: int(0, 1), b: choice(['x', 'y']) });
    for (let trial = 0; trial < 50; trial += 1) {
      const config = domain.at(trial % 4);
      const mutant = mutate(domain, config, new RandomStream(1, trial), { probability: 0 });
      expect(domain.key(mutant)).not.toBe(domain.key(config));
    }
  });
});

describe('the key', () => {
  it('does not depend on the order of names', () => {
    const domain = space({ a: int(0, 9), b: int(0, 9) });
    expect(domain.key({ b: 2, a: 1 })).toBe(domain.key({ a: 1, b: 2 }));
    expect(domain.key({ a: 2, b: 1 })).not.toBe(domain.key({ a: 1, b: 2 }));
  });
});

describe('errors of a config', () => {
  const good = { blocks: 2, optimizer: { type: 'none' }, data: { batch: 16, flip: true } };
  it.each([
    [{ ...good, blocks: 9 }, 'blocks is 9: it must be a whole number from 1 to 4'],
    [{ ...good, blocks: 1.5 }, 'blocks is 1.5: it must be a whole number from 1 to 4'],
    [{ ...good, data: { batch: 8, flip: true } }, 'data.batch is 8: it must be one of 16, 32'],
    [{ ...good, data: { batch: 16 } }, 'data.flip is missing: give choice([true, false])'],
    [
      { ...good, optimizer: 'sgd' },
      `optimizer is "sgd": it must be an object whose type is one of 'sgd', 'adamw', 'none'`,
    ],
    [{ ...good, optimizer: { type: 'lion' } }, `optimizer has type "lion": it must be one of 'sgd', 'adamw', 'none'`],
    [
      { ...good, optimizer: { type: 'none', momentum: 0.5 } },
      'optimizer.none.momentum is not in the space: leave it out (here are no parameters)',
    ],
    [7, 'config is 7: it must be an object'],
  ])('%j', (config, message) => {
    expect(example.issues(config).map((issue) => issue.message)).toEqual([message]);
    expect(() => example.flatten(config)).toThrow(ConfigError);
  });

  it('are told all at once', () => {
    expect(example.issues({ blocks: 0 })).toHaveLength(3);
  });

  it('but for names that are not in the space, of which the first are told and the rest counted', () => {
    const others = Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`k${index}`, index]));
    const issues = example.issues({ ...good, ...others });
    expect(issues).toHaveLength(21);
    expect(issues.at(0)?.message).toMatch(/^k0 is not in the space/);
    expect(issues.at(-1)?.message).toBe('config has 39980 more names that are not in the space');
  });
});

describe('errors of a definition', () => {
  it.each([
    [() => int(3, 1), 'int: the range is 3 to 1: give the smaller number first'],
    [() => int(0, 1.5), 'int: the range is 0 to 1.5 by 1: give whole numbers, or use float'],
    [() => int(0, 8, { log: true }), 'int: the range starts at 0 and has no logarithm with step 1: start above 0.5'],
    [() => float(0, 1, { log: true }), 'float: the range starts at 0 and has no logarithm: start above 0'],
    [() => float(0, Infinity), 'float: the range is 0 to Infinity: give two finite numbers'],
    [
      () => float(-1e308, 1e308),
      'float: the range is -1e+308 to 1e+308, which is wider than any number: give a narrower',
    ],
    [() => int(-(2 ** 53 - 1), 1), 'which is wider than any number: give a narrower one'],
    [() => float(0, 1, { step: 0 }), 'float: the step is 0: give a positive number'],
    [() => choice([]), 'choice: there are no values: give at least one'],
    [() => choice([1, 1]), 'choice: 1 occurs twice: give each value once'],
    [() => choice({}), 'choice: there are no values: give at least one'],
    [
      () => choice({ a: { type: int(0, 1) } }),
      "choice.a: a branch cannot have a parameter 'type', which names the branch: rename it",
    ],
    [
      () => space({ 'a.b': int(0, 1) }),
      "config: 'a.b' cannot name a parameter: use a name without '.', '/', '[' or ']'",
    ],
  ])('%s', (define, message) => {
    expect(define).toThrow(SpaceError);
    expect(define).toThrow(message);
  });

  it('are found in JSON, with the path', () => {
    const broken = {
      ...example.toJSON(),
      root: { kind: 'group', fields: { lr: { kind: 'float', low: 'a', high: 1 } } },
    };
    expect(() => spaceFromJson(broken)).toThrow('lr: low is "a": it must be a number');
    expect(() => spaceFromJson({ ...example.toJSON(), version: 2 })).toThrow('its version is 2: this package reads 1');
    const odd = { ...example.toJSON(), root: { kind: 'group', fields: { a: { kind: 'set' } } } };
    expect(() => spaceFromJson(odd)).toThrow(
      'a: its kind is "set": it must be one of int, float, choice, group, branch',
    );
    expect(() => spaceFromJson({})).toThrow(SpaceError);
  });
});

describe('a space within a space', () => {
  it('is a group', () => {
    const inner = space({ width: int(1, 2) });
    const outer = space({ model: inner, seed: int(0, 1) });
    expect(outer.at(0)).toEqual({ model: { width: 1 }, seed: 0 });
    expect(outer.size).toBe(4);
  });
});
