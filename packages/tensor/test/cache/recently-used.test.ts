import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentlyUsed } from '../../src/cache/recently-used.ts';

test('what goes is what was not asked for the longest time, and it is made anew', () => {
  const keys = fc.array(fc.integer({ min: 0, max: 9 }).map(String), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), keys, (most, asked) => {
      const gone: string[] = [];
      const cache = new RecentlyUsed<string>(most, (value) => gone.push(value));
      let expected: string[] = [];
      for (const key of asked) {
        let made = 0;
        expect(cache.find(key, () => `${key}${made++ ? '!' : ''}`)).toBe(key);
        expect(made).toBe(expected.includes(key) ? 0 : 1);
        expected = [...expected.filter((other) => other !== key), key];
        if (expected.length > most) expect(gone.pop()).toBe(expected.shift());
        expect([cache.size, gone]).toEqual([expected.length, []]);
      }
      cache.clear();
      expect([cache.size, gone]).toEqual([0, expected]);
    }),
  );
});

test('a value that cannot be made leaves the cache as it was', () => {
  const cache = new RecentlyUsed<number>(1);
  cache.find('a', () => 1);
  expect(() => cache.find('b', () => { throw new Error('no'); })).toThrow('no'); // prettier-ignore
  expect([cache.size, cache.find('a', () => 2)]).toEqual([1, 1]);
});
