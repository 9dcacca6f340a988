// Options come from storages, recipes and JavaScript: whatever they are, they work or are refused by name.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  earlyStoppingNamed,
  earlyStoppingNames,
  strategyNamed,
  strategyNames,
  ValueError,
  type JsonObject,
} from '../../src/index.ts';

/** What no number and no text can be made of, as JSON can hold it. */
const withoutPrimitive = { toString: 1, valueOf: 1 };

const anyValue = fc.oneof(
  fc.constantFrom<unknown>(null, '', '1', 'abc', true, [], [[]], ['a'], [null], {}, withoutPrimitive, [
    withoutPrimitive,
  ]),
  fc.jsonValue({ maxDepth: 2 }),
);

const kinds: readonly (readonly [
  string,
  readonly string[],
  (name: string, options?: JsonObject) => { options: JsonObject },
])[] = [
  ['strategy', strategyNames, strategyNamed],
  ['early stopping', earlyStoppingNames, earlyStoppingNamed],
];

describe.each(kinds)('%s', (_, names, make) => {
  test.each(names)('%s', (name) => {
    const known = Object.keys(make(name).options);
    if (known.length === 0) return;
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...known), anyValue, { minKeys: 1 }), (options) => {
        try {
          make(name, options as JsonObject);
        } catch (error) {
          expect(error).toBeInstanceOf(ValueError);
        }
      }),
    );
  });

  test.each(names)('%s refuses what is of another kind than it should be', (name) => {
    for (const [option, value] of Object.entries(make(name).options))
      if (typeof value === 'number') {
        expect(() => make(name, { [option]: String(value) })).toThrow(`${name}: ${option} is '${String(value)}'`);
        expect(() => make(name, { [option]: [value] })).toThrow(`${name}: ${option} is `);
      }
  });
});
