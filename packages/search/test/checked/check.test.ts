import fc from 'fast-check';
import { expect, it } from 'vitest';
import { every, fields, json, list, orNull, record, tagged, text, whole, word } from '../../src/checked/check.ts';
import { quote } from '../../src/checked/quote.ts';

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

it('a value is quoted as JSON, and in a few lines however large and deep it is', () => {
  expect(quote({ a: [1, 'b', null], c: true })).toBe('{"a":[1,"b",null],"c":true}');
  expect(quote(Number.NaN)).toBe('NaN');
  expect(quote(undefined)).toBe('undefined');
  expect(quote(nested(5000))).toBe('[[[[…]]]]');
  fc.assert(fc.property(fc.anything(), (value) => quote(value).length < 100_000));
  expect(quote(Array.from({ length: 40_000 }, (_, index) => index))).toBe('[0,1,2,3,4,5,6,7,…]');
  expect(quote('x'.repeat(1000)).length).toBeLessThan(80);
});

it('what is wrong is said with its place', () => {
  const check = fields({ name: text(5), parts: list(record(whole(1, 9))) }, { kind: orNull(word('a', 'b')) });
  expect(check({ name: 'x', parts: [{ a: 1 }, { b: 9 }] })).toBeUndefined();
  expect(check({ name: 'x', parts: [], kind: null })).toBeUndefined();
  expect(check({ name: 'x', parts: [{}, { b: 10 }] })).toBe('.parts[1].b is 10: it must be a whole number from 1 to 9');
  expect(check({ name: 'x', parts: [], kind: 'constructor' })).toBe('.kind is "constructor": it must be one of a, b');
  expect(check({ name: 'too long', parts: [] })).toContain('.name is "too long": it must be a text of up to 5');
  expect(check({ parts: [] })).toContain('.name is undefined');
  expect(check(null)).toBe('is null: it must be an object');
  expect(check([])).toBe('is []: it must be an object');
});

it('the kind of a tagged object is one of those there are, not what every object has', () => {
  const check = tagged('type', new Map([['a', fields({ n: whole() })]]));
  expect(check({ type: 'a', n: 0 })).toBeUndefined();
  expect(check({ type: 'constructor' })).toContain('.type is "constructor": it must be one of a');
  expect(check({ type: 'a', n: 0.5 })).toContain('.n is 0.5');
});

it('more parts than a value may have, and more levels, are refused', () => {
  expect(list(whole(), 2)([1, 2, 3])).toBe('has 3 items: it may have 2');
  expect(record(whole(), 1)({ a: 1, b: 2 })).toBe('has 2 names: it may have 1');
  expect(record(whole())({ ['x'.repeat(1001)]: 1 })).toContain('has a name of 1001 characters');
  expect(json(3)(nested(3))).toBeUndefined();
  expect(json(3)(nested(4))).toBe('is nested deeper than 3 levels');
  expect(every(whole(), whole(5))(3)).toContain('from 5');
});
