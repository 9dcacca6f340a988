import { describe, expect, it } from 'vitest';
import {
  choice,
  graph,
  int,
  list,
  permutation,
  RandomStream,
  space,
  SpaceError,
  spaceFromJson,
} from '../../src/index.ts';

const json = (root: unknown): unknown => ({ format: 'espalier-space', version: 1, root });
const group = (fields: unknown): unknown => ({ kind: 'group', fields });
const leaf = { kind: 'int', low: 0, high: 1, step: 1, log: false };

/** A group in a group, so many of them. */
function nested(levels: number): unknown {
  let node: unknown = leaf;
  for (let level = 0; level < levels; level += 1) node = group({ a: node });
  return node;
}

describe('a space that would take for ever to search is refused', () => {
  it.each([
    ['a list of 4e9 items', json(group({ x: { kind: 'list', item: leaf, min: 0, max: 4e9 } }))],
    ['a list of 4e9 empty groups', json(group({ x: { kind: 'list', item: group({}), min: 0, max: 4e9 } }))],
    [
      'a list of lists that has too many items together',
      json(group({ x: { kind: 'list', min: 1, max: 1000, item: { kind: 'list', item: leaf, min: 1, max: 1000 } } })),
    ],
    [
      'a graph of many nodes that read many others',
      json(group({ x: { kind: 'graph', node: group({}), min: 1, max: 60_000, inputs: 4e9, chain: false } })),
    ],
    ['a nesting of 8,000', json(nested(8000))],
    [
      'a kind of 8,000 levels',
      json(group({ x: { kind: JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown } })),
    ],
    ['null where an object belongs', json(group({ x: null }))],
    ['a kind that every object has', json(group({ x: { kind: 'constructor' } }))],
  ])('%s', (_, given) => {
    expect(() => spaceFromJson(given)).toThrow(SpaceError);
  });

  it('when it is made, at the line that makes it', () => {
    expect(() => list(int(0, 1), { max: 4e9 })).toThrow('list: its length is up to 4000000000: it may be 100000');
    const long = list(int(0, 1), { max: 1000 });
    expect(() => space({ x: list(long, { max: 1000 }) })).toThrow('lower the lengths of lists');
    expect(() => graph({}, { max: 60_000, inputs: 3 })).toThrow('lower inputs');
  });
});

it('a graph has as many sets of sources as ever, at the limit too', () => {
  expect(() => graph({}, { max: 44, inputs: 2 })).not.toThrow();
  expect(() => graph({}, { max: 46, inputs: 2 })).toThrow('more than 1024 sets');
  expect(() => graph({}, { max: 46, inputs: 2, chain: true })).not.toThrow();
  expect(space({ g: graph({}, { min: 3, max: 3, inputs: 2 }) }).size).toBe(1 * 3 * 6);
});

it('a choice or permutation of 40,000 values is made and read at once', () => {
  const values = Array.from({ length: 40_000 }, (_, index) => index);
  const many = space({ c: choice(values), p: permutation(40_000) });
  expect(many.contains({ c: 39_999, p: values })).toBe(true);
  expect(() => choice([...values, 7])).toThrow('7 occurs twice');
});

it('parameters may be called what every object has by birth', () => {
  const before = space({ constructor: int(0, 1), toString: choice({ valueOf: {}, b: {} }) });
  const after = space({ constructor: int(0, 2), toString: choice({ valueOf: {}, b: {}, hasOwnProperty: {} }) });
  const config = before.sample(new RandomStream(1, 0));
  expect(before.contains(config)).toBe(true);
  expect(after.contains(config)).toBe(true);
  expect(after.changesSince(before).every(({ compatible }) => compatible)).toBe(true);
  const other = space({ x: int(0, 1) });
  expect(other.changesSince(before).map(({ path, change }) => `${path} ${change}`)).toEqual([
    'constructor removed',
    'toString removed',
    'x added',
  ]);
  expect(before.issues({ constructor: 0, toString: { type: 'constructor' } })).toHaveLength(1);
});

it('what is wrong with a config is said in a message of bounded length', () => {
  const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`k${index}`, 1]));
  const { length } = String(
    (() => {
      try {
        space({ x: int(0, 1) }).flatten(many);
      } catch (error) {
        return error;
      }
      return '';
    })(),
  );
  expect(length).toBeGreaterThan(100);
  expect(length).toBeLessThan(5000);
});
